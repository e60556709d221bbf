const people = ['ada', 'bo', 'chen', 'dai', 'eve', 'fan', 'gil', 'hua', 'ida', 'jun', 'kai', 'lan'];
const regions = ['cn-shenzhen', 'cn-beijing', 'eu-berlin'];

/** The pause between two requests: light enough to go unnoticed beside other work. */
const everyMs = 150;

/** Sends requests of different users to the gateway, one after the other, until it is stopped. */
export function startTraffic(gateway: string): () => void {
  let sent = 0;
  let timer: NodeJS.Timeout;
  const next = async (): Promise<void> => {
    const headers = headersOf(sent);
    sent += 1;
    try {
      const response = await fetch(`${gateway}/checkout`, { headers, signal: AbortSignal.timeout(5000) });
      await response.arrayBuffer();
    } catch {
      // A shop that is broken on purpose goes on getting requests.
    }
    timer = setTimeout(() => void next(), everyMs).unref();
  };
  timer = setTimeout(() => void next(), everyMs).unref();
  return () => clearTimeout(timer);
}

/** Every tenth request is one of the company itself, which the dye rule makes gray. */
function headersOf(sent: number): Record<string, string> {
  const person = people[sent % people.length] ?? '';
  return {
    'x-user-id': `${person}-${Math.floor(sent / people.length) % 50}`,
    'x-tenant-id': sent % 10 === 0 ? 'internal' : 'acme',
    'x-region': regions[sent % regions.length] ?? '',
  };
}

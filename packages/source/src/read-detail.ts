/** More than any problem of ours says; whoever answers with more is not a flag server. */
const maxCharacters = 10_000;

/** The `detail` of a refusal that is a problem (RFC 9457), without line breaks; undefined where it is none. Ends the response. */
export async function readDetail(response: Response): Promise<string | undefined> {
  if (!/^application\/problem\+json\b/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    return undefined;
  }
  try {
    const { detail } = JSON.parse(await readText(response)) as { detail?: unknown };
    return typeof detail === 'string' ? detail.replaceAll(/\s+/g, ' ').slice(0, 500) : undefined;
  } catch {
    // What it says can't be read: its status says enough.
    return undefined;
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of response.body ?? []) {
    text += decoder.decode(bytes, { stream: true });
    if (text.length > maxCharacters) break;
  }
  return text;
}

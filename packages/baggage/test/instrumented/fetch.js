import { baggageFetch } from '@graylane/baggage/fetch';
import { listenAll } from './receivers.js';

export async function clients(egress) {
  const to = await listenAll();
  const ours = baggageFetch({ egress: egress(to.friend.origin, to.away.origin) });
  const through = (send) => async (name, headers) => {
    await (await send(to[name].origin, { headers })).text();
  };
  const wrapped = through(ours);
  return { wrapped, redirected: () => wrapped('away'), bare: through(fetch), close: to.close };
}

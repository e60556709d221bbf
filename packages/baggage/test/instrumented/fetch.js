import { baggageFetch } from '@graylane/baggage/fetch';
import { listenAll } from './receivers.js';

export async function clients(egress, dye) {
  const to = await listenAll();
  const policy = egress(to.friend.origin, to.away.origin);
  const ours = baggageFetch({ egress: policy });
  const through = (send) => async (name, headers) => {
    await (await send(to[name].origin, { headers })).text();
  };
  const wrapped = through(ours);
  const bare = through(fetch);
  const more = {
    nested: () =>
      through(baggageFetch({ egress: policy, fetch: baggageFetch({ egress: egress() }) }))('friend'),
    redirected: () => wrapped('away'),
    'redirected, by hand': () => wrapped('away', { baggage: dye }),
    'redirected, bare': () => bare('away'),
    'handed on': () =>
      through(baggageFetch({ egress: policy, fetch: (...call) => fetch(...call) }))('away', { baggage: dye }),
  };
  return { wrapped, bare, more, close: to.close };
}

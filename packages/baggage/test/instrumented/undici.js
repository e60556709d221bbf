import { baggageInterceptor } from '@graylane/baggage/undici';
import { Agent, interceptors } from 'undici';
import { listenAll } from './receivers.js';

export async function clients(egress, dye) {
  const to = await listenAll();
  const agent = new Agent();
  const redirect = interceptors.redirect({ maxRedirections: 1 });
  const baggage = baggageInterceptor({ egress: egress(to.friend.origin, to.away.origin) });
  const through = (dispatcher) => async (name, headers) => {
    const { body } = await dispatcher.request({ origin: to[name].origin, path: '/', method: 'GET', headers });
    await body.text();
  };
  const deaf = baggageInterceptor({ egress: egress() });
  const wrapped = through(agent.compose(baggage, redirect));
  const inside = through(agent.compose(redirect, baggage));
  const more = {
    nested: () => through(agent.compose(deaf, baggage))('friend'),
    redirected: () => wrapped('away'),
    'redirected, by hand': () => wrapped('away', { baggage: dye }),
    'redirected, bare': () => through(agent.compose(redirect))('away'),
    unfollowed: () => inside('away'),
    'unfollowed, by hand': () => inside('away', { baggage: dye }),
  };
  return { wrapped, bare: through(agent), more, close: to.close };
}

import { baggageInterceptor } from '@graylane/baggage/undici';
import { Agent, interceptors } from 'undici';
import { listenAll } from './receivers.js';

export async function clients(egress) {
  const to = await listenAll();
  const agent = new Agent();
  const redirect = interceptors.redirect({ maxRedirections: 1 });
  const baggage = baggageInterceptor({ egress: egress(to.friend.origin, to.away.origin) });
  const through = (dispatcher) => async (name, headers) => {
    const { body } = await dispatcher.request({ origin: to[name].origin, path: '/', method: 'GET', headers });
    await body.text();
  };
  const wrapped = through(agent.compose(baggage, redirect));
  const inside = through(agent.compose(redirect, baggage));
  return {
    wrapped,
    redirected: () => wrapped('away'),
    unfollowed: () => inside('away'),
    bare: through(agent),
    close: to.close,
  };
}

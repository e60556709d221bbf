/**
 * Routes by the names that the source has for them. A running service has others: express serves
 * HEAD by the handler of GET, `app.all` is `*`, and a procedure has its package and the spelling of
 * the `.proto` file.
 */
export class CoveredRoutes {
  readonly #names: ReadonlySet<string>;

  constructor(names: Iterable<string>) {
    this.#names = new Set(Array.from(names, nameInSource));
  }

  /** Whether an indicator covers a route that served traffic, e.g. `GET /orders/:id`. */
  has(route: string): boolean {
    if (this.#names.has(nameInSource(route))) return true;
    const [method = '', path] = route.split(' ');
    if (path === undefined) return false;
    return this.#names.has(`* ${path}`) || (method === 'HEAD' && this.#names.has(`GET ${path}`));
  }
}

/** `Payments/charge` of `shop.Payments/Charge` and of `PaymentsService/charge`; others stay. */
function nameInSource(route: string): string {
  const parts = /^(?:[\w.]+\.)?(\w+)\/(\w+)$/.exec(route);
  if (parts === null) return route;
  const [, service = '', method = ''] = parts;
  return `${service.replace(/(?:Service)+$/, '')}/${method.charAt(0).toLowerCase()}${method.slice(1)}`;
}

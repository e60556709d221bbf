/**
 * A client with some methods replaced and everything else its own. The other methods run on the
 * client itself: classes with private fields don't accept a stand-in as `this`.
 */
export function overrideMethods<Client extends object>(client: Client, methods: Partial<Client>): Client {
  return new Proxy(client, {
    get: (target, key) => {
      if (Object.hasOwn(methods, key)) return Reflect.get(methods, key);
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value, target),
  });
}

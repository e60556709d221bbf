/** Stands for `node:events` outside of Node, where no value is an emitter of Node. */
export const EventEmitter: { [Symbol.hasInstance](value: unknown): boolean } = {
  [Symbol.hasInstance]: () => false,
};

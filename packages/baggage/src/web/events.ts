/** Stands for `node:events` outside of Node, where no value is an emitter of Node. */
export class EventEmitter {}

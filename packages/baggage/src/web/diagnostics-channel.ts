/**
 * Stands for `node:diagnostics_channel` outside of Node, where undici does not report its requests.
 */
export function subscribe(): void {}

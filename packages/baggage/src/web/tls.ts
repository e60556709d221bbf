/** Stands for `node:tls` outside of Node, where undici does not report its connections. */
export function checkServerIdentity(): undefined {}

/** Stands for `node:http` outside of Node, which has no agents. */
const http: { readonly globalAgent: undefined } = { globalAgent: undefined };

export default http;

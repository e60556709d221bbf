/** Stands for `node:process` where there is no Node. */
const process: {
  readonly versions: Record<string, string | undefined>;
  readonly env: Record<string, string | undefined>;
} = { versions: {}, env: {} };

export default process;

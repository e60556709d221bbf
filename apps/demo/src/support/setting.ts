/** A setting that a service cannot run without. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: start the shop with "npm start", which sets it`);
  return value;
}

/** A port from the environment. If the variable is not set: the fallback, or 0 for a free port. */
export function portSetting(name: string, fallback = 0): number {
  const value = process.env[name] || String(fallback);
  if (/^\d{1,5}$/.test(value) && Number(value) <= 65_535) return Number(value);
  throw new Error(`${name} is "${value}": set it to a port number from 0 to 65535`);
}

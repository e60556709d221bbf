/** A response of the admin API, with its body. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // The tests assert its type.
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Sends a request to the admin API of an environment, `default` where the path does not begin with
 * a slash.
 */
export function admin(url: string) {
  return async (
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: unknown; readonly headers?: Record<string, string> } = {},
  ): Promise<Answer> => {
    const below = path.startsWith('/') ? path : `/environments/default/${path}`;
    const response = await fetch(`${url}/api/v1${below}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: (text === '' ? {} : JSON.parse(text)) as Answer['body'],
    };
  };
}

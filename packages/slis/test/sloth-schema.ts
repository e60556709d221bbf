const name = { type: 'string', pattern: '^[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]$' };
const labels = {
  type: 'object',
  propertyNames: { pattern: '^(?!__name__$)[a-zA-Z_][a-zA-Z0-9_]*$' },
  additionalProperties: { type: 'string', minLength: 1 },
};
const query = { type: 'string', pattern: String.raw`\{\{ *\.window *\}\}` };

function object(required: readonly string[], properties: object): object {
  return { type: 'object', required, properties, additionalProperties: false };
}

const alert = object([], { disable: { type: 'boolean' }, labels, annotations: labels });

/**
 * A document of Sloth's `prometheus/v1`, as its API (pkg/prometheus/api/v1) and its validation
 * (pkg/common/validation) have it in v0.16.0. Sloth itself ignores members that it does not know.
 */
export const slothSchema: object = object(['version', 'service', 'slos'], {
  version: { const: 'prometheus/v1' },
  service: name,
  labels,
  slos: {
    type: 'array',
    minItems: 1,
    items: object(['name', 'objective', 'sli', 'alerting'], {
      name,
      description: { type: 'string' },
      objective: { type: 'number', exclusiveMinimum: 0, maximum: 100 },
      labels,
      sli: object(['events'], {
        events: object(['error_query', 'total_query'], { error_query: query, total_query: query }),
      }),
      alerting: object(['name'], {
        name: { type: 'string', minLength: 1 },
        labels,
        annotations: labels,
        page_alert: alert,
        ticket_alert: alert,
      }),
    }),
  },
});

const flagExample = {
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: { if: [{ '==': [{ var: 'tenant' }, 'internal'] }, 'on'] },
};

/** The admin API in OpenAPI 3.1, as `/api/v1/openapi.json` serves it. Written by hand, and held against the running server by its tests. */
export const openapi: Readonly<Record<string, unknown>> = {
  openapi: '3.1.0',
  info: {
    title: 'graylane admin API',
    version: '1',
    description:
      'Flags in flagd’s format, by environment. A write says what it replaces: If-Match to change or remove, If-None-Match: * to create. It is judged by what it changes, and becomes a revision with author and reason.',
    license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
  },
  servers: [{ url: '/' }],
  tags: [
    { name: 'environments', description: 'Sets of flags with a history of their own.' },
    { name: 'flags', description: 'Flags, one by one.' },
    { name: 'segments', description: 'Rules that flags share: flagd’s $evaluators, one by one.' },
    { name: 'history', description: 'Who changed what and why, and how to take it back.' },
    { name: 'meta', description: 'This document.' },
  ],
  paths: {
    '/api/v1/openapi.json': {
      get: {
        operationId: 'getOpenapi',
        tags: ['meta'],
        summary: 'This document',
        responses: { 200: { description: 'The document', content: json({ type: 'object' }) } },
      },
    },
    '/api/v1/environments': {
      get: {
        operationId: 'listEnvironments',
        tags: ['environments'],
        summary: 'The environments',
        responses: {
          200: {
            description: 'In alphabetical order; "default" is always among them',
            content: json(
              object({ environments: { type: 'array', items: ref('EnvironmentSummary') } }, 'environments'),
            ),
          },
        },
      },
    },
    '/api/v1/environments/{environment}': {
      parameters: [parameter('Environment')],
      get: {
        operationId: 'getEnvironment',
        tags: ['environments'],
        summary: 'All flags of an environment as a flagd document',
        responses: { 200: answer('The document', 'FlagDocument'), ...refusals(400, 404) },
      },
      put: {
        operationId: 'putEnvironment',
        tags: ['environments'],
        summary: 'Creates an environment, or replaces all its flags',
        parameters: [parameter('IfMatch'), parameter('IfNoneMatch'), parameter('Reason')],
        requestBody: body('FlagDocument'),
        responses: {
          200: answer('Replaced', 'FlagDocument'),
          201: answer('Created', 'FlagDocument'),
          ...refusals(400, 403, 409, 412, 413, 415, 428, 503, 507),
        },
      },
      delete: {
        operationId: 'deleteEnvironment',
        tags: ['environments'],
        summary: 'Removes an environment; its history is kept aside',
        parameters: [parameter('IfMatch'), parameter('Reason')],
        responses: {
          204: { description: 'Removed' },
          ...refusals(400, 403, 404, 409, 412, 428, 503, 507),
        },
      },
    },
    ...parts('flag', 'Flag', true),
    ...parts('segment', 'Segment', false),
    '/api/v1/environments/{environment}/history': {
      parameters: [parameter('Environment')],
      get: historyOf('environment', 'an environment'),
    },
    '/api/v1/environments/{environment}/history/{revision}': {
      parameters: [parameter('Environment'), parameter('Revision')],
      get: {
        operationId: 'getRevision',
        tags: ['history'],
        summary: 'One revision, with the parts it changed as a whole',
        responses: {
          200: {
            description: 'The revision',
            content: json({
              allOf: [
                ref('Revision'),
                object({ changes: { type: 'array', items: ref('Difference') } }, 'changes'),
              ],
            }),
          },
          ...refusals(400, 404),
        },
      },
    },
    '/api/v1/environments/{environment}/history/{revision}/undo': {
      parameters: [parameter('Environment'), parameter('Revision')],
      post: {
        operationId: 'undoRevision',
        tags: ['history'],
        summary: 'Takes back what one revision changed, by a new one',
        description: 'Refused with 409 where somebody has changed the same since; the problems say what.',
        parameters: [parameter('IfMatch'), parameter('Reason')],
        responses: {
          200: {
            description: 'The revision that takes it back',
            headers: { 'Graylane-Revision': { $ref: '#/components/headers/Revision' } },
            content: json(ref('Revision')),
          },
          ...refusals(400, 403, 404, 409, 412, 503, 507),
        },
      },
    },
    '/api/v1/environments/{environment}/preview': {
      parameters: [parameter('Environment')],
      post: {
        operationId: 'preview',
        tags: ['history'],
        summary: 'Who would change: evaluates contexts before and after a draft, and writes nothing',
        requestBody: body('Draft'),
        responses: {
          200: { description: 'What would change', content: json(ref('Preview')) },
          ...refusals(400, 404, 413, 415),
        },
      },
    },
    '/api/v1/environments/{environment}/stream': {
      parameters: [parameter('Environment')],
      get: {
        operationId: 'followEnvironment',
        tags: ['environments'],
        summary: 'The change stream: a snapshot or what was missed, then each change (server-sent events)',
        parameters: [
          {
            name: 'heartbeat',
            in: 'query',
            description: 'Seconds between signs of life',
            schema: { type: 'number', minimum: 1, maximum: 60, default: 15 },
          },
          {
            name: 'Last-Event-ID',
            in: 'header',
            description: 'The revision that the client has applied',
            schema: { type: 'string' },
          },
        ],
        responses: {
          200: {
            description: 'Events snapshot, current and delta',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          ...refusals(400, 404, 503),
        },
      },
    },
  },
  components: {
    parameters: {
      Environment: path('environment', 'The environment', 'default', '^[a-z0-9][a-z0-9_-]{0,62}$'),
      Flag: path('flag', 'The key of the flag', 'fees'),
      Segment: path('segment', 'The name of the segment', 'insider'),
      Revision: path('revision', 'A revision, as the history names it', '8a1cf24bd0e3.7'),
      IfMatch: header('If-Match', 'The ETag of what is changed or removed, or * for whatever is there', '*'),
      IfNoneMatch: header('If-None-Match', '* to create', undefined),
      Reason: header(
        'Graylane-Reason',
        'Why, in at most 1,000 characters of UTF-8, also percent-encoded',
        'payday',
      ),
      Limit: {
        name: 'limit',
        in: 'query',
        description: 'How many revisions',
        schema: { type: 'integer', minimum: 1, maximum: 200, default: 50 },
      },
      Before: {
        name: 'before',
        in: 'query',
        description: 'Only revisions older than this one: "next" of the page before',
        schema: { type: 'string', minLength: 1 },
      },
    },
    headers: {
      ETag: { description: 'The validator for If-Match', schema: { type: 'string' } },
      Revision: { description: 'The revision of the environment', schema: { type: 'string' } },
    },
    responses: {
      Problem: {
        description: 'Refused; "detail" says why and what helps, "problems" where (RFC 9457)',
        content: { 'application/problem+json': { schema: ref('Problem') } },
      },
    },
    schemas: {
      Problem: object(
        {
          type: { type: 'string' },
          title: { type: 'string' },
          status: { type: 'integer' },
          detail: { type: 'string' },
          problems: {
            type: 'array',
            items: object(
              { path: jsonPath(), message: { type: 'string' }, remedy: { type: 'string' } },
              'path',
              'message',
              'remedy',
            ),
          },
        },
        'type',
        'title',
        'status',
        'detail',
      ),
      EnvironmentSummary: object(
        {
          name: { type: 'string' },
          revision: { type: 'string' },
          flags: { type: 'integer', minimum: 0 },
          readOnly: { type: 'boolean' },
          degraded: { type: 'boolean', description: 'An edit by hand waits to be mended, or the disk fails' },
        },
        'name',
        'revision',
        'flags',
        'readOnly',
        'degraded',
      ),
      FlagDocument: {
        ...object(
          {
            flags: { type: 'object', additionalProperties: true },
            $evaluators: { type: 'object', additionalProperties: true },
            metadata: { type: 'object', additionalProperties: true },
          },
          'flags',
        ),
        examples: [{ flags: { fees: flagExample } }],
        externalDocs: { url: 'https://flagd.dev/reference/flag-definitions/' },
      },
      Flag: {
        ...object(
          {
            state: { enum: ['ENABLED', 'DISABLED'] },
            variants: { type: 'object', minProperties: 1 },
            defaultVariant: { type: ['string', 'null'] },
            targeting: { type: 'object' },
            metadata: {
              type: 'object',
              additionalProperties: { type: ['string', 'number', 'boolean'] },
            },
          },
          'state',
          'variants',
        ),
        examples: [flagExample],
        externalDocs: { url: 'https://flagd.dev/reference/flag-definitions/' },
      },
      Segment: {
        type: 'object',
        description: 'A rule: an operation, or an empty object for none',
        examples: [{ '==': [{ var: 'tenant' }, 'internal'] }],
      },
      Difference: {
        ...object({ path: jsonPath(), before: {}, after: {} }, 'path'),
        description: 'Without "before" it was added, without "after" removed',
      },
      Revision: object(
        {
          revision: { type: 'string' },
          at: { type: 'string', format: 'date-time' },
          author: { type: 'string' },
          reason: { type: 'string' },
          undoes: { type: 'string' },
          diff: { type: 'array', items: ref('Difference') },
        },
        'revision',
        'at',
        'author',
        'diff',
      ),
      History: object(
        {
          revisions: { type: 'array', items: ref('Revision') },
          next: { type: 'string', description: '"before" of the next page, if there is one' },
        },
        'revisions',
      ),
      Draft: {
        ...object(
          {
            contexts: { type: 'array', minItems: 1, maxItems: 1000, items: { type: 'object' } },
            document: ref('FlagDocument'),
            flags: { type: 'object', description: 'Flags to write; null removes' },
            segments: { type: 'object', description: 'Segments to write; null removes' },
          },
          'contexts',
        ),
        description: 'Evaluation contexts, and either a whole document or flags and segments',
        examples: [{ contexts: [{ tenant: 'internal' }], flags: { fees: flagExample } }],
      },
      Preview: object(
        {
          revision: { type: 'string' },
          contexts: { type: 'integer' },
          changed: { type: 'integer', description: 'How many contexts get another answer' },
          flags: { type: 'object', additionalProperties: { type: 'integer' } },
          changes: {
            type: 'array',
            items: object(
              {
                context: { type: 'integer' },
                flag: { type: 'string' },
                before: ref('Answer'),
                after: ref('Answer'),
              },
              'context',
              'flag',
              'before',
              'after',
            ),
          },
        },
        'revision',
        'contexts',
        'changed',
        'flags',
        'changes',
      ),
      Answer: object({ value: {}, variant: { type: 'string' }, errorCode: { type: 'string' } }),
    },
  },
};

type Schema = Readonly<Record<string, unknown>>;

/** Parts of a document that are read and written one by one. */
function parts(noun: 'flag' | 'segment', schema: string, patchable: boolean): Schema {
  const name = noun === 'flag' ? 'Flag' : 'Segment';
  const all = `/api/v1/environments/{environment}/${noun}s`;
  const tags = [`${noun}s`];
  const written = {
    200: answer('Changed', schema),
    201: answer('Created', schema),
    ...refusals(400, 403, 404, 409, 412, 413, 415, 428, 503, 507),
  };
  const { 201: _created, ...patched } = written;
  return {
    [all]: {
      parameters: [parameter('Environment')],
      get: {
        operationId: `list${name}s`,
        tags,
        summary: `The ${noun}s of an environment`,
        responses: {
          200: {
            description: `The ${noun}s by name`,
            content: json(
              object(
                { revision: { type: 'string' }, [`${noun}s`]: { type: 'object' } },
                'revision',
                `${noun}s`,
              ),
            ),
          },
          ...refusals(400, 404),
        },
      },
    },
    [`${all}/{${noun}}`]: {
      parameters: [parameter('Environment'), parameter(name)],
      get: {
        operationId: `get${name}`,
        tags,
        summary: `One ${noun}`,
        responses: { 200: answer(`The ${noun}`, schema), ...refusals(400, 404) },
      },
      put: {
        operationId: `put${name}`,
        tags,
        summary: `Creates or replaces a ${noun}`,
        parameters: [parameter('IfMatch'), parameter('IfNoneMatch'), parameter('Reason')],
        requestBody: body(schema),
        responses: written,
      },
      ...(patchable && {
        patch: {
          operationId: `patch${name}`,
          tags,
          summary: `Changes members of a ${noun} (RFC 7396)`,
          parameters: [parameter('IfMatch'), parameter('Reason')],
          requestBody: {
            required: true,
            content: { 'application/merge-patch+json': { schema: { type: 'object' } } },
          },
          responses: patched,
        },
      }),
      delete: {
        operationId: `delete${name}`,
        tags,
        summary: `Removes a ${noun} that no other part uses`,
        parameters: [parameter('IfMatch'), parameter('Reason')],
        responses: {
          204: {
            description: 'Removed',
            headers: { 'Graylane-Revision': { $ref: '#/components/headers/Revision' } },
          },
          ...refusals(400, 403, 404, 409, 412, 428, 503, 507),
        },
      },
    },
    [`${all}/{${noun}}/history`]: {
      parameters: [parameter('Environment'), parameter(name)],
      get: historyOf(noun, `a ${noun}`),
    },
  };
}

function historyOf(noun: string, of: string): Schema {
  return {
    operationId: `listHistoryOf${noun[0]?.toUpperCase()}${noun.slice(1)}`,
    tags: ['history'],
    summary: `The revisions of ${of}, the newest first`,
    parameters: [parameter('Limit'), parameter('Before')],
    responses: {
      200: { description: 'A page', content: json(ref('History')) },
      ...refusals(400, 404),
    },
  };
}

function answer(description: string, schema: string): Schema {
  const headers = { ETag: { $ref: '#/components/headers/ETag' } };
  return { description, headers, content: json(ref(schema)) };
}

function body(schema: string): Schema {
  return { required: true, content: json(ref(schema)) };
}

function refusals(...statuses: readonly number[]): Schema {
  return Object.fromEntries(statuses.map((status) => [status, { $ref: '#/components/responses/Problem' }]));
}

function json(schema: Schema): Schema {
  return { 'application/json': { schema } };
}

function ref(schema: string): Schema {
  return { $ref: `#/components/schemas/${schema}` };
}

function parameter(name: string): Schema {
  return { $ref: `#/components/parameters/${name}` };
}

function path(name: string, description: string, example: string, pattern?: string): Schema {
  const schema = { type: 'string', minLength: 1, ...(pattern !== undefined && { pattern }) };
  return { name, in: 'path', required: true, description, example, schema };
}

function header(name: string, description: string, example: string | undefined): Schema {
  return {
    name,
    in: 'header',
    description,
    ...(example !== undefined && { example }),
    schema: { type: 'string' },
  };
}

function object(properties: Schema, ...required: readonly string[]): Schema {
  return { type: 'object', properties, ...(required.length > 0 && { required }) };
}

function jsonPath(): Schema {
  return { type: 'string', description: 'JSON path, e.g. $.flags.fees.defaultVariant' };
}

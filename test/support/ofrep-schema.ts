import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { parse } from 'yaml';
import { readConformance } from '../components/conformance.ts';

type Json = Record<string, unknown>;

/**
 * A validator for one of the schemas of OFREP's OpenAPI document, by name. The document is read as
 * it is meant: a value fits one kind of flag or more (its `oneOf` would refuse every value, since
 * the kind without one asks for nothing), and DEFAULT is a reason.
 */
export function ofrepSchema(name: string): ValidateFunction {
  const document = parse(readConformance('ofrep/openapi.yaml')) as { components: { schemas: Json } };
  const success = document.components.schemas['evaluationSuccess'] as { allOf: [Json, Json] };
  const [common, kinds] = success.allOf;
  kinds['anyOf'] = kinds['oneOf'];
  delete kinds['oneOf'];
  (common as { properties: { reason: { enum: string[] } } }).properties.reason.enum.push('DEFAULT');
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  for (const [format, pattern] of Object.entries(formats)) ajv.addFormat(format, pattern);
  ajv.addSchema({ $id: 'ofrep:', ...document });
  const validate = ajv.getSchema(`ofrep:#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`OFREP's document has no schema "${name}"`);
  return validate;
}

const formats = {
  float: true,
  uri: /^[a-z][a-z0-9+.-]*:/i,
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/,
} as const;

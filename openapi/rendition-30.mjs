// Writes the document as OpenAPI 3.0, for generators that do not read 3.1: `node openapi/rendition-30.mjs [FILE]`, or
// to standard output. It says the same of the same messages, except for what 3.0 cannot say: constraints across fields
// (unevaluatedProperties, dependentRequired, if/then, names of keys) and branches that only say which fields have to be
// there.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

const here = dirname(fileURLToPath(import.meta.url));

/** Keywords of JSON Schema 2020-12 that 3.0 does not have. */
const UNKNOWN = [
  'contentMediaType',
  'dependentRequired',
  'else',
  'if',
  'patternProperties',
  'propertyNames',
  'then',
  'unevaluatedProperties',
];

const onlyRequires = (branch) => Object.keys(branch).every((key) => key === 'required' || key === 'not');

const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));

function typed(schema) {
  const { type, ...rest } = schema;
  if (!Array.isArray(type)) return schema;
  const types = type.filter((one) => one !== 'null');
  const nullable = types.length < type.length ? { nullable: true } : {};
  if (types.length === 1) return { ...rest, ...nullable, type: types[0] };
  // Each branch keeps the constraints; those of another type hold for no value of it.
  const { description, example, ...constraints } = rest;
  const branch = (one) => ({ type: one, ...nullable, ...constraints });
  return {
    ...(description === undefined ? {} : { description }),
    ...(example === undefined ? {} : { example }),
    oneOf: types.map(branch),
  };
}

/** A schema as 3.0 writes it. */
function schemaOf(schema) {
  if (typeof schema !== 'object' || schema === null) return schema;
  if (schema.$ref !== undefined) return { $ref: schema.$ref };
  const made = { ...schema };
  for (const key of UNKNOWN) delete made[key];
  if (made.const !== undefined) {
    made.enum = [made.const];
    made.type ??= typeof made.const;
    delete made.const;
  } else if (made.enum !== undefined && made.type === undefined) made.type = typeof made.enum[0];
  if (Array.isArray(made.examples)) {
    made.example = made.examples[0];
    delete made.examples;
  }
  for (const key of ['exclusiveMinimum', 'exclusiveMaximum']) {
    if (typeof made[key] !== 'number') continue;
    made[key === 'exclusiveMinimum' ? 'minimum' : 'maximum'] = made[key];
    made[key] = true;
  }
  for (const key of ['oneOf', 'anyOf', 'allOf']) {
    if (made[key] === undefined) continue;
    made[key] = made[key]
      .filter((branch) => !onlyRequires(branch))
      .map(schemaOf)
      .filter((branch) => Object.keys(branch).length > 0);
    if (made[key].length === 0) delete made[key];
  }
  if (made.properties !== undefined) made.properties = mapValues(made.properties, schemaOf);
  if (made.items !== undefined) made.items = schemaOf(made.items);
  if (made.not !== undefined) delete made.not;
  if (typeof made.additionalProperties === 'object') made.additionalProperties = schemaOf(made.additionalProperties);
  return typed(made);
}

/** Every schema below a value that is no schema itself. */
function withSchemas(value) {
  if (Array.isArray(value)) return value.map(withSchemas);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (key === 'schema') return [key, schemaOf(inner)];
      return [key, key === 'examples' || key === 'example' ? inner : withSchemas(inner)];
    }),
  );
}

/** The document in OpenAPI 3.0. */
export function rendition30(document) {
  const { openapi: _version, info, components, ...rest } = document;
  const { summary: _summary, license, ...about } = info;
  const { schemas, ...others } = components;
  return {
    openapi: '3.0.3',
    info: { ...about, license: { name: license.name } },
    ...withSchemas(rest),
    components: { ...withSchemas(others), schemas: mapValues(schemas, schemaOf) },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const text = readFileSync(join(here, 'kube-whatif.yaml'), 'utf8');
  const json = `${JSON.stringify(rendition30(parse(text, { maxAliasCount: 1000 })), undefined, 2)}\n`;
  if (process.argv[2] === undefined) process.stdout.write(json);
  else writeFileSync(process.argv[2], json);
}

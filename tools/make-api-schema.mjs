/**
 * Makes src/api-server/schema-table.ts from tools/api-schema-source.json.gz, which read-api-source.mjs made of a
 * release of Kubernetes: the fields of each type, how lists and maps merge, what is required, how empty values are
 * written.
 * Usage: node tools/make-api-schema.mjs [--check]   (--check: says whether the table is current)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { KINDS } from './api-kinds.mjs';

const source = readFileSync(new URL('api-schema-source.json.gz', import.meta.url));
const { definitions, go } = JSON.parse(gunzipSync(source).toString());

const SCALARS = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
};

/** The type's name; of types of one name the group is given too. */
const CLASHES = ['EndpointPort'];
function shortName(name) {
  const parts = name.split('.');
  const short = parts.pop();
  return CLASHES.includes(short) && parts.at(-2) !== 'core' ? `${parts.at(-2)}.${short}` : short;
}
const found = new Map();

function typeOf(schema) {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace('#/definitions/', '');
    if (SCALARS[name] !== undefined) return SCALARS[name];
    visit(name);
    return shortName(name);
  }
  if (schema.type === 'array') return `[]${typeOf(schema.items)}`;
  if (schema.type === 'object') {
    return schema.additionalProperties === undefined ? 'any' : `{}${typeOf(schema.additionalProperties)}`;
  }
  if (schema.type === 'integer') return 'integer';
  if (schema.format === 'int-or-string') return 'int-or-string';
  if (schema.format === 'byte') return 'string';
  return schema.type ?? 'any';
}

/** `name[!] type [merge=key] [retain] [list=map:key,key|set|atomic] [map=atomic]`; `!` marks what is required. */
function field(name, schema, required, form) {
  const strategy = String(schema['x-kubernetes-patch-strategy'] ?? '').split(',');
  const words = [`${name}${required ? '!' : ''}`, typeOf(schema)];
  if (strategy.includes('merge')) words.push(`merge=${schema['x-kubernetes-patch-merge-key'] ?? ''}`);
  if (strategy.includes('retainKeys')) words.push('retain');
  const keys = schema['x-kubernetes-list-map-keys'];
  const list = schema['x-kubernetes-list-type'];
  if (list !== undefined) words.push(`list=${list}${keys === undefined ? '' : `:${keys.join(',')}`}`);
  if (schema['x-kubernetes-map-type'] !== undefined) words.push(`map=${schema['x-kubernetes-map-type']}`);
  if (form !== undefined && form !== 'pointer') words.push(form);
  return words.join(' ');
}

function visit(name) {
  const short = shortName(name);
  const known = found.get(short);
  if (known !== undefined) {
    if (known.name !== name) throw new Error(`two types are named ${short}: ${known.name}, ${name}`);
    return;
  }
  const schema = definitions[name];
  const type = { name, fields: [] };
  found.set(short, type);
  const required = new Set(schema.required ?? []);
  const forms = go[name.split('.').slice(-3).join('.')] ?? {};
  type.fields = Object.entries(schema.properties ?? {}).map(([key, one]) =>
    field(key, one, required.has(key), forms[key]),
  );
  if (schema['x-kubernetes-map-type'] === 'atomic') type.fields.unshift('* atomic');
}

const kinds = Object.entries(KINDS).map(([key, name]) => {
  visit(name);
  return [key, shortName(name)];
});
const quote = (text) => `'${text}'`;
const types = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
/** A line for each field of a type. */
const fieldsOf = ([name, { fields }]) => {
  const lines = fields.map((one) => `    ${quote(one)},`);
  return `  ${name.includes('.') ? quote(name) : name}: [\n${lines.join('\n')}\n  ],`;
};
const text = `/** Made by tools/make-api-schema.mjs from the OpenAPI document of Kubernetes 1.36.4. Do not edit. */

/** The types of the objects of a kind, by API version and kind. */
export const KIND_TYPES: Readonly<Record<string, string>> = {
${kinds.map(([key, name]) => `  ${quote(key)}: ${quote(name)},`).join('\n')}
};

/**
 * The fields of each type: \`name[!] type [merge=key] [retain] [list=…] [map=…]\`. \`!\`: required; \`[]\`: a list of; \`{}\`:
 * a map of; merge, retain: the patch strategy; list and map: how server-side apply merges. \`* atomic\`: the type is one
 * value. How an empty value is stored: \`omit\`: not at all, \`struct\`: as an empty object though it is absent, \`null\`: as
 * null, \`zero\`: as zero or an empty text.
 */
export const TYPE_FIELDS: Readonly<Record<string, readonly string[]>> = {
${types.map(fieldsOf).join('\n')}
};
`;
const file = 'src/api-server/schema-table.ts';
const plain = (value) =>
  value.replaceAll(/\s+/g, ' ').replaceAll(', ]', ']').replaceAll('[ ', '[').replaceAll(' ]', ']');
if (process.argv[2] !== '--check') writeFileSync(file, text);
else if (plain(readFileSync(file, 'utf8')) !== plain(text)) {
  console.error(`${file} is not current: run node tools/make-api-schema.mjs, then npm run format.`);
  process.exitCode = 1;
}

// Makes src/contract/gen/ from openapi/kube-whatif.yaml, as part of `npm run build`:
// - types.ts: a TypeScript type for each schema, and the values of each enum; the same for the page, in ui/api/gen/.
// - document.ts: the document as JSON, so that nothing parses YAML when the program starts.
// - validators.ts: a function for each schema that input is validated against, compiled by Ajv.
// Nothing is written while the document, this script and Ajv are the same as the last time.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { parse } from 'yaml';
import { standalone } from '../tools/standalone.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const SOURCE = join(root, 'openapi', 'kube-whatif.yaml');
const TARGET = join(root, 'src', 'contract', 'gen');
/** The page has types of its own: it knows the service by its contract alone. */
const PAGE_TARGET = join(root, 'ui', 'api', 'gen');
const STAMP = join(TARGET, 'stamp.txt');
const REF = '#/components/schemas/';

const text = readFileSync(SOURCE, 'utf8');
// Example snapshots are shared in the document by YAML aliases, a handful of them.
const document = parse(text, { maxAliasCount: 1000 });
const { schemas } = document.components;

/** The schemas that input is validated against: what a door receives, and an entry of a batch. */
const VALIDATED = Object.keys(schemas).filter(
  (name) => /Request(Part)?$/.test(name) || ['BatchEntry', 'Problem'].includes(name),
);

function stamp() {
  const hash = createHash('sha256')
    .update(text)
    .update(readFileSync(fileURLToPath(import.meta.url)));
  for (const name of ['ajv', 'ajv-formats']) {
    hash.update(readFileSync(join(root, 'node_modules', name, 'package.json')));
  }
  return hash.digest('hex');
}

// ── types ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const NAMED = { string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null' };

const isName = (key) => /^[A-Za-z_$][\w$]*$/.test(key);

function comment({ description, 'x-expected': expected }, indent) {
  const words = (description ?? expected)?.trim();
  if (!words) return '';
  const lines = words.replaceAll('*/', '*∕').split('\n');
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

/** Branches that only say which fields have to be there say nothing that a type can say. */
const onlyRequires = (branch) => Object.keys(branch).every((key) => key === 'required' || key === 'not');

function objectType(schema, indent) {
  const { properties = {}, required = [], additionalProperties } = schema;
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([key, value]) => {
    const name = isName(key) ? key : JSON.stringify(key);
    const mark = required.includes(key) ? '' : '?';
    return `${comment(value, inner)}${inner}readonly ${name}${mark}: ${typeOf(value, inner)};\n`;
  });
  if (fields.length > 0) return `{\n${fields.join('')}${indent}}`;
  if (typeof additionalProperties === 'object')
    return `Readonly<Record<string, ${typeOf(additionalProperties, indent)}>>`;
  return additionalProperties === false ? 'Readonly<Record<string, never>>' : 'Readonly<Record<string, unknown>>';
}

function union(types) {
  const different = [...new Set(types)];
  return different.length === 1 ? different[0] : different.join(' | ');
}

/** The TypeScript type of a schema, as an expression. */
function typeOf(schema, indent = '') {
  if (schema.$ref !== undefined) {
    if (!schema.$ref.startsWith(REF)) throw new Error(`${schema.$ref} is not a schema`);
    return schema.$ref.slice(REF.length);
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return union(schema.enum.map((value) => JSON.stringify(value)));
  const branches = (schema.oneOf ?? schema.anyOf ?? []).filter((branch) => !onlyRequires(branch));
  if (branches.length > 0) return union(branches.map((branch) => typeOf(branch, indent)));
  if (schema.allOf !== undefined && schema.properties === undefined) {
    return schema.allOf.map((part) => typeOf(part, indent)).join(' & ');
  }
  const types = [schema.type ?? (schema.properties === undefined ? [] : 'object')].flat();
  if (types.length === 0) return 'unknown';
  return union(
    types.map((type) => {
      if (type === 'object') return objectType(schema, indent);
      if (type !== 'array') return NAMED[type];
      const item = typeOf(schema.items ?? {}, indent);
      return `readonly ${/[|&]/.test(item) && !item.startsWith('{') ? `(${item})` : item}[]`;
    }),
  );
}

/** Every enum, by the name of its schema, or of the schema and field that have it. */
function enumsOf(name, schema, found) {
  if (Array.isArray(schema.enum)) found.set(name, schema.enum);
  for (const [key, value] of Object.entries(schema.properties ?? {})) enumsOf(`${name}.${key}`, value, found);
  if (schema.items !== undefined) enumsOf(name, schema.items, found);
  if (typeof schema.additionalProperties === 'object') enumsOf(name, schema.additionalProperties, found);
  for (const branch of [...(schema.oneOf ?? []), ...(schema.anyOf ?? [])]) enumsOf(name, branch, found);
}

function typesFile() {
  const enums = new Map();
  const types = Object.entries(schemas).map(([name, schema]) => {
    enumsOf(name, schema, enums);
    const type = typeOf(schema);
    return `${comment(schema, '')}export type ${name} = ${type};\n`;
  });
  const values = [...enums].map(([name, list]) => `  ${JSON.stringify(name)}: ${JSON.stringify(list)},\n`);
  return `// Made by openapi/generate.mjs from openapi/kube-whatif.yaml.

${types.join('\n')}
/** The values of each enum, by the name of its schema, or of the schema and its field. */
export const ENUMS = {
${values.join('')}} as const;
`;
}

// ── validators ────────────────────────────────────────────────────────────────────────────────────────────────────

function makeAjv() {
  const ajv = new Ajv2020({
    // All errors: one round trip names every typo. verbose: the sentences name what is allowed.
    allErrors: true,
    verbose: true,
    // OpenAPI has keywords of its own around the schemas; types of several kinds are written as such.
    strict: false,
    // Nothing is changed in what was sent: no coercion, no defaults, nothing removed.
    coerceTypes: false,
    useDefaults: false,
    removeAdditional: false,
    code: { source: true, esm: true },
  });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'openapi', components: { schemas } });
  return ajv;
}

function validatorsFile() {
  const ajv = makeAjv();
  const references = Object.fromEntries(VALIDATED.map((name) => [name, `openapi#${REF.slice(1)}${name}`]));
  return `// @ts-nocheck
// Made by openapi/generate.mjs from openapi/kube-whatif.yaml.
${standalone(ajv, references)}`;
}

function write(name, content, target = TARGET) {
  const path = join(target, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

const now = stamp();
if (!existsSync(STAMP) || readFileSync(STAMP, 'utf8') !== now || !existsSync(join(PAGE_TARGET, 'types.ts'))) {
  rmSync(TARGET, { recursive: true, force: true });
  write('types.ts', typesFile());
  write('types.ts', typesFile(), PAGE_TARGET);
  write(
    'document.ts',
    `// Made by openapi/generate.mjs from openapi/kube-whatif.yaml.

/** The OpenAPI document as data. */
export const DOCUMENT: Readonly<Record<string, unknown>> = JSON.parse(${JSON.stringify(JSON.stringify(document))});
`,
  );
  write('validators.ts', validatorsFile());
  write('stamp.txt', now);
}

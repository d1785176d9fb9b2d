// Compiles the schemas that are written in TypeScript into functions, as part of `npm run generate`, so that the
// program does not load Ajv and compile them each time it starts. Nothing is written while nothing changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _ } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { buildSync } from 'esbuild';
import { standalone } from './standalone.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Files that export SCHEMAS, the module of the formats that they name, and how Ajv reads them. */
const SOURCES = [
  {
    file: 'src/cluster/object-schemas.ts',
    formats: 'src/cluster/object-formats.ts',
    options: { allErrors: true, verbose: true },
  },
  { file: 'src/control-plane/scheduler/pod-spec-schema.ts', options: {} },
];

async function exportsOf(file) {
  const { outputFiles } = buildSync({
    entryPoints: [join(root, file)],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  return await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].text).toString('base64')}`);
}

/** Schemas of objects that are used in several places, by identity, become definitions: one function each. */
function shared(schemas) {
  const uses = new Map();
  const count = (value) => {
    if (typeof value !== 'object' || value === null) return;
    if (value.properties !== undefined) uses.set(value, (uses.get(value) ?? 0) + 1);
    if ((uses.get(value) ?? 1) === 1) for (const inner of Object.values(value)) count(inner);
  };
  for (const schema of Object.values(schemas)) count(schema);
  const names = new Map(
    [...uses].filter(([, times]) => times > 1).map(([schema], index) => [schema, `shared${index}`]),
  );
  const copy = (value) => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(refer);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, refer(inner)]));
  };
  const refer = (value) => (names.has(value) ? { $ref: `shared#/$defs/${names.get(value)}` } : copy(value));
  const definitions = Object.fromEntries([...names].map(([schema, name]) => [name, copy(schema)]));
  return { schemas: Object.entries(schemas).map(([name, schema]) => ({ ...copy(schema), $id: name })), definitions };
}

async function validatorsOf({ file, formats, options }) {
  const { SCHEMAS } = await exportsOf(file);
  const known = formats === undefined ? {} : { formats: await exportsOf(formats) };
  const ajv = new Ajv2020({
    ...options,
    ...known,
    allowUnionTypes: true,
    inlineRefs: false,
    code: {
      source: true,
      esm: true,
      ...(formats === undefined ? {} : { formats: _`require("../object-formats")` }),
    },
  });
  const { schemas, definitions } = shared(SCHEMAS);
  ajv.addSchema({ $id: 'shared', $defs: definitions });
  for (const schema of schemas) ajv.addSchema(schema);
  return standalone(ajv, Object.fromEntries(Object.keys(SCHEMAS).map((name) => [name, name])));
}

for (const source of SOURCES) {
  const target = join(root, dirname(source.file), 'gen', 'validators.ts');
  const hash = createHash('sha256');
  for (const file of [source.file, source.formats, 'tools/compile-schemas.mjs', 'tools/standalone.mjs']) {
    if (file !== undefined) hash.update(readFileSync(join(root, file)));
  }
  hash.update(readFileSync(join(root, 'node_modules/ajv/package.json')));
  const stamp = `// ${hash.digest('hex')}`;
  if (existsSync(target) && readFileSync(target, 'utf8').includes(stamp)) continue;
  mkdirSync(dirname(target), { recursive: true });
  const head = `// @ts-nocheck\n// Made by tools/compile-schemas.mjs from ${relative(root, source.file)}.\n${stamp}\n`;
  writeFileSync(target, head + (await validatorsOf(source)));
}

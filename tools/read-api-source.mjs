/**
 * Makes tools/api-schema-source.json.gz, from which make-api-schema.mjs makes src/api-server/schema-table.ts, out of a
 * release of Kubernetes: its OpenAPI document, and how Go writes the fields of its types (pointers, `omitempty`).
 * Usage: node tools/read-api-source.mjs swagger.json FOLDER…   (folders of k8s.io/api and k8s.io/apimachinery with a
 * types.go)
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { KINDS } from './api-kinds.mjs';

const [swagger, ...folders] = process.argv.slice(2);
const { definitions, info } = JSON.parse(readFileSync(swagger, 'utf8'));

/** What is kept of a field or a type: no descriptions. */
function bare(schema) {
  return Object.fromEntries(
    Object.entries(schema).flatMap(([key, value]) => {
      if (key === 'properties') {
        return [[key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, bare(one)]))]];
      }
      if (key === 'items' || key === 'additionalProperties') return [[key, bare(value)]];
      return ['$ref', 'type', 'format', 'required'].includes(key) || key.startsWith('x-kubernetes-')
        ? [[key, value]]
        : [];
    }),
  );
}

const kept = {};
function keep(name) {
  if (kept[name] !== undefined || definitions[name] === undefined) return;
  kept[name] = bare(definitions[name]);
  for (const [, ref] of JSON.stringify(kept[name]).matchAll(/#\/definitions\/([^"]+)/g)) keep(ref);
}
for (const name of Object.values(KINDS)) keep(name);

/**
 * How Go writes a field: `pointer`, `struct`, `list`, `map` or `scalar`, and whether it is left out where it is empty.
 */
const STRUCTS = new Set();
const raw = {};
for (const folder of folders) {
  const group = folder
    .replace(/@[^/]*/, '')
    .split('/')
    .slice(-2)
    .join('.');
  const text = readFileSync(`${folder}/types.go`, 'utf8');
  for (const [, type, body] of text.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) {
    STRUCTS.add(type);
    raw[`${group}.${type}`] = body.split('\n').flatMap((line) => {
      const field = /^\s+\w+\s+(\S+)\s+`[^`]*json:"([\w$]+)(,[^"]*)?"/.exec(line);
      const embedded = /^\s+(?:\w+\s+)?([\w.]+)\s+`[^`]*json:",inline"/.exec(line);
      if (embedded !== null) return [['*', embedded[1].split('.').at(-1)]];
      return field === null
        ? []
        : [[field[2], field[1], (field[3] ?? '').includes('omitempty'), (field[3] ?? '').includes('omitzero')]];
    });
  }
}
const SCALARS = ['Time', 'MicroTime', 'Quantity', 'IntOrString', 'RawExtension', 'FieldsV1'];
const MAPS = ['ResourceList'];
function written(type, omit, zero) {
  if (type.startsWith('*')) return 'pointer';
  if (zero) return 'pointer';
  const name = type.split('.').at(-1);
  if (type.startsWith('[]')) return omit ? 'omit' : 'null';
  if (type.startsWith('map[') || MAPS.includes(name)) return omit ? 'omit' : 'null';
  if (STRUCTS.has(name) && !SCALARS.includes(name)) return 'struct';
  if (SCALARS.includes(name)) return name === 'IntOrString' && !omit ? 'zero' : 'pointer';
  return omit ? 'omit' : 'zero';
}
function fieldsOf(key) {
  const [pkg, version] = key.split('.');
  return (raw[key] ?? []).flatMap(([name, type, omit, zero]) => {
    if (name !== '*') return [[name, written(type, omit, zero)]];
    const inner = Object.keys(raw).find((one) => one === `${pkg}.${version}.${type}`) ?? '';
    return fieldsOf(inner);
  });
}
const go = Object.fromEntries(Object.keys(raw).map((key) => [key, Object.fromEntries(fieldsOf(key))]));
const source = { version: info.version, definitions: kept, go };
writeFileSync(new URL('api-schema-source.json.gz', import.meta.url), gzipSync(JSON.stringify(source), { level: 9 }));

/**
 * proto/ and openapi/ say the same: RPC by operation, message by schema, field by field, value by value. The rules by
 * which they differ are those that proto/kube_whatif/v1/kube_whatif.proto lists; whatever else differs is reported
 * here, with what to do.
 */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import t from 'tap';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import { PACKAGE, registry } from '../../src/messages/registry.js';
import { namedSchema, resolved, type Schema, shorthandOf } from '../../src/messages/schema.js';

/** The schemas of answers whose RPC asks no question. */
const OTHERS: Readonly<Record<string, string>> = {
  UploadSnapshot: 'HeldSnapshot',
  UploadNamedSnapshot: 'NamedSnapshot',
  ListSnapshots: 'SnapshotList',
  DeleteSnapshotName: 'DeletedName',
};
/** Operations that are an RPC too, though they ask no question. */
const OF_SNAPSHOTS = ['uploadSnapshot', 'uploadNamedSnapshot', 'listSnapshots', 'deleteSnapshotName'];
/** Messages that mirror no schema. */
const OWN = [
  'Value',
  'Value.List',
  'Value.Object',
  'UploadSnapshotRequest',
  'UploadNamedSnapshotRequest',
  'ListSnapshotsRequest',
  'DeleteSnapshotNameRequest',
];
/** Fields that only a stream of pieces needs. */
const STREAM_ONLY = ['more_text', 'more_tables', 'more_virtual_servers'];
/** Objects of REST that are the bytes of a JSON text in protobuf. */
const JSON_BYTES = [
  'Snapshot.inline',
  'Snapshot.parts',
  'PatchChange.patch',
  'ApplyChange.manifests',
  'RolloutChange.template',
];
/** Words in capitals that are not ours, hence strings. */
const PROTOCOLS = ['TCP', 'UDP', 'SCTP', 'HTTP', 'HTTPS', 'HTTP2', 'SSL', 'GRPC'];
/** Optional lists and maps of requests where an empty one says no more than none: they need no message of their own. */
const EMPTY_IS_NONE = [
  'changes',
  'placement',
  'remove',
  'matchLabels',
  'matchExpressions',
  'values',
  'labels',
  'allocatable',
  'taints',
  'iptablesSave',
  'nodeRules',
  'services',
  'ignore',
  'severities',
];
const ALLOWED_SCALARS = [ScalarType.STRING, ScalarType.BOOL, ScalarType.INT32, ScalarType.DOUBLE, ScalarType.BYTES];

const differences: string[] = [];
const seen = new Set<string>();

function differ(where: string, what: string): void {
  differences.push(`${where}: ${what}`);
}

const isWrapper = ({ fields }: DescMessage) => fields.length === 1 && fields[0]?.name === 'items';

const snake = (name: string) =>
  name
    .replaceAll('IPs', 'Ips')
    .replaceAll('CIDRs', 'Cidrs')
    .replaceAll('IPv', 'Ipv')
    .replaceAll('SNAT', 'Snat')
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();

function compareEnum(where: string, found: DescEnum, schema: Schema): void {
  const prefix = `${snake(found.name).toUpperCase()}_`;
  const values = found.values.map(({ name }) => name);
  const wanted = [`${prefix}UNSPECIFIED`, ...(schema.enum ?? []).map((value) => prefix + String(value))];
  for (const value of wanted) if (!values.includes(value)) differ(where, `add ${value} to enum ${found.name}`);
  for (const value of values) if (!wanted.includes(value)) differ(where, `openapi/ does not have ${value}`);
}

/** The scalar type that mirrors a schema. */
function scalarOf(schema: Schema): ScalarType {
  if (Array.isArray(schema.type)) return ScalarType.STRING;
  switch (schema.type) {
    case 'boolean':
      return ScalarType.BOOL;
    case 'integer':
      return ScalarType.INT32;
    case 'number':
      return ScalarType.DOUBLE;
    default:
      return ScalarType.STRING;
  }
}

const isFree = (schema: Schema) =>
  schema.oneOf === undefined &&
  schema.anyOf === undefined &&
  schema.properties === undefined &&
  schema.enum === undefined &&
  schema.const === undefined &&
  (schema.type === undefined || (schema.type === 'object' && typeof schema.additionalProperties !== 'object'));

/** Enumerations of ours that grow: strings, so that clients can read a value that they do not know. */
const OPEN = ['FindingCode'];

const isEnumOfOurs = ({ name, enum: values }: Schema) =>
  !OPEN.includes(name ?? '') &&
  values?.every((value) => /^[A-Z][A-Z0-9_]*$/.test(String(value))) === true &&
  !values.every((value) => PROTOCOLS.includes(String(value)));

/** One value: a singular field, or an item of a list or map. */
function compareValue(where: string, field: DescField, schema: Schema, asked: boolean): void {
  const { message, enum: enumeration, scalar } = field;
  const shorthand = shorthandOf(schema);
  if (shorthand !== undefined) {
    if (message === undefined) differ(where, 'must be a message');
    else compareMessage(message, shorthand, asked);
    return;
  }
  if (isEnumOfOurs(schema)) {
    if (enumeration === undefined) differ(where, 'must be an enum, as its values are in capitals');
    else compareEnum(where, enumeration, schema);
  } else if (JSON_BYTES.includes(where)) {
    if (scalar !== ScalarType.BYTES) differ(where, 'must be bytes');
  } else if (isFree(schema)) {
    if (message?.name !== 'Value') differ(where, 'has no fixed shape in openapi/: must be a Value');
  } else if (schema.properties !== undefined || schema.oneOf !== undefined || schema.anyOf !== undefined) {
    if (message === undefined) differ(where, 'must be a message');
    else compareMessage(message, schema, asked);
  } else if (scalar !== scalarOf(schema)) {
    differ(where, `must be ${ScalarType[scalarOf(schema)].toLowerCase()}`);
  }
}

/** Whether a schema is a map: any keys, values of one kind. */
const isMap = ({ type, properties, additionalProperties }: Schema) =>
  type === 'object' && properties === undefined && typeof additionalProperties === 'object';

/** A list or a map, bare or in a message of its own. */
function compareMany(where: string, field: DescField, schema: Schema, required: boolean, asked: boolean): void {
  const { message } = field;
  let inner: DescField | undefined = field;
  if (field.fieldKind === 'message' && message !== undefined && isWrapper(message)) {
    seen.add(message.typeName);
    inner = message.fields[0];
  } else if (
    asked &&
    !required &&
    (schema.minItems ?? 0) === 0 &&
    !EMPTY_IS_NONE.includes(where.split('.').at(-1) ?? '')
  ) {
    differ(where, 'must be a message with the one field `items`, if empty is not the same as absent');
  }
  const map = isMap(schema);
  if (inner?.fieldKind !== (map ? 'map' : 'list')) differ(where, `must be ${map ? 'a map' : 'repeated'}`);
  else compareValue(where, inner, resolved((map ? schema.additionalProperties : schema.items) as Schema), asked);
}

function compareField(where: string, field: DescField, schema: Schema, required: boolean, asked: boolean): void {
  if (field.scalar !== undefined && !ALLOWED_SCALARS.includes(field.scalar)) {
    differ(where, 'is of a type not used here');
  } else if (schema.type === 'array' || isMap(schema)) {
    compareMany(where, field, schema, required, asked);
  } else if (field.fieldKind === 'list' || field.fieldKind === 'map') {
    differ(where, 'must be singular');
  } else {
    compareValue(where, field, schema, asked);
    if (field.message !== undefined || field.oneof !== undefined) return;
    const optional = field.proto.proto3Optional;
    if (optional !== (asked || !required)) differ(where, optional ? 'must not be optional' : 'must be optional');
  }
}

/** `whatIf` of `WhatIfAnswer`: the name that an answer has beside its question. */
const kindOf = (name = '') => name.charAt(0).toLowerCase() + name.slice(1).replace(/Answer$/, '');

function compareMessage(message: DescMessage, schema: Schema, asked: boolean): void {
  // What requests and answers share has the presence of requests, which are compared first.
  if (seen.has(message.typeName)) return;
  seen.add(message.typeName);
  const where = message.typeName.slice(PACKAGE.length + 1);
  if (schema.properties === undefined) {
    const cases = (schema.oneOf ?? schema.anyOf ?? []).map(resolved);
    for (const each of cases) {
      const tag = each.properties?.question?.const ?? kindOf(each.name);
      const field = message.fields.find(({ jsonName, oneof }) => jsonName === tag && oneof !== undefined);
      if (field?.message === undefined) differ(where, `add the alternative ${String(tag)} to the oneof`);
      else compareMessage(field.message, each, asked);
    }
    if (message.fields.length !== cases.length) differ(where, 'has other alternatives than openapi/');
    return;
  }
  const fields = new Map(message.fields.map((field) => [field.jsonName, field]));
  for (const [name, property] of Object.entries(schema.properties)) {
    const field = fields.get(name);
    if (field === undefined) differ(where, `add a field ${snake(name)} for ${name}`);
    else {
      if (field.name !== snake(name)) differ(where, `${field.name} must be called ${snake(name)}`);
      compareField(`${where}.${name}`, field, resolved(property), schema.required?.includes(name) === true, asked);
    }
  }
  for (const { name, jsonName } of message.fields) {
    const known = schema.properties[jsonName] !== undefined || STREAM_ONLY.includes(name);
    if (!known) differ(where, `openapi/ does not have ${jsonName}`);
  }
}

t.test('every question is an RPC, and every RPC an operation', async (t) => {
  const { paths } = DOCUMENT as {
    paths: Readonly<Record<string, Readonly<Record<string, { operationId: string; tags?: readonly string[] }>>>>;
  };
  const questions = Object.values(paths)
    .flatMap((item) => Object.values(item))
    .filter(({ operationId, tags }) => tags?.includes('questions') || OF_SNAPSHOTS.includes(operationId))
    .map(({ operationId }) => operationId);
  const service = registry().getService(`${PACKAGE}.KubeWhatif`);
  const rpcs = (service?.methods ?? []).map(({ name }) => name);
  t.same(
    rpcs.map((name) => name.charAt(0).toLowerCase() + name.slice(1)).sort(),
    [...questions].sort(),
    'add the missing ones to proto/kube_whatif/v1/kube_whatif.proto',
  );
  for (const { name, input, output } of service?.methods ?? []) {
    t.same([input.name, output.name], [`${name}Request`, `${name}Response`]);
  }
});

t.test('messages mirror schemas field by field', async (t) => {
  const { methods = [] } = registry().getService(`${PACKAGE}.KubeWhatif`) ?? {};
  const questions = methods.filter(({ name }) => OTHERS[name] === undefined);
  for (const { name, input } of questions) compareMessage(input, namedSchema(`${name}Request`), true);
  for (const { name, output } of questions) compareMessage(output, namedSchema(`${name}Answer`), false);
  for (const { name, output } of methods) {
    const schema = OTHERS[name];
    if (schema !== undefined) compareMessage(output, namedSchema(schema), false);
  }
  t.same(differences, [], 'after a change in proto/: npm run generate');
  t.ok(seen.size > 50, 'something was compared');
});

t.test('nothing is in proto/ that no request and no answer has', async (t) => {
  const unused: string[] = [];
  for (const type of registry()) {
    if (type.kind !== 'message' || !type.typeName.startsWith(`${PACKAGE}.`)) continue;
    const name = type.typeName.slice(PACKAGE.length + 1);
    if (!seen.has(type.typeName) && !OWN.includes(name)) unused.push(name);
  }
  t.same(unused, []);
  for (const { dependency, name } of [...registry().files].map(({ proto }) => proto)) {
    if (!name.startsWith('kube_whatif/')) continue;
    t.notOk(
      dependency.some((file) => file.startsWith('google/')),
      `${name} needs nothing but messages of this package`,
    );
  }
});

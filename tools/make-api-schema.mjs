/**
 * Makes src/api-server/schema-table.ts from Kubernetes' OpenAPI document (api/openapi-spec/swagger.json of a release; it is
 * part of the Go module k8s.io/kubernetes): the fields of each type, how lists and maps merge, what is required.
 * Usage: node tools/make-api-schema.mjs swagger.json
 */
import { readFileSync, writeFileSync } from 'node:fs';

const { definitions } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

/** The kinds whose objects are checked and merged by the schema. */
const KINDS = {
  'v1/ConfigMap': 'io.k8s.api.core.v1.ConfigMap',
  'v1/Endpoints': 'io.k8s.api.core.v1.Endpoints',
  'v1/Namespace': 'io.k8s.api.core.v1.Namespace',
  'v1/Node': 'io.k8s.api.core.v1.Node',
  'v1/PersistentVolumeClaim': 'io.k8s.api.core.v1.PersistentVolumeClaim',
  'v1/Pod': 'io.k8s.api.core.v1.Pod',
  'v1/Service': 'io.k8s.api.core.v1.Service',
  'v1/ServiceAccount': 'io.k8s.api.core.v1.ServiceAccount',
  'apps/v1/DaemonSet': 'io.k8s.api.apps.v1.DaemonSet',
  'apps/v1/Deployment': 'io.k8s.api.apps.v1.Deployment',
  'apps/v1/ReplicaSet': 'io.k8s.api.apps.v1.ReplicaSet',
  'apps/v1/StatefulSet': 'io.k8s.api.apps.v1.StatefulSet',
  'autoscaling/v2/HorizontalPodAutoscaler': 'io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler',
  'batch/v1/CronJob': 'io.k8s.api.batch.v1.CronJob',
  'batch/v1/Job': 'io.k8s.api.batch.v1.Job',
  'discovery.k8s.io/v1/EndpointSlice': 'io.k8s.api.discovery.v1.EndpointSlice',
  'networking.k8s.io/v1/Ingress': 'io.k8s.api.networking.v1.Ingress',
  'networking.k8s.io/v1/NetworkPolicy': 'io.k8s.api.networking.v1.NetworkPolicy',
  'policy/v1/PodDisruptionBudget': 'io.k8s.api.policy.v1.PodDisruptionBudget',
};

const SCALARS = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'int-or-string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime': 'string',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1': 'any',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'any',
};

/** The type's name; of types of one name the group is told too. */
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
function field(name, schema, required) {
  const strategy = String(schema['x-kubernetes-patch-strategy'] ?? '').split(',');
  const words = [`${name}${required ? '!' : ''}`, typeOf(schema)];
  if (strategy.includes('merge')) words.push(`merge=${schema['x-kubernetes-patch-merge-key'] ?? ''}`);
  if (strategy.includes('retainKeys')) words.push('retain');
  const keys = schema['x-kubernetes-list-map-keys'];
  const list = schema['x-kubernetes-list-type'];
  if (list !== undefined) words.push(`list=${list}${keys === undefined ? '' : `:${keys.join(',')}`}`);
  if (schema['x-kubernetes-map-type'] !== undefined) words.push(`map=${schema['x-kubernetes-map-type']}`);
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
  type.fields = Object.entries(schema.properties ?? {}).map(([key, one]) => field(key, one, required.has(key)));
  if (schema['x-kubernetes-map-type'] === 'atomic') type.fields.unshift('* atomic');
}

const kinds = Object.entries(KINDS).map(([key, name]) => {
  visit(name);
  return [key, shortName(name)];
});
const quote = (text) => `'${text}'`;
const types = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
const text = `/** Made by tools/make-api-schema.mjs from the OpenAPI document of Kubernetes 1.36.4. Do not edit. */

/** The types of the objects of a kind, by API version and kind. */
export const KIND_TYPES: Readonly<Record<string, string>> = {
${kinds.map(([key, name]) => `  ${quote(key)}: ${quote(name)},`).join('\n')}
};

/**
 * The fields of each type: \`name[!] type [merge=key] [retain] [list=…] [map=…]\`. \`!\`: required; \`[]\`: a list of; \`{}\`: a map of;
 * merge, retain: the patch strategy; list and map: how server-side apply merges. \`* atomic\`: the type is one value.
 */
export const TYPE_FIELDS: Readonly<Record<string, readonly string[]>> = {
${types.map(([name, { fields }]) => `  ${name.includes('.') ? quote(name) : name}: [\n${fields.map((one) => `    ${quote(one)},`).join('\n')}\n  ],`).join('\n')}
};
`;
writeFileSync('src/api-server/schema-table.ts', text);

/**
 * Makes test/deploy/schemas.json.gz: JSON Schemas of the kinds in deploy/, by the names that kubeconform looks for,
 * with unknown fields refused. Usage: node tools/make-deploy-schemas.mjs swagger.json CRD.yaml…
 * swagger.json is api/openapi-spec/swagger.json of the Go module k8s.io/kubernetes; the CRDs are those of
 * sigs.k8s.io/gateway-api (config/crd/standard) and of github.com/prometheus-operator/prometheus-operator
 * (example/prometheus-operator-crd).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { parse } from 'yaml';

const KINDS = [
  ['Namespace', 'v1'],
  ['ServiceAccount', 'v1'],
  ['Service', 'v1'],
  ['ConfigMap', 'v1'],
  ['Deployment', 'apps/v1'],
  ['HorizontalPodAutoscaler', 'autoscaling/v2'],
  ['PodDisruptionBudget', 'policy/v1'],
  ['NetworkPolicy', 'networking.k8s.io/v1'],
  ['Ingress', 'networking.k8s.io/v1'],
  ['ClusterRole', 'rbac.authorization.k8s.io/v1'],
  ['ClusterRoleBinding', 'rbac.authorization.k8s.io/v1'],
  ['Role', 'rbac.authorization.k8s.io/v1'],
  ['RoleBinding', 'rbac.authorization.k8s.io/v1'],
];

const [swagger, ...crds] = process.argv.slice(2);
const { definitions } = JSON.parse(readFileSync(swagger, 'utf8'));

/** `deployment-apps-v1`: as kubeconform names a kind of a group without its domain. */
function nameOf(kind, apiVersion) {
  const [version, group] = apiVersion.split('/').reverse();
  return [kind.toLowerCase(), ...(group === undefined ? [] : [group.split('.')[0]]), version].join('-');
}

const KEPT = [
  'type',
  'format',
  'required',
  'enum',
  'pattern',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'minItems',
  'maxItems',
];

/** A schema that is alone: references filled in, no descriptions, no unknown fields. */
function standalone(schema, depth = 0) {
  if (depth > 40) return {};
  if (schema.$ref !== undefined) return standalone(definitions[schema.$ref.replace('#/definitions/', '')], depth + 1);
  if (schema['x-kubernetes-int-or-string'] || schema.format === 'int-or-string') return { type: ['string', 'integer'] };
  if (schema['x-kubernetes-preserve-unknown-fields']) return { type: 'object' };
  const kept = Object.fromEntries(Object.entries(schema).filter(([key]) => KEPT.includes(key)));
  // JavaScript has no flags in a pattern.
  if (kept.pattern?.includes('(?i)')) delete kept.pattern;
  // A quantity may be written as a number.
  if (schema.description?.startsWith('Quantity is')) return { type: ['string', 'number'] };
  if (schema.nullable) kept.type = [kept.type, 'null'];
  if (schema.items !== undefined) kept.items = standalone(schema.items, depth + 1);
  if (schema.properties !== undefined) {
    kept.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([key, one]) => [key, standalone(one, depth + 1)]),
    );
    kept.additionalProperties = false;
  } else if (typeof schema.additionalProperties === 'object') {
    kept.additionalProperties = standalone(schema.additionalProperties, depth + 1);
  }
  return kept;
}

/** Fields that every object has, and that CRDs leave open. */
const META = standalone({ $ref: '#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta' });

const schemas = {};
for (const [kind, apiVersion] of KINDS) {
  const [version, group = ''] = apiVersion.split('/').reverse();
  const found = Object.values(definitions).find(({ 'x-kubernetes-group-version-kind': all }) =>
    all?.some((one) => one.kind === kind && one.group === group && one.version === version),
  );
  const schema = standalone(found);
  schema.required = [...new Set([...(schema.required ?? []), 'apiVersion', 'kind', 'metadata'])];
  schemas[nameOf(kind, apiVersion)] = schema;
}
for (const file of crds) {
  const { spec } = parse(readFileSync(file, 'utf8'));
  for (const version of spec.versions.filter(({ served }) => served)) {
    const schema = standalone(version.schema.openAPIV3Schema);
    schema.properties.metadata = META;
    schemas[nameOf(spec.names.kind, `${spec.group}/${version.name}`)] = schema;
  }
}
writeFileSync('test/deploy/schemas.json.gz', gzipSync(JSON.stringify({ kubernetes: '1.36', schemas }), { level: 9 }));

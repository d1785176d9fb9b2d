/** Defaults that the API server stores with objects of kinds that stand by themselves. Source: Kubernetes 1.36 pkg/apis. */
import type { Fields } from './strategic-merge.js';

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function eachOf(value: unknown, change: (item: Fields) => Fields): unknown {
  return Array.isArray(value) ? value.map((item) => (isFields(item) ? change(item) : item)) : value;
}

/** Ports without a protocol are of TCP. */
const withProtocol = (port: Fields): Fields => ({ ...port, protocol: port.protocol ?? 'TCP' });

function withField(object: Fields, field: string, change: (value: unknown) => unknown): Fields {
  return object[field] === undefined ? object : { ...object, [field]: change(object[field]) };
}

/** The spec of a NetworkPolicy: its types where it names none, the protocol of its ports. */
function networkPolicySpec(spec: Fields): Fields {
  const { podSelector, policyTypes, egress } = spec;
  const ports = (rule: Fields) => withField(rule, 'ports', (list) => eachOf(list, withProtocol));
  const ruled = ['ingress', 'egress'].reduce(
    (whole, field) => withField(whole, field, (rules) => eachOf(rules, ports)),
    spec,
  );
  const types = Array.isArray(egress) && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  const isNamed = Array.isArray(policyTypes) && policyTypes.length > 0;
  return { ...ruled, podSelector: podSelector ?? {}, policyTypes: isNamed ? policyTypes : types };
}

/** An object with the defaults of its kind; an object of another kind stays as it is. */
export function withDefaults(kind: string, object: Fields): Fields {
  if (kind === 'NetworkPolicy') {
    return { ...object, spec: networkPolicySpec(isFields(object.spec) ? object.spec : {}) };
  }
  if (kind === 'Namespace') {
    const metadata = isFields(object.metadata) ? object.metadata : {};
    const labels = {
      ...(isFields(metadata.labels) ? metadata.labels : {}),
      'kubernetes.io/metadata.name': metadata.name,
    };
    return { ...object, metadata: { ...metadata, labels }, spec: object.spec ?? { finalizers: ['kubernetes'] } };
  }
  if (kind === 'EndpointSlice') return withField(object, 'ports', (ports) => eachOf(ports, withProtocol));
  if (kind === 'Endpoints') {
    const subset = (one: Fields) => withField(one, 'ports', (ports) => eachOf(ports, withProtocol));
    return withField(object, 'subsets', (subsets) => eachOf(subsets, subset));
  }
  return object;
}

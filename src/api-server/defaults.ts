/** Defaults that the API server stores with objects. Source: Kubernetes 1.36 pkg/apis. */
import { filled, podDefaults, withItems } from './defaults/pod-spec.js';
import { workloadDefaults } from './defaults/workloads.js';
import { type Fields, fieldsIn, isGiven, listIn } from './read-fields.js';

/** Ports that give no protocol are of TCP. An empty text is given, and refused later: the field is a pointer. */
const withProtocol = (port: Fields): Fields => (isGiven(port.protocol) ? port : { ...port, protocol: 'TCP' });

/** Ports of Endpoints: there an empty text is no protocol, too. */
const withEndpointsProtocol = (port: Fields): Fields => filled(port, { protocol: 'TCP' });

/** The spec of a NetworkPolicy: its types where it names none, the protocol of its ports. */
function networkPolicySpec(spec: Fields): Fields {
  const ports = (rule: Fields) => withItems(rule, 'ports', withProtocol);
  const ruled = withItems(withItems(spec, 'ingress', ports), 'egress', ports);
  const types = listIn(spec.egress).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
  const isNamed = listIn(spec.policyTypes).length > 0;
  return { ...ruled, podSelector: spec.podSelector ?? {}, policyTypes: isNamed ? spec.policyTypes : types };
}

function namespace(object: Fields): Fields {
  const metadata = fieldsIn(object.metadata);
  const labels = { ...fieldsIn(metadata.labels), 'kubernetes.io/metadata.name': metadata.name };
  const status = { phase: 'Active', ...fieldsIn(object.status) };
  return { ...object, metadata: { ...metadata, labels }, spec: object.spec ?? { finalizers: ['kubernetes'] }, status };
}

/**
 * podCIDR is the first of podCIDRs: it fills them in, and where they differ it counts
 * (`Convert_v1_NodeSpec_To_core_NodeSpec`).
 */
function node(object: Fields): Fields {
  const spec = fieldsIn(object.spec);
  const own = typeof spec.podCIDR === 'string' ? spec.podCIDR : '';
  const all = listIn(spec.podCIDRs);
  if (own !== '' && all[0] !== own) return { ...object, spec: { ...spec, podCIDRs: [own] } };
  return own === '' && all.length > 0 ? { ...object, spec: { ...spec, podCIDR: all[0] } } : object;
}

/**
 * An object with the defaults of its kind; an object of another kind stays as it is. Services have more: see service
 * storage.
 */
export function withDefaults(kind: string, object: Fields): Fields {
  switch (kind) {
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
      return { ...object, spec: workloadDefaults(kind, fieldsIn(object.spec)) };
    case 'Pod':
      return { ...object, spec: podDefaults(fieldsIn(object.spec)) };
    case 'NetworkPolicy':
      return { ...object, spec: networkPolicySpec(fieldsIn(object.spec)) };
    case 'Namespace':
      return namespace(object);
    case 'Node':
      return node(object);
    case 'EndpointSlice':
      return withItems(object, 'ports', (port) => ({ ...withProtocol(port), name: port.name ?? '' }));
    case 'Endpoints':
      return withItems(object, 'subsets', (subset) => withItems(subset, 'ports', withEndpointsProtocol));
    default:
      return object;
  }
}

/** Findings about a state of the cluster: its Services, endpoints and shares. */
import { DOOR, entry, PORT, WHO } from './code-entry.js';

export const STATE_CODES = {
  SERVICE_WITHOUT_ENDPOINTS: entry(
    'STATE',
    'WARNING',
    'A Service port has no endpoint that may be used: connections to it are refused, and DNS of a headless ' +
      'Service has no address.',
    [...PORT, 'notReady', 'why', 'before'],
  ),
  LOCAL_POLICY_WITHOUT_ENDPOINTS: entry(
    'STATE',
    'WARNING',
    'A Service port has traffic policy Local, and some nodes have no endpoint of it: what the policy is ' +
      'about is dropped there.',
    [...PORT, 'policy', 'nodes', 'nodeCount', 'ofNodes', 'before'],
  ),
  ADDRESS_CLAIMED_TWICE: entry(
    'STATE',
    'ERROR',
    'Two Services claim one address and port: only one of them gets its traffic, and which is an accident.',
    ['service', 'address', 'port', 'protocol', 'family', 'services', 'before'],
  ),
  IMBALANCE: entry(
    'STATE',
    'WARNING',
    'An endpoint gets more than `imbalance` times its even share of new connections.',
    [...DOOR, 'factor', 'threshold', 'evenShare', 'endpoints', 'before'],
  ),
  CROSS_ZONE_SHARE: entry(
    'STATE',
    'INFO',
    'More than `crossZoneShare` of the connections that are delivered go to another zone than their client’s.',
    [...DOOR, 'share', 'even', 'threshold', 'before'],
  ),
  TRAFFIC_DROPPED: entry(
    'STATE',
    'WARNING',
    'More than `droppedShare` of new connections are dropped: their clients wait for a timeout.',
    [...DOOR, 'share', 'threshold', ...WHO, 'before'],
  ),
  TRAFFIC_REJECTED: entry('STATE', 'WARNING', 'More than `rejectedShare` of new connections are refused.', [
    ...DOOR,
    'share',
    'threshold',
    ...WHO,
    'before',
  ]),
  TRAFFIC_UNREACHABLE: entry(
    'STATE',
    'WARNING',
    'More than `unreachableShare` of new connections reach nobody: no rule or route takes them to an endpoint.',
    [...DOOR, 'share', 'threshold', ...WHO, 'before'],
  ),
  TRAFFIC_UNKNOWN: entry(
    'STATE',
    'INFO',
    'Of more than `unknownShare` of new connections it is not known what becomes of them: they leave the model.',
    [...DOOR, 'share', 'threshold', ...WHO, 'before'],
  ),
  SESSION_AFFINITY: entry(
    'STATE',
    'INFO',
    'The Service has session affinity: a client address stays with an endpoint, kept by each node for ' +
      'itself, so that shares are those of new clients.',
    [...PORT, 'timeoutSeconds', 'before'],
  ),
  NODE_PORTS_UNGUARDED: entry(
    'STATE',
    'INFO',
    'A Service has loadBalancerSourceRanges, which guard the load balancer’s address only, and node ports ' +
      'that take everybody.',
    ['service', 'ranges', 'ports', 'before'],
  ),
  NETWORK_POLICY_NOT_EVALUATED: entry(
    'STATE',
    'WARNING',
    'Network policies may deny connections that the answer delivers: a policy of a plugin (Cilium, Calico, ' +
      'Antrea) is not evaluated, or a rule decides by labels and the client stands for any pod.',
    ['policy', 'pods', 'podCount'],
  ),
  SELECTOR_MATCHES_NO_POD: entry(
    'STATE',
    'WARNING',
    'A Service’s selector matches no pod of its namespace, nor the pods that a workload there would have.',
    ['service', 'selector', 'nearest', 'pod', 'before'],
  ),
  PORT_NAME_WITHOUT_ENDPOINT: entry(
    'STATE',
    'WARNING',
    'A Service port goes to a port by a name that no pod has that its selector matches, or that no ' +
      'EndpointSlice of the Service has.',
    ['service', 'port', 'portName', 'protocol', 'targetPort', 'names', 'before'],
  ),
  HEADLESS_PORT_NOT_MAPPED: entry(
    'STATE',
    'WARNING',
    'A headless Service has a port and another target port: nothing maps the one to the other, so that ' +
      'clients of its port reach that very port of a pod.',
    ['service', 'port', 'portName', 'protocol', 'targetPort', 'endpointPorts', 'before'],
  ),
  NOT_READY_PUBLISHED: entry(
    'STATE',
    'WARNING',
    'A Service publishes endpoints whose pods are not ready (publishNotReadyAddresses): new connections go ' +
      'to them too.',
    ['service', 'pods', 'podCount', 'ofEndpoints', 'before'],
  ),
  EXTERNAL_IP_TAKEN: entry(
    'STATE',
    'ERROR',
    'An external IP of a Service is the address of a node, of the API server or of another Service: every ' +
      'node sends what is for them to this Service.',
    ['service', 'address', 'owner', 'ports', 'before'],
  ),
  OTHER_SERVICE_REACHED: entry(
    'STATE',
    'ERROR',
    'Connections to a Service port reach endpoints of another Service, which takes its address or node port first.',
    [...DOOR, 'share', 'services', 'before'],
  ),
  LOAD_BALANCER_ADDRESS_LOST: entry(
    'STATE',
    'ERROR',
    'Two Services want one address of MetalLB and may not share it, or one host port of k3s’ ServiceLB: one ' +
      'of them does not get it, or loses it.',
    ['service', 'services', 'address', 'reason', 'before'],
  ),
  ENDPOINTS_BY_ACCIDENT: entry(
    'STATE',
    'WARNING',
    'Endpoints of a Service port are in several EndpointSlices with other ports or conditions: which of ' +
      'them kube-proxy keeps is an accident of the order of a Go map.',
    [...PORT, 'endpoints', 'endpointCount', 'before'],
  ),
} as const;

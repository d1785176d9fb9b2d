/** Every finding there is, in one table: answers, the contract in openapi/ and docs/findings.md have no others. */
import type { FindingCode, Severity } from '../../contract/gen/types.js';

export type { FindingCode, Severity };

export interface CodeEntry {
  readonly severity: Severity;
  /** STATE: of one state of the cluster; DIFFERENCE: of what a change does; ANSWER: of the answer itself. */
  readonly about: 'STATE' | 'DIFFERENCE' | 'ANSWER';
  /** One sentence. */
  readonly meaning: string;
  /** The fields that `evidence` may have. */
  readonly evidence: readonly string[];
}

/** Which Service port, and how it was reached by whom. */
const PORT = ['service', 'port', 'portName', 'protocol', 'family'] as const;
const DOOR = [...PORT, 'via', 'destination', 'clients'] as const;
/** Who meets it, and the rule that decides. */
const WHO = ['from', 'fromCount', 'cause', 'explanation', 'rule'] as const;

const entry = (
  about: CodeEntry['about'],
  severity: Severity,
  meaning: string,
  evidence: readonly string[],
): CodeEntry => ({ severity, about, meaning, evidence });

/**
 * Codes are stable: one that was given is never renamed, nor given another meaning. A finding of a change (STATE) that
 * was there before it too is reported as INFO, with `before: true` in its evidence.
 */
export const FINDING_CODES = {
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
  TARGET_PORT_LOST: entry(
    'DIFFERENCE',
    'ERROR',
    'A Service port went to a port that a container of its pods has, and goes to one that none has.',
    ['service', 'port', 'portName', 'protocol', 'targetPort', 'containerPorts'],
  ),
  SERVICE_DELETED: entry('DIFFERENCE', 'ERROR', 'A Service is deleted: its name and its addresses are gone.', [
    'service',
    'addresses',
  ]),
  MANIFEST_LOSES: entry(
    'DIFFERENCE',
    'WARNING',
    'A manifest loses a port, a protocol or an annotation that the cluster has, or one of its own ports in the merge.',
    ['pointer', 'service', 'object', 'ports', 'annotations', 'notApplied'],
  ),
  DELIVERED_BEFORE_DROPPED_NOW: entry(
    'DIFFERENCE',
    'ERROR',
    'New connections that were delivered before the change are dropped after it.',
    [...DOOR, 'share', 'delivered', ...WHO],
  ),
  DELIVERED_BEFORE_REJECTED_NOW: entry(
    'DIFFERENCE',
    'ERROR',
    'New connections that were delivered before the change are refused after it.',
    [...DOOR, 'share', 'delivered', ...WHO],
  ),
  DELIVERED_BEFORE_UNREACHABLE_NOW: entry(
    'DIFFERENCE',
    'ERROR',
    'New connections that were delivered before the change reach nobody after it.',
    [...DOOR, 'share', 'delivered', ...WHO],
  ),
  DELIVERED_BEFORE_UNKNOWN_NOW: entry(
    'DIFFERENCE',
    'WARNING',
    'New connections that were delivered before the change leave the model after it: what becomes of them is ' +
      'not known.',
    [...DOOR, 'share', 'delivered', ...WHO],
  ),
  DOOR_REMOVED: entry(
    'DIFFERENCE',
    'ERROR',
    'A way to a Service port through which connections were delivered is gone: its address, its node port, ' +
      'the port or the Service itself.',
    [...DOOR, 'delivered', 'now'],
  ),
  SOURCE_ADDRESS_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Endpoints no longer see the address of clients whose address they saw before.',
    [...DOOR, 'kept', 'from', 'fromCount'],
  ),
  SOURCE_ADDRESS_GAINED: entry(
    'DIFFERENCE',
    'INFO',
    'Endpoints see the address of clients whose address they did not see before.',
    [...DOOR, 'kept', 'from', 'fromCount'],
  ),
  HINTS_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Nodes that kept traffic of a Service port near, by the hints of its EndpointSlices, no longer do.',
    [...PORT, 'nodes', 'nodeCount'],
  ),
  HINTS_GAINED: entry(
    'DIFFERENCE',
    'INFO',
    'Nodes keep traffic of a Service port near, by the hints of its EndpointSlices, that did not before.',
    [...PORT, 'nodes', 'nodeCount'],
  ),
  CROSS_ZONE_SHARE_GROWN: entry(
    'DIFFERENCE',
    'WARNING',
    'The share of delivered connections that go to another zone was at most `crossZoneShare` and is more now.',
    [...DOOR, 'share', 'even', 'threshold'],
  ),
  IMBALANCE_GROWN: entry(
    'DIFFERENCE',
    'WARNING',
    'The largest share of an endpoint, as a multiple of the even share, grew and is more than `imbalance`.',
    [...DOOR, 'factor', 'threshold'],
  ),
  AFFINITY_BROKEN: entry(
    'DIFFERENCE',
    'WARNING',
    'Clients that session affinity kept with an endpoint are sent elsewhere, since it takes no more of their ' +
      'connections.',
    [...DOOR, 'share', 'endpoints'],
  ),
  AFFINITY_REMOVED: entry(
    'DIFFERENCE',
    'WARNING',
    'The Service port no longer has session affinity: clients draw an endpoint for each connection.',
    [...PORT, 'timeoutSeconds'],
  ),
  AFFINITY_ADDED: entry(
    'DIFFERENCE',
    'INFO',
    'The Service port has session affinity now: a client address stays with an endpoint.',
    [...PORT, 'timeoutSeconds'],
  ),
  AFFINITY_TIMEOUT_CHANGED: entry('DIFFERENCE', 'INFO', 'The timeout of session affinity is another.', [
    ...PORT,
    'timeoutSeconds',
  ]),
  CONNECTIONS_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'More than `lostConnections` of the connections that are established before the change are lost: their ' +
      'pod is gone, or its node.',
    [...DOOR, 'share', 'threshold', 'endpoints'],
  ),
  LOAD_BALANCER_CHANGED: entry(
    'DIFFERENCE',
    'INFO',
    'Another kind of load balancer has the Service, or one has it that had none.',
    ['service', 'family', 'implementation'],
  ),
  HEALTH_CHECK_CHANGED: entry(
    'DIFFERENCE',
    'INFO',
    'The load balancer of a Service finds out in another way which backends to use.',
    ['service', 'family', 'check'],
  ),
  BACKENDS_CHANGED: entry('DIFFERENCE', 'INFO', 'Nodes or pods become backends of a load balancer, or no longer are.', [
    'service',
    'family',
    'backends',
    'added',
    'removed',
    'drainSeconds',
  ]),
  LOST_UNTIL_CONVERGED: entry(
    'DIFFERENCE',
    'WARNING',
    'New connections through a load balancer are lost after the change until its health checks have found it.',
    ['service', 'family', 'share', 'seconds', 'nodes', 'nodeCount'],
  ),
  LOAD_BALANCER_IMBALANCE: entry(
    'DIFFERENCE',
    'INFO',
    'Through a load balancer, the largest share of an endpoint is another multiple of the even share than before.',
    [...DOOR, 'factor'],
  ),
  NODE_PORTS_OPENED: entry(
    'DIFFERENCE',
    'INFO',
    'A Service has node ports that it did not have: every node takes connections there.',
    ['service', 'ports'],
  ),
  FIREWALL_OPENED: entry(
    'DIFFERENCE',
    'WARNING',
    'The load balancer of a Service lets in clients that it did not let in before.',
    ['service', 'family', 'ranges', 'rules'],
  ),
  PODS_NOT_PLACED: entry(
    'DIFFERENCE',
    'WARNING',
    'Pods that a change asks for run nowhere: no node takes them, or has an address for them.',
    ['pointer', 'change', 'pods', 'reasons'],
  ),
  CONNECTIONS_CROSS_NODE: entry(
    'DIFFERENCE',
    'WARNING',
    'Established connections through a load balancer cross a node that is drained, goes down or is removed, ' +
      'on their way to endpoints elsewhere: they end with the node.',
    [...DOOR, 'share', 'nodes', 'nodeCount'],
  ),
  CHANGE_WITHOUT_EFFECT: entry(
    'DIFFERENCE',
    'INFO',
    'A change changes nothing: what it asks for is so already, or no Service is touched by it.',
    ['pointer', 'change', 'objects', 'afterSnapshot'],
  ),
  ONLY_AFTER: entry('DIFFERENCE', 'INFO', 'What the question names is there only after the change.', [
    'pointer',
    'service',
  ]),
  ONLY_BEFORE: entry('DIFFERENCE', 'INFO', 'What the question names is there only before the change.', [
    'pointer',
    'service',
  ]),
  LOST_BEFORE_SCALING: entry(
    'ANSWER',
    'WARNING',
    'A change takes nodes out of use before a sweep scales, so that new pods avoid them as if the loss were ' +
      'known in advance.',
    ['pointer', 'lost'],
  ),
  RULE_COMMENTS_CHANGE: entry(
    'DIFFERENCE',
    'INFO',
    'The change takes the cluster over 1,000 endpoints, or back: kube-proxy leaves out the comments of its ' +
      'rules, or writes them again.',
    ['endpoints', 'limit'],
  ),
  CHECK_UNKNOWN: entry(
    'ANSWER',
    'WARNING',
    'It is not known what a change does to connections to some of the Services that it touches: the check ' +
      'has neither passed nor failed for them.',
    ['services', 'serviceCount', 'explanation'],
  ),
  CHECK_INCOMPLETE: entry(
    'ANSWER',
    'WARNING',
    'A check did not ask about all Services that the change touches: there are more than `maxServices`.',
    ['touched', 'asked', 'omitted'],
  ),
  MORE_FINDINGS: entry(
    'ANSWER',
    'INFO',
    'There are more findings of one code than an answer reports; those of the highest severity come first.',
    ['code', 'count', 'told', 'severity'],
  ),
  PROXY_MODE_NOT_AVAILABLE: entry(
    'DIFFERENCE',
    'ERROR',
    'kube-proxy cannot run in the mode that a change gives it: its version, a feature gate or the kernel is ' +
      'against it.',
    ['nodes', 'nodeCount', 'cause', 'mode'],
  ),
  NODE_PORT_ADDRESSES_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Another mode of kube-proxy no longer takes node ports on some addresses of nodes.',
    ['services', 'serviceCount', 'addresses', 'nodes', 'nodeCount'],
  ),
  LOOPBACK_NODE_PORTS_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Another mode of kube-proxy no longer takes node ports on 127.0.0.1.',
    ['services', 'serviceCount', 'nodes', 'nodeCount'],
  ),
  UNKNOWN_PORTS_CHANGED: entry(
    'DIFFERENCE',
    'INFO',
    'Connections to ports of cluster IPs that no Service has are rejected instead of not answered, or the ' +
      'other way round.',
    ['nodes', 'nodeCount', 'now'],
  ),
  PROXY_CHAINS_GONE: entry(
    'DIFFERENCE',
    'INFO',
    'Another mode of kube-proxy has no chains that rules of others could jump to, and no mark that they ' +
      'could wait for.',
    ['nodes', 'nodeCount'],
  ),
  PROXY_RULES_LEFT_BEHIND: entry(
    'DIFFERENCE',
    'INFO',
    'Rules of the mode in which kube-proxy ran before may stay on the nodes.',
    ['nodes', 'nodeCount', 'modes'],
  ),
  MASQUERADE_ALL_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'masqueradeAll was on, and the mode that a change gives kube-proxy does not have it set.',
    ['nodes', 'nodeCount'],
  ),
  NETWORK_POLICY_SELECTS_NOTHING: entry(
    'STATE',
    'WARNING',
    'A network policy selects no pod, neither one that is there nor one that a workload would make.',
    ['policy', 'selector', 'before'],
  ),
  NETWORK_POLICY_RULE_NEVER_MATCHES: entry(
    'STATE',
    'WARNING',
    'A rule of a NetworkPolicy names a namespace, a pod or a port that is not there: this part of it matches nothing.',
    ['policy', 'pointer', 'cause', 'what', 'direction', 'before'],
  ),
  NETWORK_POLICY_DOUBTFUL: entry(
    'STATE',
    'WARNING',
    'A policy has rules that nobody reads, or something that engines read in different ways.',
    ['policy', 'cause', 'pointer', 'before'],
  ),
  NETWORK_POLICIES_NOT_ENFORCED: entry(
    'STATE',
    'WARNING',
    'There are network policies, and nobody is seen who enforces them: they are probably ignored.',
    ['policies', 'policyCount', 'before'],
  ),
  NETWORK_POLICY_KIND_NOT_ENFORCED: entry(
    'STATE',
    'WARNING',
    'There are policies of a kind that the network plugin does not know: nobody enforces them.',
    ['kind', 'enforcer', 'policies', 'policyCount', 'before'],
  ),
  DNS_DENIED: entry(
    'STATE',
    'WARNING',
    "Network policies deny pods the cluster's DNS, often since egress rules forget it: they reach nothing by name.",
    ['direction', 'policy', 'policies', 'workloads', 'workloadCount', 'pods', 'podCount', 'before'],
  ),
  HEALTH_CHECK_DENIED: entry(
    'STATE',
    'WARNING',
    'Network policies deny the health checks of a load balancer: it takes out backends whose pods are well.',
    ['service', 'family', 'nodes', 'nodeCount', 'address', 'explanation', 'before'],
  ),
  CLIENT_RANGE_MASQUERADED: entry(
    'STATE',
    'WARNING',
    'A policy lets a range of outside clients in, and nodes by which they enter masquerade them: the policy ' +
      'sees the node and denies them.',
    [...PORT, 'policy', 'address', 'nodes', 'nodeCount', 'passesAt', 'seenAs', 'before'],
  ),
  NETWORK_POLICY_CUTS: entry(
    'DIFFERENCE',
    'ERROR',
    'A change of policies or labels denies new connections of workloads to a Service port that were delivered before.',
    [...PORT, 'policy', 'policies', 'direction', 'from', 'fromCount', 'share', 'explanation', 'dns'],
  ),
  NETWORK_POLICY_OPENS: entry(
    'DIFFERENCE',
    'WARNING',
    'A change of policies or labels lets in what policies denied before: workloads of other namespaces, or ' +
      'clients outside of the cluster.',
    [
      ...PORT,
      ...['policy', 'policies', 'direction', 'from', 'fromCount', 'share', 'explanation', 'namespaces'],
      ...['address', 'ranges', 'workloads', 'services', 'outside'],
    ],
  ),
  NETWORK_POLICY_ESTABLISHED: entry(
    'DIFFERENCE',
    'WARNING',
    'What becomes of established connections that a change of policies denies: the network plugin keeps them ' +
      '(INFO), cuts them, or that is not known.',
    ['established', 'enforcer', 'pairs'],
  ),
  REPLICAS_OF_AUTOSCALER: entry(
    'DIFFERENCE',
    'WARNING',
    'A change sets replicas that a HorizontalPodAutoscaler owns: it sets them otherwise. INFO where it only ' +
      'may, and for a new workload.',
    ['pointer', 'change', 'object'],
  ),
  IPVS_SCHEDULER_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Another mode of kube-proxy draws endpoints at random, where a scheduler of IPVS chose them.',
    ['scheduler', 'nodes', 'nodeCount'],
  ),
  STRICT_ARP_LEFT: entry(
    'DIFFERENCE',
    'INFO',
    'strictARP was on in ipvs mode: its sysctls stay on the nodes, and no mode but ipvs needs them.',
    ['services', 'serviceCount', 'nodes', 'nodeCount'],
  ),
  STRICT_ARP_NEEDED: entry(
    'STATE',
    'WARNING',
    'In ipvs mode without strictARP every node answers ARP requests for load balancer addresses that MetalLB ' +
      'announces from one.',
    ['services', 'serviceCount', 'nodes', 'nodeCount', 'before'],
  ),
  LOCAL_FALLBACK_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Virtual servers of a Service with externalTrafficPolicy Local fell back to endpoints of other nodes, ' +
      'and another mode of kube-proxy drops such connections.',
    ['services', 'serviceCount', 'nodes', 'nodeCount'],
  ),
  LOOPBACK_NODE_PORTS_OPENED: entry(
    'DIFFERENCE',
    'INFO',
    'Another mode of kube-proxy newly takes node ports on 127.0.0.1.',
    ['services', 'serviceCount', 'nodes', 'nodeCount'],
  ),
  CLUSTER_IP_PING_LOST: entry(
    'DIFFERENCE',
    'INFO',
    'Addresses of Services answered ping in ipvs mode, being addresses of the nodes, and no longer do.',
    ['nodes', 'nodeCount'],
  ),
  SOURCE_RANGES_CHANGED: entry(
    'DIFFERENCE',
    'INFO',
    'Source ranges of load balancers are checked elsewhere in another mode of kube-proxy; WARNING where ' +
      'processes of nodes come to be dropped.',
    ['services', 'serviceCount', 'nodes', 'nodeCount'],
  ),
  IDLE_TIMEOUTS_CHANGED: entry(
    'DIFFERENCE',
    'INFO',
    'Idle connections are forgotten after the timeouts of conntrack, no longer after those of IPVS.',
    ['nodes', 'nodeCount'],
  ),
  IPVS_CONNECTIONS_LOST: entry(
    'DIFFERENCE',
    'WARNING',
    'Open connections through Services are held by IPVS, and end when kube-proxy leaves ipvs mode and its ' +
      'virtual servers are removed.',
    ['nodes', 'nodeCount'],
  ),
  IPVS_DEPRECATED: entry('STATE', 'INFO', 'kube-proxy runs in ipvs mode, which is deprecated since Kubernetes 1.35.', [
    'nodes',
    'nodeCount',
    'before',
  ]),
  OVER_CAPACITY: entry(
    'STATE',
    'WARNING',
    'With a larger chance than `maxChance` some pod of a Service port is over its capacity under the ' +
      'traffic that the question says; ERROR where it is for certain, or in the mean.',
    [...DOOR, 'chance', 'maxChance', 'capacity', 'hottest', 'before'],
  ),
  IDLE_PODS: entry(
    'STATE',
    'INFO',
    'At least one pod of a Service port has no connection in the mean, under the traffic that the question says.',
    [...DOOR, 'expectedIdle', 'pods', 'before'],
  ),
  CONNECTION_PINNING: entry(
    'STATE',
    'WARNING',
    'A Service port has fewer connections than pods, and connections stay on their pods: some pods get ' +
      'nothing, and more replicas relieve nobody.',
    [...DOOR, 'connections', 'pods', 'before'],
  ),
  LOSS_NOT_SURVIVABLE: entry(
    'STATE',
    'WARNING',
    'When a zone or a node is lost, the pods that are left of a Service port are over their capacity under ' +
      'the traffic that the question says.',
    [...DOOR, 'lost', 'chance', 'hottest', 'before'],
  ),
  ROLLOUT_BELOW_CAPACITY: entry(
    'STATE',
    'WARNING',
    'While a workload behind a Service port is rolled out, with the fewest pods that its strategy leaves, ' +
      'pods are over their capacity under the traffic that the question says.',
    [...DOOR, 'lost', 'chance', 'hottest', 'before'],
  ),
  AUTOSCALER_BLIND: entry(
    'STATE',
    'WARNING',
    'A HorizontalPodAutoscaler looks at the average of its pods, and a pod is above the target beside it: it ' +
      'adds no replica for that pod, or more replicas would not relieve it.',
    [...PORT, 'autoscaler', 'averagePercent', 'hottestPercent', 'targetPercent', 'replicas', 'desired', 'before'],
  ),
} as const satisfies Readonly<Record<FindingCode, CodeEntry>>;

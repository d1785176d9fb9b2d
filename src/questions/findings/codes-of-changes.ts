/** Findings about what a change does, and about the answer itself. */
import { DOOR, entry, PORT, WHO } from './code-entry.js';

export const CHANGE_CODES = {
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
  FIREWALL_CLOSED: entry(
    'DIFFERENCE',
    'WARNING',
    'The load balancer of a Service no longer lets in clients that it let in before.',
    ['service', 'family', 'ranges'],
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
  REPLICAS_OF_AUTOSCALER: entry(
    'DIFFERENCE',
    'WARNING',
    'A change sets replicas that a HorizontalPodAutoscaler owns: it sets them otherwise. INFO where it only ' +
      'may, and for a new workload.',
    ['pointer', 'change', 'object'],
  ),
} as const;

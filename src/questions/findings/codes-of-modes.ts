/** Findings about modes of kube-proxy, and about what another mode does otherwise. */
import { entry } from './code-entry.js';

export const MODE_CODES = {
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
} as const;

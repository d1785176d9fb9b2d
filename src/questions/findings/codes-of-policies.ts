/** Findings about network policies. */
import { entry, PORT } from './code-entry.js';

export const POLICY_CODES = {
  NETWORK_POLICY_SELECTS_NOTHING: entry(
    'STATE',
    'WARNING',
    'A network policy selects no pod, neither one that is there nor one that a workload would make.',
    ['policy', 'selector', 'before'],
  ),
  NETWORK_POLICY_RULE_NEVER_MATCHES: entry(
    'STATE',
    'WARNING',
    'A rule names a namespace, a pod, a node or a port that is not there: this part of it matches nothing.',
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
    'A change of policies or labels denies new connections that were delivered before: of workloads to a Service port, ' +
      'of clients outside of the cluster, or (a WARNING) of workloads to addresses outside.',
    [
      ...PORT,
      ...['policy', 'policies', 'direction', 'from', 'fromCount', 'share', 'explanation', 'dns'],
      ...['address', 'ranges', 'workloads', 'services', 'ports', 'outside'],
    ],
  ),
  NETWORK_POLICY_OPENS: entry(
    'DIFFERENCE',
    'WARNING',
    'A change of policies or labels lets pass what policies denied before: from workloads of other namespaces or ' +
      'clients outside of the cluster, or from workloads to addresses outside.',
    [
      ...PORT,
      ...['policy', 'policies', 'direction', 'from', 'fromCount', 'share', 'explanation', 'namespaces'],
      ...['address', 'ranges', 'workloads', 'services', 'ports', 'outside'],
    ],
  ),
  NETWORK_POLICY_ESTABLISHED: entry(
    'DIFFERENCE',
    'WARNING',
    'What becomes of established connections that a change of policies denies: the network plugin keeps them ' +
      '(INFO), cuts them, or that is not known.',
    ['established', 'enforcer', 'pairs'],
  ),
} as const;

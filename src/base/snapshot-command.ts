/** The kinds that a snapshot should hold, as `kubectl get` takes them. README.md, docs/ and openapi/ name the same. */
export const SNAPSHOT_KINDS =
  'nodes,pods,services,endpointslices,deployments,replicasets,statefulsets,daemonsets,namespaces,networkpolicies';

/** What prints a snapshot. */
export const SNAPSHOT_COMMAND = `kubectl get ${SNAPSHOT_KINDS} -A -o json`;

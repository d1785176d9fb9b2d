/** Which kinds are validated, and by what. */
import { type ApiFault, Faults } from '../faults.js';
import type { Fields } from '../read-fields.js';
import type { AddressRules } from './address-rules.js';
import { checkConfigMap } from './config-map.js';
import { checkEndpointSlice } from './endpoint-slice.js';
import { checkEndpoints } from './endpoints.js';
import { checkNamespace } from './namespace.js';
import { checkNetworkPolicy } from './network-policy.js';
import { checkNode } from './node.js';
import { checkPod } from './pod.js';
import { checkWorkload } from './workloads.js';

type Check = (before: Fields | undefined, after: Fields, faults: Faults, rules: AddressRules) => void;

const workload =
  (kind: string): Check =>
  (before, after, faults, rules) =>
    checkWorkload(kind, before, after, faults, rules);

/** The kinds that are validated; Services beside them, with what is allocated for them. */
const CHECKS: ReadonlyMap<string, Check> = new Map<string, Check>([
  ['ConfigMap', checkConfigMap],
  ['DaemonSet', workload('DaemonSet')],
  ['Deployment', workload('Deployment')],
  ['EndpointSlice', checkEndpointSlice],
  ['Endpoints', checkEndpoints],
  ['Namespace', checkNamespace],
  ['NetworkPolicy', checkNetworkPolicy],
  ['Node', checkNode],
  ['Pod', checkPod],
  ['ReplicaSet', workload('ReplicaSet')],
  ['StatefulSet', workload('StatefulSet')],
]);

/**
 * Why the API server refuses an object, new (`before` undefined) or changed, both with their defaults; empty where it
 * does not. What was not valid before (a trimmed snapshot, an older API server) is not reported again.
 */
export function validate(
  kind: string,
  before: Fields | undefined,
  after: Fields,
  rules: AddressRules,
): readonly ApiFault[] {
  const check = CHECKS.get(kind);
  if (check === undefined) return [];
  const faults = new Faults();
  check(before, after, faults, rules);
  if (before === undefined || !faults.any) return faults.list;
  const former = new Faults();
  check(before, before, former, rules);
  const known = new Set(former.list.map((fault) => JSON.stringify(fault)));
  return faults.list.filter((fault) => !known.has(JSON.stringify(fault)));
}

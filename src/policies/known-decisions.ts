/** What policies say of connections that they do not tell apart, decided once for each cluster. */
import { remember } from '../base/remember.js';
import { type Cluster, podAddresses } from '../cluster/cluster.js';
import type { Pod } from '../cluster/objects.js';
import { type Decision, decide } from './evaluate.js';
import type { Direction, Flow } from './flow.js';
import { podClassNumber } from './pod-class.js';
import type { AdminApis } from './policy-set.js';

/** So many decisions are kept of a cluster. */
const KEPT = 20_000;

const ofClusters = new WeakMap<Cluster, Map<string, Decision>>();

/**
 * What {@link decide} says, kept for connections between two pods: pods of one class are decided alike, and a decision
 * names policies and rules, never pods. Where one end is no pod it is decided each time.
 */
export function knownDecision(
  cluster: Cluster,
  direction: Direction,
  flow: Flow,
  pod: Pod | undefined,
  apis: AdminApis,
): Decision {
  const { source, destination, protocol, port, blocks, isHairpin } = flow;
  const [own, other] = direction === 'EGRESS' ? [source, destination] : [destination, source];
  if (pod === undefined || own.pod !== pod || other.pod === undefined || other.pod === pod || other.node !== undefined)
    return decide(cluster, direction, flow, pod, apis);
  // Its class says in which networks the addresses are that it has.
  if (!podAddresses(other.pod).includes(other.address)) return decide(cluster, direction, flow, pod, apis);
  const known = remember(ofClusters, cluster, () => new Map<string, Decision>());
  const classes = `${podClassNumber(cluster, pod)} ${podClassNumber(cluster, other.pod)}`;
  const ends = `${classes} ${other.address.includes(':')}`;
  const key = `${direction} ${ends} ${protocol} ${port} ${blocks} ${isHairpin} ${apis.anp} ${apis.cnp}`;
  if (known.size >= KEPT) known.clear();
  return remember(known, key, () => decide(cluster, direction, flow, pod, apis));
}

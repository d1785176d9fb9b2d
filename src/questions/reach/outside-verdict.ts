/** What the policies of a pod say of a connection between it and an address outside of the cluster. */
import type { Pod } from '../../cluster/objects.js';
import { asRead, judge } from '../../path/judge.js';
import { enforcementOf } from '../../policies/enforcer.js';
import type { Decision } from '../../policies/evaluate.js';
import type { Direction, End } from '../../policies/flow.js';
import type { Prepared } from '../prepare.js';

/** A port that is asked for. */
export interface Asked {
  readonly port: number;
  readonly protocol: string;
}

/** What policies say, and which of them where they deny; none: the network plugin denies by default. */
export interface OutsideVerdict {
  readonly verdict: Decision['verdict'];
  readonly policies: readonly string[];
}

/** Judges a connection of a pod, at one of its addresses, with a node or an address outside, as the plugin does. */
export function outsideVerdict(
  { cluster, settings }: Pick<Prepared, 'cluster' | 'settings'>,
  direction: Direction,
  { pod, own }: { readonly pod: Pod; readonly own: string },
  { address, node }: Pick<End, 'address' | 'node'>,
  { port, protocol }: Asked,
): OutsideVerdict {
  const { enforced, by } = enforcementOf(cluster, settings.network.policies);
  if (!enforced) return { verdict: 'ALLOW', policies: [] };
  const [here, there] = [{ address: own, pod }, node === undefined ? { address } : { address, node }];
  const [source, destination] = direction === 'EGRESS' ? [here, there] : [there, here];
  const flow = asRead({ source, destination, protocol, port }, by);
  const point = { node: pod.spec?.nodeName ?? '', direction, pod, flow };
  const { decision, ending } = judge(cluster, point, pod, by);
  const { isolatedBy, decidedBy } = decision;
  return {
    verdict: ending === undefined ? 'ALLOW' : ending.verdict === 'UNKNOWN' ? 'UNKNOWN' : 'DENY',
    policies: decidedBy === undefined ? isolatedBy : [`${decidedBy.kind} ${decidedBy.policy}`],
  };
}

/**
 * What new NetworkPolicies close beside pairs of workloads and Services. They isolate their pods: where nothing did
 * before, as where the baseline alone denied, whoever no rule names is cut off.
 */
import { addressOf } from '../../base/address.js';
import { nodeAddresses } from '../../cluster/addresses.js';
import { podAddresses } from '../../cluster/cluster.js';
import type { Pod } from '../../cluster/objects.js';
import type { Finding, PathPolicy } from '../../contract/answers.js';
import { type Direction, isPoliced } from '../../policies/flow.js';
import { policySetOf } from '../../policies/policy-set.js';
import { ownersIn } from '../check/added-policies.js';
import type { Prepared } from '../prepare.js';
import { outsideFindings } from '../reach/outside-changes.js';
import { egressFindings } from '../reach/outside-egress.js';
import { type Asked, outsideVerdict } from '../reach/outside-verdict.js';

/** The pods among those that deny which policies isolate in a direction after a change alone. */
function newlyIsolated(before: Prepared, after: Prepared, said: readonly PathPolicy[], direction: Direction) {
  const found = new Map<Pod, Asked>();
  for (const policy of said) {
    const pod = after.cluster.pods.get(policy.pod);
    if (policy.verdict !== 'DENY' || policy.direction !== direction || pod === undefined || !isPoliced(pod)) continue;
    const [was, is] = [before, after].map(({ cluster }) => policySetOf(cluster).isolating(pod, direction).names.length);
    const { port, protocol = 'TCP' } = policy;
    if (was === 0 && is !== 0 && port !== undefined) found.set(pod, { port, protocol });
  }
  return found;
}

/** Whether processes of some other node came to a pod before a change, and are denied after it. */
function cutsNodes(before: Prepared, after: Prepared, pod: Pod, asked: Asked): boolean {
  return [...after.cluster.nodes.values()].some((node) => {
    if (node.metadata.name === pod.spec?.nodeName) return false;
    return nodeAddresses(node).some((address) => {
      const family = addressOf(address)?.family;
      const own = podAddresses(pod).find((text) => addressOf(text)?.family === family);
      if (own === undefined) return false;
      const verdictIn = (side: Prepared) =>
        outsideVerdict(side, 'INGRESS', { pod, own }, { address, node }, asked).verdict;
      return verdictIn(before) === 'ALLOW' && verdictIn(after) === 'DENY';
    });
  });
}

const textsOf = ({ evidence }: Finding, field: string) => evidence[field] as readonly string[];

/**
 * Whom new policies cut off that pairs of workloads and Services do not have: processes of nodes, clients outside, and
 * addresses outside. `said`: what policies say of the ways that the new ones are for.
 */
export function closedByIsolation(before: Prepared, after: Prepared, said: readonly PathPolicy[]): readonly string[] {
  const ownerOf = ownersIn(after.cluster);
  const closed = new Set<string>();
  const receivers = newlyIsolated(before, after, said, 'INGRESS');
  for (const [pod, asked] of receivers) {
    const name = ownerOf.get(pod);
    if (name !== undefined && cutsNodes(before, after, pod, asked)) closed.add(`processes of other nodes to ${name}`);
  }
  const cuts = (findings: readonly Finding[]) => findings.filter(({ code }) => code === 'NETWORK_POLICY_CUTS');
  for (const cut of receivers.size === 0 ? [] : cuts(outsideFindings(before, after))) {
    const ranges = textsOf(cut, 'ranges').join(', ');
    for (const name of textsOf(cut, 'workloads')) closed.add(`clients outside (${ranges}) to ${name}`);
  }
  const senders = new Set(
    [...newlyIsolated(before, after, said, 'EGRESS').keys()].flatMap((pod) => ownerOf.get(pod) ?? []),
  );
  for (const cut of senders.size === 0 ? [] : cuts(egressFindings(before, after, senders))) {
    const where = `${textsOf(cut, 'ranges').join(', ')}; ${textsOf(cut, 'ports').join(', ')}`;
    for (const name of textsOf(cut, 'workloads')) closed.add(`${name} to addresses outside (${where})`);
  }
  return [...closed];
}

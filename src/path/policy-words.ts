/** What policies decided, in words. */
import { namespacedName } from '../cluster/objects.js';
import type { Decision } from '../policies/evaluate.js';
import type { Direction, End, Flow } from '../policies/flow.js';

const WORDS: Readonly<Record<string, string>> = {
  PEER: 'the peer does not match',
  NAMESPACE: 'the namespace does not match',
  PORT: 'the port does not match',
  PROTOCOL: 'the protocol does not match',
  FAMILY: 'the network is of the other family',
};

function named(policies: readonly string[]): string {
  const few = policies.slice(0, 3).join(', ');
  return policies.length > 3 ? `${few} and ${policies.length - 3} more` : few;
}

/** An end of a connection as policies see it: its address, and whose that is. */
function endText({ address, pod, node }: End): string {
  if (pod !== undefined) return `${address} of ${namespacedName(pod)}`;
  return node === undefined ? address : `${address} of node ${node.metadata.name}`;
}

/** What policies decided, in a sentence; `before` says where, if that is not where the packet is. */
export function sentence(
  direction: Direction,
  pod: string,
  flow: Flow,
  decision: Decision,
  node?: string,
  before = '',
): string {
  const { verdict, tier, isolatedBy, decidedBy, passedBy, nearest, unknown } = decision;
  const way = direction === 'EGRESS' ? 'egress' : 'ingress';
  const to = `${flow.protocol}${flow.port === undefined ? '' : ` port ${flow.port}`}`;
  const about =
    direction === 'EGRESS'
      ? `${pod} to ${endText(flow.destination)}, ${to}`
      : `${endText(flow.source)} to ${pod}, ${to}`;
  const start = `${before}${way} policies (${about})`;
  if (unknown !== undefined) return `${start}: ${unknown}`;
  if (decidedBy !== undefined) {
    const word = verdict === 'ALLOW' ? 'lets it pass' : 'denies it';
    return `${start}: rule ${decidedBy.rule} of ${decidedBy.kind} ${decidedBy.policy} ${word}`;
  }
  if (tier === 'NODE') return `${start}: it comes from the pod's own node, which policies never cut off`;
  if (tier === 'SELF') return `${start}: a pod reaches itself whatever policies say`;
  const { allowedBy } = decision;
  if (verdict === 'ALLOW' && allowedBy.length > 0) {
    return `${start}: let through by ${named(allowedBy.map(({ policy, rule }) => `rule ${rule} of ${policy}`))}`;
  }
  if (verdict === 'ALLOW' && passedBy !== undefined) {
    const { rule, kind, policy } = passedBy;
    return `${start}: rule ${rule} of ${kind} ${policy} passes it on, and nothing else applies`;
  }
  if (verdict === 'ALLOW') return `${start}: none applies`;
  if (tier === 'DEFAULT') return `${start}: no policy selects the pod, and the network plugin denies by default`;
  const own =
    direction === 'EGRESS' && flow.destination.node !== undefined && flow.destination.node.metadata.name === node
      ? ' (by the documentation a pod reaches its own node whatever policies say; network plugins deny it)'
      : '';
  const near =
    nearest === undefined
      ? 'they have no rule for it'
      : `no rule matches; nearest is rule ${nearest.rule} of ${nearest.policy}: ${WORDS[nearest.reason]}`;
  return `${start}: isolated by ${named(isolatedBy)}; ${near}${own}`;
}

/**
 * Network policies on a packet's way through a node: at the node of the pod that sends it, and at that of the pod that
 * gets it, after DNAT and before SNAT, both with the source that the packet came to this node with.
 */
import { nodeOfAddress, podOfAddress } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { policiesOf } from '../cluster/network-policies.js';
import { namespacedName, type Pod } from '../cluster/objects.js';
import { resourceName } from '../cluster/resources.js';
import type { Packet } from '../netfilter/packet.js';
import { type Enforcement, enforcementOf } from '../policies/enforcer.js';
import { type Decision, decide } from '../policies/evaluate.js';
import type { Direction, End, Flow } from '../policies/flow.js';
import { ALL_APIS, foreignPoliciesOf } from '../policies/policy-set.js';
import type { Fabric } from './fabric.js';
import { isWire } from './host.js';
import { type Branch, type Ending, hostStep } from './trail.js';

/** A branch after policies, with its end where they do not let it pass. */
export interface Policed {
  readonly branch: Branch;
  readonly ending?: Ending;
}

const WORDS: Readonly<Record<string, string>> = {
  PEER: 'the peer does not match',
  NAMESPACE: 'the namespace does not match',
  PORT: 'the port does not match',
  PROTOCOL: 'the protocol does not match',
  FAMILY: 'the network is of the other family',
};

/** How near a rule of the NetworkPolicies came, the nearest first. */
const NEAREST = ['PORT', 'PROTOCOL', 'PEER', 'NAMESPACE', 'FAMILY'];

function endOf(fabric: Fabric, address: string): End {
  const pod = podOfAddress(fabric.cluster, address);
  if (pod !== undefined) return { address, pod };
  const node = nodeOfAddress(fabric.cluster, address);
  if (node !== undefined) return { address, node };
  return fabric.places.locate(address).kind === 'POD' ? { address, isSomePod: true } : { address };
}

function named(policies: readonly string[]): string {
  const few = policies.slice(0, 3).join(', ');
  return policies.length > 3 ? `${few} and ${policies.length - 3} more` : few;
}

/** What a decision says, in a sentence. */
function sentence(direction: Direction, pod: string, flow: Flow, decision: Decision): string {
  const { verdict, tier, isolatedBy, allowedBy, decidedBy, refusals, unknown } = decision;
  const way = direction === 'EGRESS' ? 'egress' : 'ingress';
  const to = `${flow.protocol}${flow.port === undefined ? '' : ` port ${flow.port}`}`;
  const about =
    direction === 'EGRESS' ? `${pod} to ${flow.destination.address}, ${to}` : `${flow.source.address} to ${pod}, ${to}`;
  const start = `${way} policies (${about})`;
  if (unknown !== undefined) return `${start}: ${unknown}`;
  if (decidedBy !== undefined) {
    const word = verdict === 'ALLOW' ? 'lets it pass' : 'denies it';
    return `${start}: rule ${decidedBy.rule} of ${decidedBy.kind} ${decidedBy.policy} ${word}`;
  }
  if (tier === 'NODE') return `${start}: it comes from the pod's own node, which policies never cut off`;
  if (tier === 'SELF') return `${start}: a pod reaches itself whatever policies say`;
  if (verdict === 'ALLOW' && allowedBy.length > 0) {
    return `${start}: let through by ${named(allowedBy.map(({ policy, rule }) => `rule ${rule} of ${policy}`))}`;
  }
  if (verdict === 'ALLOW') return `${start}: none applies`;
  const nearest = [...refusals].sort((a, b) => NEAREST.indexOf(a.reason) - NEAREST.indexOf(b.reason))[0];
  const near =
    nearest === undefined
      ? 'they have no rule for it'
      : `no rule matches; nearest is rule ${nearest.rule} of ${nearest.policy}: ${WORDS[nearest.reason]}`;
  return `${start}: isolated by ${named(isolatedBy)}; ${near}`;
}

function tellEnforcement(fabric: Fabric, { value, why }: Enforcement): void {
  fabric.assumptions.add('settings.network.policies', value, why);
}

interface Judged {
  readonly direction: Direction;
  readonly pod: Pod;
}

/** What is to be judged on this node: the sender's egress, the receiver's ingress. */
function judgedAt(
  { cluster }: { readonly cluster: Cluster },
  node: string,
  packet: Packet,
  fromPod: boolean,
  toPod: string | undefined,
  reachesPod: boolean,
): readonly Judged[] {
  const sender = fromPod ? podOfAddress(cluster, packet.source) : undefined;
  const receiver = reachesPod
    ? (cluster.pods.get(toPod ?? '') ?? podOfAddress(cluster, packet.destination))
    : undefined;
  return [
    ...(sender?.spec?.nodeName === node ? [{ direction: 'EGRESS', pod: sender } as const] : []),
    ...(receiver === undefined ? [] : [{ direction: 'INGRESS', pod: receiver } as const]),
  ];
}

/**
 * Takes a packet through the policies at a node. `fromPod`: it came to this node from one of its pods; `receiver`: the pod of
 * this node that it is for. Both directions are evaluated, even where the first denies.
 */
export function policed(
  fabric: Fabric,
  node: string,
  branch: Branch,
  receiver: { readonly pod?: string } | undefined,
  entry: 'PREROUTING' | 'OUTPUT',
): Policed {
  const { cluster, settings } = fabric;
  if (policiesOf(cluster).length === 0) return { branch };
  const { packet } = branch;
  const fromPod = entry === 'PREROUTING' && !isWire(packet.inInterface);
  const judged = judgedAt(fabric, node, packet, fromPod, receiver?.pod, receiver !== undefined);
  if (judged.length === 0) return { branch };
  const enforcement = enforcementOf(cluster, settings.network.policies);
  const { by } = enforcement;
  const flow: Flow = {
    source: endOf(fabric, packet.source),
    destination: endOf(fabric, packet.destination),
    protocol: packet.protocol,
    port: packet.destinationPort,
    ...(by?.blocksMatchInside === false ? { blocksMatchOutsideOnly: true } : {}),
  };
  let { trail } = branch;
  let ending: Ending | undefined;
  for (const { direction, pod } of judged) {
    const name = namespacedName(pod);
    const apis = by?.admin ?? ALL_APIS;
    const decision = decide(cluster, direction, flow, pod, apis);
    const isSelected = decision.tier !== 'DEFAULT' && decision.tier !== 'NONE' && decision.tier !== 'SELF';
    const [foreign] = foreignPoliciesOf(cluster, pod);
    if (isSelected || foreign !== undefined) tellEnforcement(fabric, enforcement);
    if (!enforcement.enforced) continue;
    if (decision.verdict === 'UNKNOWN' && flow.source.isSomePod === true) {
      const why =
        'Some pod, with no labels and in no namespace that is known, stands for the client: a rule that selects pods may match it, and is taken to.';
      fabric.assumptions.add('clients.policies', 'let through where a rule selects pods', why);
      continue;
    }
    if (isSelected) {
      const { verdict, tier, isolatedBy, allowedBy, decidedBy, passedBy, refusals } = decision;
      trail = hostStep(trail, {
        action: 'NETWORK_POLICY',
        detail: sentence(direction, name, flow, decision),
        policy: {
          direction,
          pod: name,
          verdict,
          tier,
          source: packet.source,
          isolatedBy: [...isolatedBy],
          allowedBy: [...allowedBy],
          ...(decidedBy === undefined ? {} : { decidedBy }),
          ...(passedBy === undefined ? {} : { passedBy }),
          refusals: [...refusals],
        },
      });
    }
    const end = endingOf(node, direction, name, flow, decision, by?.denial ?? 'DROP');
    if (end !== undefined && (ending === undefined || ending.verdict === 'UNKNOWN')) ending = end;
    if (ending === undefined && foreign !== undefined && decision.tier !== 'SELF') {
      const detail = `${resourceName(foreign)} selects ${name}: what it lets through is not evaluated`;
      ending = { verdict: 'UNKNOWN', cause: 'NETWORK_POLICY', detail };
    }
  }
  const done: Branch = { chance: branch.chance, packet, trail, tracked: branch.tracked };
  return ending === undefined ? { branch: done } : { branch: done, ending };
}

function endingOf(
  node: string,
  direction: Direction,
  pod: string,
  flow: Flow,
  decision: Decision,
  denial: 'DROP' | 'REJECT',
): Ending | undefined {
  const detail = `${node}: ${sentence(direction, pod, flow, decision)}`;
  if (decision.verdict === 'UNKNOWN') return { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail };
  if (decision.verdict !== 'DENY') return undefined;
  return { verdict: denial === 'REJECT' ? 'REJECTED' : 'DROPPED', cause: 'NETWORK_POLICY', detail };
}

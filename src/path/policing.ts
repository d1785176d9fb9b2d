/**
 * Network policies on a packet's way through a node: at the node of the pod that sends it, and at that of the pod that
 * gets it, after DNAT and before SNAT, both with the source that the packet came to this node with.
 */
import { firstHost } from '../base/address.js';
import { whenRead } from '../base/when-read.js';
import { nodeOfAddress, podOfAddress } from '../cluster/addresses.js';
import { policiesOf } from '../cluster/network-policies.js';
import { namespacedName, type Pod } from '../cluster/objects.js';
import type { PathPolicy } from '../contract/answers.js';
import type { Packet } from '../netfilter/packet.js';
import { type Enforcement, type Enforcer, enforcementOf } from '../policies/enforcer.js';
import { type Decision, decide } from '../policies/evaluate.js';
import type { End, Flow } from '../policies/flow.js';
import { hasEgressPolicies } from '../policies/policy-set.js';
import type { Fabric } from './fabric.js';
import { isWire } from './host.js';
import { asRead, firstEnding, isSelected, type Judgement, judge } from './judge.js';
import type { PolicyPoint } from './policy-point.js';
import { sentence } from './policy-words.js';
import { type Branch, type Ending, type HostStep, hostStep, policyPoint } from './trail.js';

/** A branch after policies, with its end where they do not let it pass. */
export interface Policed {
  readonly branch: Branch;
  readonly ending?: Ending;
}

function endOf(fabric: Fabric, address: string): End {
  const pod = podOfAddress(fabric.cluster, address);
  if (pod !== undefined) return { address, pod };
  const node = nodeOfAddress(fabric.cluster, address);
  if (node !== undefined) return { address, node };
  return fabric.places.locate(address).kind === 'POD' ? { address, isSomePod: true } : { address };
}

function tellEnforcement(fabric: Fabric, { value, why }: Enforcement): void {
  fabric.assumptions.add('settings.network.policies', value, why);
}

/** Which policies select some pod is not known: of what it sends itself none is asked. */
function tellOwnEgress(fabric: Fabric): void {
  if (fabric.recordsPolicies || !hasEgressPolicies(fabric.cluster)) return;
  const why =
    'Some pod, with no labels and in no namespace that is known, stands for the client: policies of what pods send ' +
    '(egress) may select the pods that connect, and are taken not to.';
  fabric.assumptions.add('clients.egressPolicies', 'none', why);
}

/** Where policies act on this node: on the sender's egress, and on the receiver's ingress. */
function pointsAt(
  fabric: Fabric,
  node: string,
  packet: Packet,
  fromPod: boolean,
  receiver: { readonly pod?: string } | undefined,
  flow: Flow,
): readonly PolicyPoint[] {
  const { cluster } = fabric;
  const sender = fromPod ? podOfAddress(cluster, packet.source) : undefined;
  const some = fabric.recordsPolicies && fromPod && sender === undefined;
  const to =
    receiver === undefined
      ? undefined
      : (cluster.pods.get(receiver.pod ?? '') ?? podOfAddress(cluster, packet.destination));
  return [
    ...(sender?.spec?.nodeName === node || some ? [{ node, direction: 'EGRESS', pod: sender, flow } as const] : []),
    ...(to === undefined ? [] : [{ node, direction: 'INGRESS', pod: to, flow } as const]),
  ];
}

/**
 * The step that says what policies decided and why. Both are worked out when they are read: of the many ways of a
 * packet few are shown.
 */
class PolicyStep implements HostStep {
  readonly action = 'NETWORK_POLICY' as const;
  #policy: PathPolicy | undefined;

  constructor(
    private readonly acted: PolicyPoint,
    private readonly name: string,
    private readonly decision: Decision,
    private readonly lead: string,
  ) {}

  get detail(): string {
    const { direction, flow, node } = this.acted;
    return sentence(direction, this.name, flow, this.decision, node, this.lead);
  }

  get policy(): PathPolicy {
    this.#policy ??= this.#read();
    return this.#policy;
  }

  forPod(pod: Pod, address: string): PolicyStep {
    const acted = { ...this.acted, flow: { ...this.acted.flow, destination: { address, pod } } };
    const name = acted.direction === 'INGRESS' ? namespacedName(pod) : this.name;
    return new PolicyStep(acted, name, this.decision, this.lead);
  }

  #read(): PathPolicy {
    const { direction, flow } = this.acted;
    const { decision } = this;
    const { verdict, tier, isolatedBy, decidedBy, passedBy } = decision;
    const read = {
      direction,
      pod: this.name,
      verdict,
      tier,
      source: flow.source.address,
      destination: flow.destination.address,
      ...(flow.port === undefined ? {} : { port: flow.port }),
      protocol: flow.protocol as NonNullable<PathPolicy['protocol']>,
      isolatedBy: [...isolatedBy],
      allowedBy: [...decision.allowedBy],
      ...(decidedBy === undefined ? {} : { decidedBy }),
      ...(passedBy === undefined ? {} : { passedBy }),
    };
    // Of a denial by many rules, or at many pods, they are more than all else.
    return whenRead(read, 'refusals', () => [...decision.refusals]);
  }
}

/** The step that says what policies decided; undefined where none selects the pod. */
function stepOf(
  point: PolicyPoint,
  pod: Pod,
  { decision, isTakenToPass }: Judgement,
  before = '',
): HostStep | undefined {
  if (isTakenToPass || !isSelected(decision)) return undefined;
  return new PolicyStep(point, namespacedName(pod), decision, before);
}

/**
 * Takes a packet through the policies at a node. `entry`: whether it came in or a process of the node sent it;
 * `receiver`: the pod of this node that it is for; `leaving`: the packet as this node masquerades it. Both directions
 * are evaluated, even where the first denies. The trail has every place where they act; where the fabric records
 * policies nothing else is done.
 */
export function policed(
  fabric: Fabric,
  node: string,
  branch: Branch,
  receiver: { readonly pod?: string } | undefined,
  entry: 'PREROUTING' | 'OUTPUT',
  leaving: () => Packet = () => branch.packet,
): Policed {
  const { cluster, settings } = fabric;
  const enforcement = enforcementOf(cluster, settings.network.policies);
  if (policiesOf(cluster).length === 0 && enforcement.by?.deniesByDefault !== true) return { branch };
  const { packet } = branch;
  const fromPod = entry === 'PREROUTING' && !isWire(packet.inInterface);
  if (!fromPod && receiver === undefined) return { branch };
  const { by } = enforcement;
  const passing = flowOf(fabric, packet, by);
  // A process of this node is this node, whatever address it sends from: in ipvs mode that of the Service, which is
  // local there.
  const own = entry === 'OUTPUT' && passing.source.node === undefined ? cluster.nodes.get(node) : undefined;
  const flow = own === undefined ? passing : { ...passing, source: { address: packet.source, node: own } };
  let { trail } = branch;
  let ending: Ending | undefined;
  if (fromPod && flow.source.isSomePod === true && enforcement.enforced) tellOwnEgress(fabric);
  for (const plain of pointsAt(fabric, node, packet, fromPod, receiver, flow)) {
    const point = seenBy(fabric, plain, packet, by, leaving);
    if (fabric.recordsPolicies || point.pod === undefined) {
      trail = policyPoint(trail, point);
      continue;
    }
    const judged = judge(cluster, point, point.pod, by);
    trail = policyPoint(trail, point, !enforcement.enforced || judged.ending === undefined);
    if (judged.isConcerned) tellEnforcement(fabric, enforcement);
    if (!enforcement.enforced) continue;
    tellSeen(fabric, point, judged, by);
    tellHairpin(fabric, point, judged, enforcement);
    if (judged.isTakenToPass) {
      const why =
        'Some pod, with no labels and in no namespace that is known, stands for the client: a rule that ' +
        'selects pods may match it, and is taken to.';
      fabric.assumptions.add('clients.policies', 'let through where a rule selects pods', why);
    }
    const step = stepOf(point, point.pod, judged);
    if (step !== undefined) trail = hostStep(trail, step);
    ending = firstEnding(ending, judged.ending);
  }
  const done: Branch = { chance: branch.chance, packet, trail, tracked: branch.tracked };
  return ending === undefined ? { branch: done } : { branch: done, ending };
}

/** The address of the gateway of a node's pods: the first of its pod CIDR. */
function gatewayOf(fabric: Fabric, node: string): string | undefined {
  const [cidr] = fabric.book.addressesOf(node).podCidrs;
  return cidr && firstHost(cidr);
}

/** Where a packet was sent that this node sends on: by DNAT, or by IPVS. */
function sentToOf({ connection, balanced, destinationPort }: Packet): PolicyPoint['sentTo'] {
  if (balanced !== undefined) return { address: balanced.address, port: balanced.port };
  const { dnat, originalDestination: address, originalDestinationPort: port = destinationPort } = connection;
  return dnat && address !== undefined ? { address, port } : undefined;
}

/**
 * A point as the plugin sees it: one that polices after SNAT sees what this node masquerades as coming from the gateway
 * of its pods, on the pod's own node too (antrea-io/antrea PR 1816). One that polices before DNAT sees where the pod
 * sent the packet.
 */
function seenBy(
  fabric: Fabric,
  point: PolicyPoint,
  packet: Packet,
  by: Enforcer | undefined,
  leaving: () => Packet,
): PolicyPoint {
  const { node, direction, flow } = point;
  if (by?.seesServices === true && direction === 'EGRESS') {
    const sentTo = sentToOf(packet);
    return sentTo === undefined ? point : { ...point, sentTo };
  }
  if (by?.seesMasqueraded !== true || direction !== 'INGRESS') return point;
  if (leaving().source === flow.source.address) return point;
  const gateway = gatewayOf(fabric, node);
  return gateway === undefined ? point : { ...point, flow: { ...flow, source: { address: gateway } } };
}

/**
 * Says what is taken of a pod that reaches itself through a Service, where its NetworkPolicies have no rule for that:
 * some plugins judge it as they judge any other connection (Calico, in FORWARD).
 */
function tellHairpin(fabric: Fabric, point: PolicyPoint, { decision }: Judgement, enforcement: Enforcement): void {
  const { flow, pod } = point;
  if (pod === undefined || decision.tier !== 'SELF' || flow.isHairpin !== true) return;
  // A copy is another pod to policies, with the same labels.
  const alike = { ...point, flow: { ...flow, source: { ...flow.source, pod: { ...pod } } } };
  if (judge(fabric.cluster, alike, pod, enforcement.by, decide).decision.verdict !== 'DENY') return;
  const why =
    'A pod that reaches itself through a Service is taken to be let through whatever NetworkPolicies say. Some network ' +
    `plugins judge it like any other connection: there the policies of ${namespacedName(pod)} deny it.`;
  fabric.assumptions.add('policies.hairpin', 'let through', why);
  tellEnforcement(fabric, enforcement);
}

/** Says what a decision rests on where plugins, or networks of pods, may see another source. */
function tellSeen(
  fabric: Fabric,
  point: PolicyPoint,
  { decision, isConcerned }: Judgement,
  by: Enforcer | undefined,
): void {
  const { node, direction, pod, flow } = point;
  if (direction !== 'INGRESS' || pod === undefined || !isConcerned) return;
  const sender = flow.source.node?.metadata.name;
  const judgedAs = (source: End) =>
    judge(fabric.cluster, { ...point, flow: { ...flow, source } }, pod, by).decision.verdict;
  if (decision.tier === 'NODE' && by?.rootOnly === true && judgedAs({ address: flow.source.address }) === 'DENY') {
    const why =
      `${by.name} lets only connections of root from the pod's own node through whatever policies say; those ` +
      "of other users are judged by the node's address, and denied here.";
    fabric.assumptions.add('policies.ownNode', 'connections of root, as kubelet makes them', why);
  }
  if (sender === undefined || sender === node) return;
  const tunnel = gatewayOf(fabric, sender);
  if (tunnel === undefined || judgedAs({ address: tunnel }) === decision.verdict) return;
  const why =
    `What ${sender} masquerades is taken to come from its InternalIP. Where pods of other nodes are reached ` +
    "by a tunnel (VXLAN, IPIP) it comes from the tunnel's " +
    `address instead, usually of the node's pod CIDR, and policies decide otherwise of that.`;
  fabric.assumptions.add('policies.masqueradedSource', flow.source.address, why);
}

/**
 * A branch that the sender's policies end, with what the receiver's policies say all the same: both directions are
 * evaluated. Where it is not known whether the sender's let it pass and the receiver's deny it, it ends denied.
 * `leaving` is the packet as it would leave this node. Returns `ended` where the receiver is no pod of another node.
 */
export function foreseen(
  fabric: Fabric,
  node: string,
  ended: { readonly branch: Branch; readonly ending: Ending },
  leaving: () => Packet,
): { readonly branch: Branch; readonly ending: Ending } {
  const { branch, ending } = ended;
  const { cluster, settings } = fabric;
  // Where it goes is settled: what a node does last is to masquerade it.
  const pod = podOfAddress(cluster, branch.packet.destination);
  const at = pod?.spec?.nodeName;
  if (pod === undefined || at === undefined || at === node || fabric.recordsPolicies) return ended;
  const { by } = enforcementOf(cluster, settings.network.policies);
  const flow = flowOf(fabric, leaving(), by);
  const point: PolicyPoint = { node: at, direction: 'INGRESS', pod, flow };
  const judged = judge(cluster, point, pod, by);
  const comes = ending.verdict === 'UNKNOWN' ? 'if it comes there' : 'where it does not come';
  const step = stepOf(point, pod, judged, `at ${at}, ${comes}: `);
  if (step === undefined) return ended;
  return {
    branch: { ...branch, trail: hostStep(branch.trail, step) },
    ending: firstEnding(ending, judged.ending) ?? ending,
  };
}

function flowOf(fabric: Fabric, packet: Packet, by: Enforcer | undefined): Flow {
  const flow: Flow = {
    source: endOf(fabric, packet.source),
    destination: endOf(fabric, packet.destination),
    protocol: packet.protocol,
    port: packet.destinationPort,
    ...(packet.connection.dnat || packet.balanced !== undefined ? { isHairpin: true } : {}),
  };
  return asRead(flow, by);
}

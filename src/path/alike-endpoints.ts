/**
 * Packets that a node's first hook has sent to pods which nothing on the way tells apart: what follows for one of them
 * follows for the others. Rules of kube-proxy name a pod's address where they choose it and where it connects to
 * itself, and nowhere behind that.
 */
import { addressOf, type Cidr, cidrContains, networkOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import { podOfAddress } from '../cluster/addresses.js';
import type { Cluster } from '../cluster/cluster.js';
import { policiesOf } from '../cluster/network-policies.js';
import type { Pod } from '../cluster/objects.js';
import type { Settings } from '../cluster/settings.js';
import type { PathPolicy } from '../contract/answers.js';
import type { Balancer } from '../load-balancers/balancer.js';
import { serviceOfAddress } from '../load-balancers/balancer-addresses.js';
import { copyOf, type Packet } from '../netfilter/packet.js';
import { enforcementOf } from '../policies/enforcer.js';
import { podClassNumber } from '../policies/pod-class.js';
import type { Client } from './client.js';
import type { Fabric } from './fabric.js';
import { nodeLikeness } from './node-likeness.js';
import type { Entered } from './node-pass.js';
import type { PolicyPoint } from './policy-point.js';
import { receiveInPod } from './receive.js';
import { serviceHolding } from './service-addresses.js';
import {
  type ActedOn,
  AlikeDenial,
  AlikeJourney,
  actedOn,
  type Branch,
  type DeniedJourney,
  type Journey,
  likeOf,
  type Receiver,
  type TrackedList,
} from './trail.js';

const networks = new WeakMap<Settings, readonly Cidr[]>();

/** The networks by which pods' packets are masqueraded or not: the only ones that a pod's address is looked up in. */
function networksOf(settings: Settings): readonly Cidr[] {
  return remember(networks, settings, () => {
    const { podMasquerade, ipMasq } = settings.network;
    const texts = [
      ...podMasquerade.flatMap(({ source, exceptDestinations }) => [source, ...exceptDestinations]),
      ...ipMasq.nonMasqueradeCIDRs,
    ];
    return [...new Set(texts)].flatMap((text) => networkOf(text) ?? []);
  });
}

/** In which of the networks an address is by which pods' packets are masqueraded or not. */
export function insideNetworks(settings: Settings, address: string): string {
  const all = networksOf(settings);
  if (all.length === 0) return '';
  const own = addressOf(address);
  return all.map((cidr) => (own !== undefined && cidrContains(cidr, own) ? '1' : '0')).join('');
}

const numbers = new WeakMap<Balancer, number>();
let balancers = 0;

/** What was tracked before this node: at load balancers. */
function behind(tracked: TrackedList | undefined): string {
  let text = '';
  for (let at = tracked; at !== undefined; at = at.previous) {
    const { node, balancer, before, after } = at.entry;
    const number = balancer === undefined ? '' : remember(numbers, balancer, () => balancers++);
    text += `;${node} ${number} ${before.source} ${before.destination} ${after.source} ${after.destination}`;
  }
  return text;
}

/**
 * Equal for packets of which nothing but addresses of pods differs; undefined for a packet that is walked by itself: it
 * was not translated, is for no pod, or for one whose address or rules may be special.
 */
export function likenessOf(fabric: Fabric, client: Client, node: string, entered: Entered): string | undefined {
  if (fabric.hasGivenRules || fabric.isBeyondDenial || fabric.walksEach) return undefined;
  const { packet } = entered.passing.branch;
  const { destination, connection } = packet;
  if (!connection.dnat && packet.balanced === undefined) return undefined;
  if (destination === packet.source || destination === client.address) return undefined;
  const place = fabric.places.locate(destination);
  if (place.kind !== 'POD') return undefined;
  const { cluster, settings } = fabric;
  if (serviceHolding(cluster, destination) !== undefined || serviceOfAddress(cluster, destination) !== undefined)
    return undefined;
  let policed = '';
  if (policiesOf(cluster).length > 0) {
    const pod = place.pod === undefined ? undefined : cluster.pods.get(place.pod);
    if (pod === undefined) return undefined;
    // Where policies are only recorded, they end no way.
    if (!fabric.recordsPolicies) policed = `${podClassNumber(cluster, pod)}`;
  }
  const common = commonOf(fabric, client, node, entered);
  const kind = fabric.host(node).route(destination).kind;
  const at = placeOf(fabric, client, node, packet.source, place.node);
  return `${common} ${at} ${kind} ${insideNetworks(settings, destination)} ${policed}`;
}

/**
 * The node of a pod, or for all nodes that are alike what they have in common, where the packet comes to it from
 * another one.
 */
function placeOf(fabric: Fabric, client: Client, node: string, source: string, at: string): string {
  // A node that the packet has passed knows the connection.
  if (at === node || at === client.node) return at;
  const { cluster, settings } = fabric;
  const from = fabric.places.locate(source);
  const isKnown = from.kind === 'NODE' || from.kind === 'POD';
  // A process may send from an address of a Service, which nodes have or have not.
  if (isKnown ? from.node === at : client.kind !== 'OUTSIDE') return at;
  // Masqueraded clients have the address of the gateway of the node's pods there.
  if (policiesOf(cluster).length > 0 && enforcementOf(cluster, settings.network.policies).by?.seesMasqueraded === true)
    return at;
  const likeness = nodeLikeness(fabric, at);
  return likeness === undefined ? at : `like ${likeness}`;
}

/** What packets have in common that a node's first hook sends to several endpoints, with the text that says so. */
export interface Common {
  readonly client: Client;
  readonly node: string;
  readonly entered: Entered;
  readonly text: string;
}

/** Equal for packets that differ in nothing but where they go. Those of one hook come one after the other. */
function commonOf(fabric: Fabric, client: Client, node: string, entered: Entered): string {
  const last = fabric.lastCommon;
  if (last !== undefined && last.client === client && last.node === node && hasSameHead(last.entered, entered))
    return last.text;
  const { packet, tracked } = entered.passing.branch;
  const text = [
    ...[client.kind, client.name, client.address, client.node, client.anyAddress, node, entered.entry],
    ...[entered.isBalanced, ...headOf(packet)],
    ...[fabric.host(node).addressType(packet.connection.originalDestination ?? ''), behind(tracked)],
  ].join(' ');
  fabric.lastCommon = { client, node, entered, text };
  return text;
}

/** Whether all that {@link commonOf} says of two packets of one client at one node is the same. */
function hasSameHead(a: Entered, b: Entered): boolean {
  const [one, other] = [a.passing.branch.packet, b.passing.branch.packet];
  const [from, to] = [one.connection, other.connection];
  return (
    a.entry === b.entry &&
    a.isBalanced === b.isBalanced &&
    a.passing.branch.tracked === b.passing.branch.tracked &&
    one.protocol === other.protocol &&
    one.source === other.source &&
    one.sourcePort === other.sourcePort &&
    one.destinationPort === other.destinationPort &&
    one.mark === other.mark &&
    one.inInterface === other.inInterface &&
    one.bridged === other.bridged &&
    one.anySource === other.anySource &&
    one.balanced?.forwarding === other.balanced?.forwarding &&
    from.state === to.state &&
    from.dnat === to.dnat &&
    from.snat === to.snat &&
    from.originalSource === to.originalSource &&
    from.originalDestination === to.originalDestination &&
    from.mark === to.mark &&
    from.unknownMark === to.unknownMark
  );
}

/** Everything of a packet but where it goes. */
function headOf(packet: Packet): readonly unknown[] {
  const { protocol, source, sourcePort, destinationPort, mark, inInterface, bridged, connection, anySource } = packet;
  const { state, dnat, snat, originalSource, mark: own, unknownMark } = connection;
  return [
    ...[protocol, source, sourcePort, destinationPort, mark, inInterface, bridged, anySource],
    ...[state, dnat, snat, originalSource, own, unknownMark, packet.balanced?.forwarding],
  ];
}

/**
 * Whether a packet has come to a pod with an address of that pod's own node: rules for pods' networks may masquerade it
 * there once more (ip-masq-agent). Then each node puts an address of its own in, and no way shows that of another one.
 */
export function isOfReceivingNode({ places }: Fabric, { source, destination }: Packet): boolean {
  const [from, to] = [places.locate(source), places.locate(destination)];
  return from.kind === 'NODE' && to.kind === 'POD' && from.node === to.node;
}

/** The packet of a journey as that of another one that is like it, at the same place. */
function packetLike({ packet: like }: Journey, { packet: own }: Branch): Packet {
  const packet = copyOf(like);
  packet.destination = own.destination;
  const { originalDestination, originalDestinationPort } = own.connection;
  // Another node's connection tracking has not seen what the first one translated.
  if (packet.connection.originalDestination !== undefined)
    packet.connection = { ...packet.connection, originalDestination, originalDestinationPort };
  if (packet.balanced !== undefined) packet.balanced = own.balanced;
  return packet;
}

/**
 * The journey of a packet that is like one that is delivered; undefined where somebody else takes it at its end. `walk`
 * walks it by itself, when its steps are asked for.
 */
export function alikeJourney(
  fabric: Fabric,
  known: Journey,
  { passing: { branch } }: Entered,
  walk: () => Journey,
): AlikeJourney | undefined {
  const packet = packetLike(known, branch);
  const receiver = receiverLike(fabric, packet);
  if (receiver === undefined) return undefined;
  const detail = `reaches ${receiver.pod ?? receiver.address}, and the reply returns`;
  return new AlikeJourney(branch.chance, packet, receiver, known, detail, walk);
}

/** The journey of a packet that is like one that policies deny, with what is beyond as that of the other one is. */
export function alikeDenial(fabric: Fabric, known: DeniedJourney, entered: Entered, walk: () => Journey): AlikeDenial {
  const { branch } = entered.passing;
  let walked: Journey | undefined;
  const own = () => {
    walked ??= walk();
    return walked;
  };
  const walkBeyond = () => own().beyond?.() ?? [];
  const beyond = (): readonly Journey[] => {
    const [one, ...others] = known.beyond();
    if (one?.verdict !== 'DELIVERED' || one.receiver?.pod === undefined || others.length > 0) return walkBeyond();
    if (isOfReceivingNode(fabric, one.packet)) return walkBeyond();
    const alike = fabric.recordingPolicies(() => alikeJourney(fabric, one, entered, () => walkBeyond()[0] as Journey));
    return alike === undefined ? walkBeyond() : [alike];
  };
  return new AlikeDenial(branch.chance, packetLike(known, branch), known, beyond, own);
}

/**
 * Who receives a packet at the end of a way like a known one; undefined where that is not the same as for the first.
 */
function receiverLike(fabric: Fabric, packet: Packet): Receiver | undefined {
  const place = fabric.places.locate(packet.destination);
  if (place.kind !== 'POD') return undefined;
  const { node } = place;
  const route = fabric.host(node).route(packet.destination);
  if (route.kind !== 'POD') return undefined;
  const received = receiveInPod(fabric, node, packet, route.pod);
  return 'receiver' in received ? received.receiver : undefined;
}

/** The pod that a journey is for which is like another one; undefined for a journey that is walked by itself. */
function ownPod(cluster: Cluster, journey: Journey): { readonly like: Journey; readonly pod: Pod } | undefined {
  const like = likeOf(journey);
  const pod = like === undefined ? undefined : podOfAddress(cluster, journey.packet.destination);
  if (like === undefined || pod?.spec?.nodeName === undefined) return undefined;
  // Where the sender sent it is not that of the other one.
  const isOwn = ({ point: { flow, sentTo } }: ActedOn) =>
    sentTo !== undefined || flow.destination.address !== like.packet.destination;
  return actedOn(like.trail).some(isOwn) ? undefined : { like, pod };
}

/**
 * Where policies act on a journey. On one that is like another they act where they do on that, on the connection to its
 * own pod: it need not be walked.
 */
export function actedOnJourney(cluster: Cluster, journey: Journey): readonly ActedOn[] {
  const own = ownPod(cluster, journey);
  if (own === undefined) return actedOn(journey.trail);
  const { like, pod } = own;
  const destination = { address: journey.packet.destination, pod };
  return actedOn(like.trail).map(({ point, passes }): ActedOn => {
    const flow = { ...point.flow, destination };
    const node = pod.spec?.nodeName ?? point.node;
    return { point: point.direction === 'INGRESS' ? { ...point, flow, pod, node } : { ...point, flow }, passes };
  });
}

/** The places alone. */
export function pointsOfJourney(fabric: Fabric, journey: Journey): readonly PolicyPoint[] {
  return actedOnJourney(fabric.cluster, journey).map(({ point }) => point);
}

/** What policies say on a journey, oldest first; on one that is like another what they say there, of its own pod. */
export function policiesOnJourney(cluster: Cluster, journey: Journey): readonly PathPolicy[] {
  const own = ownPod(cluster, journey);
  const found: PathPolicy[] = [];
  for (let at = (own?.like ?? journey).trail; at !== undefined; at = at.previous) {
    if (at.entry.kind !== 'HOST') continue;
    const { step } = at.entry;
    const { policy } = own === undefined ? step : (step.forPod?.(own.pod, journey.packet.destination) ?? step);
    if (policy !== undefined) found.push(policy);
  }
  return found.reverse();
}

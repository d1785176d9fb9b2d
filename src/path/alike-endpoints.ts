/**
 * Packets that a node's first hook has sent to pods which nothing on the way tells apart: what follows for one of them
 * follows for the others. Rules of kube-proxy name a pod's address where they choose it and where it connects to
 * itself, and nowhere behind that.
 */
import { addressOf, type Cidr, cidrContains, networkOf } from '../base/address.js';
import { remember } from '../base/remember.js';
import { podOfAddress } from '../cluster/addresses.js';
import { policiesOf } from '../cluster/network-policies.js';
import type { Settings } from '../cluster/settings.js';
import type { Balancer } from '../load-balancers/balancer.js';
import { serviceOfAddress } from '../load-balancers/balancer-addresses.js';
import { copyOf, type Packet } from '../netfilter/packet.js';
import { enforcementOf } from '../policies/enforcer.js';
import { podClass } from '../policies/pod-class.js';
import type { Client } from './client.js';
import type { Fabric } from './fabric.js';
import { nodeLikeness } from './node-likeness.js';
import type { Entered } from './node-pass.js';
import type { PolicyPoint } from './policy-point.js';
import { receiveInPod } from './receive.js';
import { serviceHolding } from './service-addresses.js';
import { AlikeJourney, type Journey, type KnownWay, pointsOf, type Receiver, type TrackedList } from './trail.js';

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
    if (!fabric.recordsPolicies) policed = podClass(cluster, pod);
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
 * The journey of a packet that is like one whose way is known; undefined where somebody else takes it at its end.
 * `walk` walks it by itself, when its steps are asked for.
 */
export function alikeJourney(
  fabric: Fabric,
  known: KnownWay,
  { passing: { branch } }: Entered,
  walk: () => Journey,
): AlikeJourney | undefined {
  const packet = copyOf(known.journey.packet);
  packet.destination = branch.packet.destination;
  const { originalDestination, originalDestinationPort } = branch.packet.connection;
  // Another node's connection tracking has not seen what the first one translated.
  if (packet.connection.originalDestination !== undefined)
    packet.connection = { ...packet.connection, originalDestination, originalDestinationPort };
  if (packet.balanced !== undefined) packet.balanced = branch.packet.balanced;
  const receiver = receiverLike(fabric, packet);
  if (receiver === undefined) return undefined;
  const detail = `reaches ${receiver.pod ?? receiver.address}, and the reply returns`;
  return new AlikeJourney(branch.chance, packet, receiver, known.journey, detail, walk);
}

/**
 * Who receives a packet at the end of a way like a known one; undefined where that is not the same as for the first one.
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

/**
 * Where policies act on a journey. On one that is like another they act where they do on that, on the connection to its
 * own pod: it need not be walked.
 */
export function pointsOfJourney(fabric: Fabric, journey: Journey): readonly PolicyPoint[] {
  const like = journey instanceof AlikeJourney ? journey.like : undefined;
  const { destination: address } = journey.packet;
  const pod = like === undefined ? undefined : podOfAddress(fabric.cluster, address);
  const node = pod?.spec?.nodeName;
  if (like === undefined || pod === undefined || node === undefined) return pointsOf(journey.trail);
  const points = pointsOf(like.trail);
  // Where the sender sent it is not that of the other one.
  const isOwn = ({ flow, sentTo }: PolicyPoint) =>
    sentTo !== undefined || flow.destination.address !== like.packet.destination;
  if (points.some(isOwn)) return pointsOf(journey.trail);
  return points.map((point): PolicyPoint => {
    const own = { ...point, flow: { ...point.flow, destination: { address, pod } } };
    return point.direction === 'INGRESS' ? { ...own, pod, node } : own;
  });
}

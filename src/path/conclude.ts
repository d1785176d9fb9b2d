/** What becomes of a packet where a node hands it over: who takes it, and whether the reply returns. */
import { namespacedName } from '../cluster/objects.js';
import { serviceOfAddress } from '../load-balancers/balancer-addresses.js';
import { headerOf } from '../netfilter/packet.js';
import type { Client } from './client.js';
import { type Fabric, wantedOf } from './fabric.js';
import type { Exit } from './node-pass.js';
import { lostHalfway } from './one-way.js';
import { assumeEndpoint, receiveInPod, receiveOnHost, receiveOutside } from './receive.js';
import { returnWay } from './reply.js';
import { serviceHolding } from './service-addresses.js';
import { type Branch, type Ending, hop, hostStep, type Journey, type Receiver } from './trail.js';

/** Whether the packet has come through a load balancer. */
export function passedBalancer(trail: Branch['trail']): boolean {
  for (let at = trail; at !== undefined; at = at.previous)
    if (at.entry.kind === 'HOP' && at.entry.hop === 'LOAD_BALANCER') return true;
  return false;
}

/**
 * Whom a packet was for when a rule was met that cannot be decided: the endpoint that was chosen before, so that the
 * answer has its share. Undefined for other ends, and where nothing was chosen.
 */
export function undecidedReceiver(fabric: Fabric, { packet }: Branch, { verdict }: Ending): Receiver | undefined {
  if (verdict !== 'UNKNOWN') return undefined;
  const receiver = receiveOutside(fabric, packet);
  return receiver?.endpoint === true ? receiver : undefined;
}

/** The branch with another trail. */
export function withTrail({ chance, packet, tracked }: Branch, trail: Branch['trail']): Branch {
  return { chance, packet, trail, tracked };
}

/** A branch that has come to its end, field by field so that all journeys have one shape. */
export function ended(
  { chance, packet, trail }: Branch,
  { verdict, cause, rule, detail, leftOut, leaves }: Ending,
  receiver?: Receiver,
  reply?: Journey['reply'],
): Journey {
  const journey = { chance, packet, trail, verdict, cause, rule, detail, receiver, reply };
  if (leaves === true) return { ...journey, leaves };
  return leftOut === undefined ? journey : { ...journey, leftOut };
}

/** The end of a branch that a node has let pass. */
export function conclude(
  fabric: Fabric,
  client: Client,
  node: string,
  branch: Branch,
  exit: Exclude<Exit, { kind: 'NODE' }>,
): Journey {
  const { packet } = branch;
  if (exit.kind === 'OUTSIDE') {
    const receiver = receiveOutside(fabric, packet);
    if (receiver === undefined) return leftCluster(fabric, client, node, branch);
    assumeEndpoint(fabric);
    return delivered(fabric, client, branch, receiver, 'OUTSIDE');
  }
  if (exit.kind === 'POD') {
    const received = receiveInPod(fabric, node, packet, exit.pod);
    return 'ending' in received
      ? ended(branch, received.ending)
      : delivered(fabric, client, branch, received.receiver, 'POD');
  }
  const received = receiveOnHost(fabric, node, packet);
  if ('ending' in received) return ended(branch, received.ending);
  return delivered(fabric, client, branch, received.receiver, 'NODE');
}

function delivered(
  fabric: Fabric,
  client: Client,
  branch: Branch,
  receiver: Receiver,
  kind: 'POD' | 'NODE' | 'OUTSIDE',
): Journey {
  const name = receiver.pod ?? receiver.address;
  const trail = hostStep(kind === 'NODE' ? branch.trail : hop(branch.trail, kind, name), {
    action: 'RECEIVE',
    detail: `${kind === 'NODE' ? `a process of the host (${name}) ` : ''}receives it from ${branch.packet.source}`,
    after: headerOf(branch.packet),
  });
  const there = withTrail(branch, trail);
  const reply = returnWay(fabric, client, there, receiver);
  if (reply.returns) {
    const lost = lostHalfway(fabric, client, there, reply.trail);
    if (lost !== undefined) return ended(there, lost, receiver, { ...reply, returns: false, detail: lost.detail });
    return ended(there, { verdict: 'DELIVERED', detail: `reaches ${name}, and the reply returns` }, receiver, reply);
  }
  if (reply.undecided !== undefined) return ended(there, reply.undecided, receiver, reply);
  return ended(there, { verdict: 'DROPPED', cause: 'REPLY_LOST', detail: reply.detail }, receiver, reply);
}

/** The default route took it: what that means depends on what the address is. */
function leftCluster(fabric: Fabric, client: Client, node: string, branch: Branch): Journey {
  const { packet } = branch;
  const to = packet.destination;
  const inside = client.kind !== 'OUTSIDE' && !passedBalancer(branch.trail);
  const balancer = inside ? fabric.balancerAt(to, wantedOf(packet)) : undefined;
  const takesPort = balancer?.service.spec?.ports?.some(
    ({ port, protocol = 'TCP' }) => port === packet.destinationPort && protocol === packet.protocol,
  );
  if (balancer !== undefined && takesPort) {
    fabric.noteAssumptions(balancer);
    const at = fabric.isStandIn(to) ? 'which is published by a host name' : `at ${to}`;
    const detail =
      `no rule of ${node} translates the packet: it leaves the cluster from ${packet.source} for the load ` +
      `balancer of ${balancer.key}, ${at}. ` +
      'Nothing tells which load balancer that is (settings.loadBalancer can), hence not what it does with a ' +
      'client inside the cluster: ' +
      'an outside client’s answer holds where it does not keep the client’s address';
    const trail = hop(branch.trail, 'LOAD_BALANCER', balancer.name);
    return ended(withTrail(branch, trail), { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail });
  }
  const ending = (): Ending => {
    if (fabric.book.translatedTo(to) !== undefined) {
      const detail =
        `${to} is an address that the provider translates for ${fabric.book.translatedTo(to)}: how it treats a ` +
        'packet from inside is not in the snapshot';
      return { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail };
    }
    const owner = serviceHolding(fabric.cluster, to) ?? serviceOfAddress(fabric.cluster, to, wantedOf(packet));
    if (owner !== undefined) {
      const service = namespacedName(owner);
      const port = packet.destinationPort === undefined ? '' : ` port ${packet.destinationPort}`;
      const what = packet.connection.dnat
        ? `${node} has translated the packet to ${to}${port} (an address of Service ${service}), and its rules ` +
          'are not walked twice'
        : `no rule of ${node} translates ${to}${port} (an address of Service ${service})`;
      const detail = `${what}: the packet leaves by the default route, where nobody has it`;
      return { verdict: 'UNREACHABLE', cause: 'NO_RULE', detail };
    }
    const detail =
      `no rule of ${node} translates ${to}: the packet leaves the cluster from ${packet.source} by the default ` +
      'route, and what is there is not in the snapshot';
    return { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail, leaves: true };
  };
  return ended(branch, ending());
}

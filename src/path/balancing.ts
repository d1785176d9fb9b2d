import { sum } from '../base/fraction.js';
import { remember } from '../base/remember.js';
import type { AskedPort, BackendShare, Balancer } from '../load-balancers/balancer.js';
import type { BalancedClient } from '../load-balancers/implementation.js';
import { internetOf } from '../load-balancers/internet.js';
import { holds } from '../load-balancers/source-ranges.js';
import { copyOf, headerOf } from '../netfilter/packet.js';
import type { Chance } from '../netfilter/walk/types.js';
import { type AlikeShare, alikeBackends } from './alike-backends.js';
import { alikeNodes } from './alike-nodes.js';
import type { Through } from './client.js';
import type { Fabric } from './fabric.js';
import { outsideAddress } from './sources.js';
import { type Branch, both, type Ending, hop, hostStep, type Journey } from './trail.js';

export type BalancedBranch =
  | { readonly branch: Branch; readonly node: string }
  | { readonly branch: Branch; readonly ending: Ending };

/**
 * Takes a new connection's packet through the load balancer that it is for: firewall, choice of a backend, and the
 * header as that backend gets it. The nominal chances sum to that of `arriving`. The balancer's assumptions become the
 * answer's. `walk` shows where a branch leads: of many backends those that are alike become one.
 */
export function passBalancer(
  fabric: Fabric,
  arriving: Branch,
  through: Through,
  walk: (way: BalancedBranch) => readonly Journey[],
): readonly BalancedBranch[] {
  const { balancer, zone } = through;
  const { packet } = arriving;
  const trail = hop(arriving.trail, 'LOAD_BALANCER', balancer.name);
  const there: Branch = { ...arriving, trail };
  const ends = (ending: Ending, branch = there): BalancedBranch => ({
    branch: {
      ...branch,
      trail: hostStep(branch.trail, {
        action: ending.cause === 'FIREWALLED' ? 'FIREWALL' : 'BALANCE',
        detail: ending.detail,
      }),
    },
    ending,
  });
  const outcome = (branches: readonly BalancedBranch[]) => {
    fabric.noteAssumptions(balancer);
    return branches;
  };
  const listens = balancer.service.spec?.ports?.some(
    (port) => port.port === packet.destinationPort && (port.protocol ?? 'TCP') === packet.protocol,
  );
  if (!listens) {
    const detail =
      `the load balancer of ${balancer.key} does not take ${packet.protocol} port ` +
      `${packet.destinationPort ?? '?'}`;
    return outcome([ends({ verdict: 'UNREACHABLE', cause: 'NO_RULE', detail })]);
  }
  const { allowed } = balancer.firewall;
  if (allowed !== undefined && !holds(allowed, packet.source)) {
    const detail =
      `${packet.source} is in none of the Service's source ranges (${allowed.join(', ')}): the provider's ` +
      'firewall drops it before any node';
    return outcome([ends({ verdict: 'DROPPED', cause: 'FIREWALLED', detail })]);
  }
  const away = balancer.outOfReach({ address: packet.source, zone, ...fromInternet(fabric, packet) });
  if (away !== undefined) {
    return outcome([ends({ verdict: 'UNREACHABLE', cause: 'NO_ROUTE', detail: `${away}: nothing answers` })]);
  }
  const port = { port: packet.destinationPort, protocol: packet.protocol };
  const { shares, why, lost } = chosenBackends(fabric, through, { address: packet.source, zone }, port);
  if (shares.length === 0) {
    const detail = `the load balancer of ${balancer.key} sends to nobody: ${why}`;
    return outcome([ends({ verdict: lost, cause: 'NO_BACKENDS', detail })]);
  }
  const send = ({ backend, share, nodes }: AlikeShare): BalancedBranch => {
    const chance: Chance = { nominal: share, programmed: share };
    const alike = nodes.length === 1 ? '' : `, which stands for ${nodes.length} nodes alike`;
    const name = `${backend.pod === undefined ? backend.node : `pod ${backend.pod}`}${alike}`;
    const chosen: Branch = {
      ...there,
      chance: both(there.chance, chance),
      trail: hostStep(there.trail, {
        action: 'BALANCE',
        detail: `chooses ${name}: ${why}`,
        chance,
        ...(nodes.length === 1 ? {} : { among: nodes }),
      }),
    };
    const sent = {
      source: packet.source,
      destination: packet.destination,
      destinationPort: packet.destinationPort,
      protocol: packet.protocol,
    };
    const forwarded = balancer.forward(sent, backend);
    if ('refused' in forwarded)
      return ends({ verdict: 'UNREACHABLE', cause: 'NO_ROUTE', detail: forwarded.refused }, chosen);
    if (fabric.isStandIn(forwarded.destination)) {
      const detail =
        `${balancer.key} is published by a host name, and this load balancer keeps the destination: the ` +
        `address that ${name} sees is not in the snapshot`;
      return ends({ verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail }, chosen);
    }
    const passed = copyOf(packet);
    if (forwarded.source !== passed.source) passed.anySource = undefined;
    passed.source = forwarded.source;
    passed.destination = forwarded.destination;
    passed.destinationPort = forwarded.destinationPort;
    const after = headerOf(passed);
    const before = forwarded.byClient ? after : headerOf(packet);
    return {
      node: backend.node,
      branch: {
        ...chosen,
        packet: passed,
        tracked: { entry: { node: '', balancer, before, after }, previous: arriving.tracked },
        trail: hostStep(chosen.trail, { action: 'SEND', detail: forwarded.detail, before, after }),
      },
    };
  };
  const followed = joined(fabric, few(fabric, balancer, shares, arriving), packet.source, (one) => walk(send(one)));
  return outcome(followed.map(send));
}

/** The backends, of which those of one class that are alike are one. */
function joined(
  fabric: Fabric,
  shares: readonly AlikeShare[],
  source: string,
  walk: (share: AlikeShare) => readonly Journey[],
): readonly AlikeShare[] {
  const byClass = new Map<string, AlikeShare[]>();
  for (const share of shares)
    if (share.nodeClass !== undefined) remember(byClass, share.nodeClass, (): AlikeShare[] => []).push(share);
  const done = new Set<string>();
  return shares.flatMap((share) => {
    if (share.nodeClass === undefined) return [share];
    if (done.has(share.nodeClass)) return [];
    done.add(share.nodeClass);
    const ways = { sourceOf: () => source, walk, entriesOf: ({ nodes }: AlikeShare) => nodes };
    return alikeNodes(fabric, byClass.get(share.nodeClass) ?? [], ways).map(({ all, of }) => ({
      backend: of.backend,
      nodes: all.flatMap(({ nodes }) => nodes),
      share: sum(all.map((one) => one.share)),
    }));
  });
}

/** Whether a packet comes from the internet: an address that the request gives, and that is nobody's in the cluster. */
function fromInternet(fabric: Fabric, { source, anySource }: Branch['packet']): Pick<BalancedClient, 'internet'> {
  const given = anySource === undefined && source !== outsideAddress(fabric);
  const internet = given && fabric.places.locate(source).kind === 'OUTSIDE' ? internetOf(source) : undefined;
  return internet === undefined ? {} : { internet };
}

/** More backends than these are represented by those that are unlike each other. */
const MAX_APART = 100;

/** The backends as they are followed: one by one, or of many those that are unlike each other. */
function few(
  fabric: Fabric,
  balancer: Balancer,
  shares: readonly BackendShare[],
  { packet, tracked }: Branch,
): readonly AlikeShare[] {
  if (shares.length <= MAX_APART) return shares.map((share) => ({ ...share, nodes: [share.backend.node] }));
  const place = fabric.places.locate(packet.source);
  const alone = 'node' in place ? [place.node] : [];
  for (let at = tracked; at !== undefined; at = at.previous) alone.push(at.entry.node);
  return alikeBackends(fabric, balancer, shares, alone);
}

/** The backends that a connection can be sent to, and how they come to be chosen, in words. */
function chosenBackends(
  fabric: Fabric,
  { balancer, shares }: Through,
  client: { readonly address: string; readonly zone: string },
  port: AskedPort,
): {
  readonly shares: readonly BackendShare[];
  readonly why: string;
  /** What becomes of a connection that goes to no backend. */
  readonly lost: 'UNREACHABLE' | 'REJECTED';
} {
  const { members, group } = balancer.backends;
  const { phase } = fabric;
  const spread = balancer.distribution(phase, client, fabric.earlierThan(balancer), port);
  const lost = balancer.refusesWithoutBackends ? 'REJECTED' : 'UNREACHABLE';
  const moment = phase === 'BEFORE' ? ` before the health checks have converged (${balancer.secondsToConverge} s)` : '';
  if (members.length === 0) return { shares: [], why: `it has no backends (${group})`, lost };
  if (spread.shares.length === 0) {
    return {
      shares: [],
      why: `none of its ${members.length} backends (${group}) passes the health check${moment}`,
      lost,
    };
  }
  const why = spread.failedOpen
    ? `no backend passes the health check, so it sends to all ${spread.shares.length} (${group})`
    : `one of ${spread.shares.length} in use of ${members.length} backends (${group})${moment}`;
  return { shares: shares ?? spread.shares, why, lost };
}

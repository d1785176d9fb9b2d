import { addressOf, cidrContains, networkOf } from '../base/address.js';
import { headerOf, type Packet } from '../netfilter/packet.js';
import type { Hook, Ruleset } from '../netfilter/ruleset.js';
import type { HookOutcome } from '../netfilter/walk/types.js';
import { walkHook } from '../netfilter/walk/walk.js';
import { endingOf } from './causes.js';
import type { Fabric } from './fabric.js';
import { type Host, isLoopback, LOOPBACK, type Route, UPLINK } from './host.js';
import { type Branch, both, type Ending, hostStep, ruleSteps } from './trail.js';

/** Where a packet is after a node let it pass. */
export type Exit =
  | { readonly kind: 'LOCAL' }
  | { readonly kind: 'POD'; readonly pod?: string }
  | { readonly kind: 'NODE'; readonly node: string }
  | { readonly kind: 'OUTSIDE' };

export type Passed =
  | { readonly branch: Branch; readonly exit: Exit }
  | { readonly branch: Branch; readonly ending: Ending };

/** A branch on its way through one node, with what the node's hooks did to it so far. */
interface Passing extends Branch {
  readonly outcomes: readonly HookOutcome[];
}

const withoutNat = new WeakMap<Ruleset, Ruleset>();

/** The rules without the nat table, which a packet that loops back through lo does not meet a second time. */
function natless(ruleset: Ruleset): Ruleset {
  let reduced = withoutNat.get(ruleset);
  if (reduced === undefined) {
    reduced = { family: ruleset.family, tables: ruleset.tables.filter((table) => table.name !== 'nat') };
    withoutNat.set(ruleset, reduced);
  }
  return reduced;
}

/**
 * Takes a new connection's packet through one node: from the wire or a pod (PREROUTING) or from a process (OUTPUT) to
 * where the node sends it. The hooks are called in the kernel's order; OUTPUT is routed before and after its rules,
 * and a packet to the host itself leaves by lo and comes back in.
 */
export function passNode(fabric: Fabric, node: string, arriving: Branch, entry: 'PREROUTING' | 'OUTPUT'): Passed[] {
  const host = fabric.host(node);
  const ruleset = fabric.ruleset(node);
  const start = headerOf(arriving.packet);
  const done: Passed[] = [];

  const walk = (passing: Passing, hook: Hook, rules: Ruleset = ruleset): Passing[] => {
    const accepted: Passing[] = [];
    for (const outcome of walkHook(rules, hook, passing.packet, host)) {
      const branch = {
        chance: both(passing.chance, outcome.chance),
        packet: outcome.packet,
        trail: ruleSteps(passing.trail, outcome.steps),
        tracked: passing.tracked,
      };
      if (outcome.verdict === 'ACCEPT') accepted.push({ ...branch, outcomes: [...passing.outcomes, outcome] });
      else done.push({ branch, ending: endingOf(outcome, node, passing.outcomes) });
    }
    return accepted;
  };
  const finish = (passing: Passing, end: { readonly exit: Exit } | { readonly ending: Ending }) => {
    const { outcomes: _, ...branch } = passing;
    const tracked = [...branch.tracked, { node, before: start, after: headerOf(branch.packet) }];
    done.push({ branch: { ...branch, tracked }, ...end });
  };

  const routedFirst = entry === 'OUTPUT' ? outInterfaceOf(host.route(arriving.packet.destination)) : undefined;
  const first: Passing = {
    ...arriving,
    packet: routedFirst === undefined ? arriving.packet : { ...arriving.packet, outInterface: routedFirst },
    outcomes: [],
  };
  for (const entered of walk(first, entry)) {
    const route = host.route(entered.packet.destination);
    const routed = { ...entered, packet: leavingBy(entered.packet, outInterfaceOf(route)) };
    const ending =
      entry === 'OUTPUT' ? loopbackSource(fabric, node, entered.packet, route) : loopbackDestination(entered.packet);
    if (ending !== undefined) {
      finish(routed, { ending });
    } else if (route.kind === 'LOCAL') {
      const arrived =
        entry === 'PREROUTING'
          ? [routed]
          : walk({ ...routed, packet: { ...routed.packet, outInterface: LOOPBACK } }, 'POSTROUTING').flatMap((looped) =>
              walk(
                { ...looped, packet: leavingBy({ ...looped.packet, inInterface: LOOPBACK }, undefined) },
                'PREROUTING',
                natless(ruleset),
              ),
            );
      for (const local of arrived)
        for (const accepted of walk(local, 'INPUT')) finish(accepted, { exit: { kind: 'LOCAL' } });
    } else if (route.kind === 'UNREACHABLE') {
      finish(routed, {
        ending: {
          verdict: 'UNREACHABLE',
          cause: 'NO_ROUTE',
          detail: `${node} has no route to ${entered.packet.destination}`,
        },
      });
    } else {
      const forwarded = entry === 'PREROUTING' ? walk(routed, 'FORWARD') : [routed];
      for (const passing of forwarded) {
        for (const posted of walk(passing, 'POSTROUTING'))
          finish(masqueradedByCni(fabric, host, posted), leave(node, posted.packet, route));
      }
    }
  }
  return done;
}

function outInterfaceOf(route: Route): string | undefined {
  if (route.kind === 'LOCAL') return LOOPBACK;
  return route.kind === 'UNREACHABLE' ? undefined : route.outInterface;
}

function leavingBy(packet: Packet, outInterface: string | undefined): Packet {
  const { outInterface: _, ...rest } = packet;
  return outInterface === undefined ? rest : { ...rest, outInterface };
}

function leave(
  node: string,
  packet: Packet,
  route: Exclude<Route, { kind: 'LOCAL' | 'UNREACHABLE' }>,
): { exit: Exit } | { ending: Ending } {
  if (isLoopback(packet.source)) {
    return {
      ending: {
        verdict: 'DROPPED',
        cause: 'MARTIAN',
        detail: `a packet from ${packet.source} may not leave ${node}: it was translated but not masqueraded`,
      },
    };
  }
  if (route.kind === 'NO_POD') {
    const detail = `no pod of the snapshot has ${packet.destination}, an address of ${node}'s pod CIDR`;
    return { ending: { verdict: 'UNREACHABLE', cause: 'NO_ROUTE', detail } };
  }
  if (route.kind === 'POD') return { exit: { kind: 'POD', ...(route.pod === undefined ? {} : { pod: route.pod }) } };
  return { exit: route.kind === 'NODE' ? { kind: 'NODE', node: route.node } : { kind: 'OUTSIDE' } };
}

/**
 * A process's connection from 127.0.0.1 (::1) that was translated to leave the host: the kernel lets the reply back in
 * only with route_localnet set, and never for IPv6.
 */
function loopbackSource(fabric: Fabric, node: string, packet: Packet, route: Route): Ending | undefined {
  if (!isLoopback(packet.source) || route.kind === 'LOCAL') return undefined;
  if (packet.family === 'IPv4' && fabric.program(node).routeLocalnet) return undefined;
  const why = packet.family === 'IPv6' ? 'there is no route_localnet for IPv6' : 'sysctl route_localnet is 0';
  return {
    verdict: 'DROPPED',
    cause: 'MARTIAN',
    detail: `${node} does not route a connection from ${packet.source} off the host: ${why}`,
  };
}

function loopbackDestination(packet: Packet): Ending | undefined {
  if (!isLoopback(packet.destination)) return undefined;
  return {
    verdict: 'DROPPED',
    cause: 'MARTIAN',
    detail: `a packet from the wire may not be for ${packet.destination}`,
  };
}

/** What the CNI masquerades (settings.network.podMasquerade), for connections that the rules did not. */
function masqueradedByCni(fabric: Fabric, host: Host, passing: Passing): Passing {
  const { packet } = passing;
  if (packet.outInterface !== UPLINK || packet.connection.snat || host.primaryAddress === undefined) return passing;
  const source = addressOf(packet.source);
  const destination = addressOf(packet.destination);
  if (source === undefined || destination === undefined) return passing;
  const holds = (text: string, address: typeof source) => {
    const cidr = networkOf(text);
    return cidr !== undefined && cidrContains(cidr, address);
  };
  const applies = fabric.settings.network.podMasquerade.some(
    (rule) => holds(rule.source, source) && !rule.exceptDestinations.some((text) => holds(text, destination)),
  );
  if (!applies) return passing;
  const { sourcePort: _, ...rest } = packet;
  const after: Packet = { ...rest, source: host.primaryAddress, connection: { ...packet.connection, snat: true } };
  return {
    ...passing,
    packet: after,
    trail: hostStep(passing.trail, {
      action: 'CONNTRACK',
      detail: `the pod network masquerades it to ${host.primaryAddress} (settings.network.podMasquerade)`,
      before: headerOf(packet),
      after: headerOf(after),
    }),
  };
}

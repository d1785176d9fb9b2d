import { addressOf, cidrContains, networkOf } from '../base/address.js';
import { copyOf, type Header, headerOf, type Packet, withSource } from '../netfilter/packet.js';
import type { Hook, Ruleset, Table } from '../netfilter/ruleset.js';
import { walkHook } from '../netfilter/walk/walk.js';
import { type Earlier, endingOf } from './endings.js';
import type { Fabric } from './fabric.js';
import { type Host, isLoopback, isWire, LOOPBACK, type Route } from './host.js';
import { foreseen, policed } from './policing.js';
import { type Branch, both, type Ending, hostStep, ruleSteps } from './trail.js';

/** Where a packet is after a node let it pass. */
export type Exit =
  | { readonly kind: 'LOCAL' }
  | { readonly kind: 'POD'; readonly pod?: string }
  | { readonly kind: 'NODE'; readonly node: string }
  | { readonly kind: 'OUTSIDE' };

export type Passed =
  | { readonly branch: Branch; readonly exit: Exit }
  | {
      readonly branch: Branch;
      readonly ending: Ending;
      /** Where policies deny it: what the node would do with it if they did not. */
      readonly beyond?: () => readonly Passed[];
    };

/** A branch on its way through one node, with what the node's hooks did to it so far (newest first). */
interface Passing {
  readonly branch: Branch;
  readonly earlier: Earlier | undefined;
}

const withoutNat = new WeakMap<Ruleset, Ruleset>();

/** The same table, with its language, sets and chains, that no hook calls for nat. */
function withoutNatChains(table: Table): Table {
  const baseChains = table.baseChains.filter(({ base }) => base?.type !== 'nat');
  return new Proxy(table, {
    get(target, name) {
      if (name === 'baseChains') return baseChains;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/**
 * The rules without the chains that translate, which a packet that loops back through lo does not meet a second time.
 */
function natless(ruleset: Ruleset): Ruleset {
  let reduced = withoutNat.get(ruleset);
  if (reduced === undefined) {
    const tables = ruleset.tables.map(withoutNatChains);
    reduced = { ...ruleset, tables };
    withoutNat.set(ruleset, reduced);
  }
  return reduced;
}

const sentOn = new WeakMap<Ruleset, Ruleset>();

/**
 * The rules that a packet meets which a balancer sends out: chains that translate have decided already, and it is not
 * taken again.
 */
function behindBalancer(ruleset: Ruleset): Ruleset {
  let reduced = sentOn.get(ruleset);
  if (reduced === undefined) {
    reduced = { ...natless(ruleset), balancers: [] };
    sentOn.set(ruleset, reduced);
  }
  return reduced;
}

/** A packet that a node's first hook has let pass, or that a balancer has taken: what follows is {@link passOn}. */
export interface Entered {
  readonly passing: Passing;
  /** A balancer has taken it and sends it out anew. */
  readonly isBalanced: boolean;
  readonly entry: 'PREROUTING' | 'OUTPUT';
  /** The packet as it came to the node. */
  readonly arriving: Packet;
}

/** One node, a packet that comes to it, and what has become of its branches so far. */
class NodePass {
  readonly done: Passed[] = [];
  /** What a balancer has taken and sends out anew. */
  readonly balanced: Passing[] = [];
  readonly host: Host;
  readonly ruleset: Ruleset;
  readonly #start: Header;

  constructor(
    readonly fabric: Fabric,
    readonly node: string,
    readonly arriving: Packet,
    readonly entry: 'PREROUTING' | 'OUTPUT',
  ) {
    this.host = fabric.host(node);
    this.ruleset = fabric.ruleset(node);
    this.#start = headerOf(arriving);
  }

  walk(passing: Passing, hook: Hook, rules: Ruleset = this.ruleset): Passing[] {
    const { fabric, node, ruleset } = this;
    const accepted: Passing[] = [];
    for (const outcome of walkHook(rules, hook, passing.branch.packet, this.host)) {
      const branch: Branch = {
        chance: both(passing.branch.chance, outcome.chance),
        packet: outcome.packet,
        trail: ruleSteps(passing.branch.trail, outcome.steps),
        tracked: passing.branch.tracked,
      };
      const { basis } = outcome.chance;
      if (basis !== undefined && basis.kind !== 'EXACT')
        fabric.assumptions.add(`shares.${basis.kind}`, basis.kind, basis.why);
      const after = { branch, earlier: { outcome, previous: passing.earlier } };
      if (outcome.verdict === 'ACCEPT') accepted.push(after);
      else if (outcome.verdict === 'BALANCED') this.balanced.push(after);
      else this.done.push({ branch, ending: endingOf(outcome, ruleset.language, node, passing.earlier) });
    }
    return accepted;
  }

  #tracking({ chance, packet, trail, tracked }: Branch): Branch {
    const { mark, unknownMark } = packet.connection;
    const entry = { node: this.node, before: this.#start, after: headerOf(packet), mark, unknownMark };
    return { chance, packet, trail, tracked: { entry, previous: tracked } };
  }

  #leaves(branch: Branch, exit: Exit): void {
    this.done.push({ branch: this.#tracking(branch), exit });
  }

  #dies(branch: Branch, ending: Ending): void {
    this.done.push({ branch: this.#tracking(branch), ending });
  }

  /** Policies deny it. `goOn`: what would follow. */
  #denied(branch: Branch, ending: Ending, goOn: (pass: NodePass) => void): void {
    const { fabric, node, arriving, entry } = this;
    const beyond = () => {
      const pass = new NodePass(fabric, node, arriving, entry);
      goOn(pass);
      return pass.done;
    };
    this.done.push({ branch: this.#tracking(branch), ending, beyond });
  }

  /** Past the policies and POSTROUTING, out of the node. */
  #send(passing: Passing, route: Exclude<Route, { kind: 'LOCAL' | 'UNREACHABLE' }>): void {
    const { fabric, node, host, ruleset, entry } = this;
    const receiver = route.kind === 'POD' ? route : undefined;
    const leaving = (): Packet => {
      const outcomes = walkHook(ruleset, 'POSTROUTING', passing.branch.packet, host);
      const left = outcomes.find(({ verdict }) => verdict === 'ACCEPT')?.packet ?? passing.branch.packet;
      return masqueradedByCni(fabric, host, { ...passing.branch, packet: left }).packet;
    };
    const judged = policed(fabric, node, passing.branch, receiver, entry, leaving);
    const policedOne = { ...passing, branch: judged.branch };
    if (judged.ending === undefined) this.#post(policedOne, route);
    else {
      const { branch, ending } = foreseen(fabric, node, judged.branch, judged.ending, leaving);
      this.#denied(branch, ending, (pass) => pass.#post(policedOne, route));
    }
  }

  /** Past POSTROUTING, out of the node. */
  #post(passing: Passing, route: Exclude<Route, { kind: 'LOCAL' | 'UNREACHABLE' }>): void {
    const { fabric, node, host } = this;
    for (const { branch } of this.walk(passing, 'POSTROUTING')) {
      const posted = masqueradedByCni(fabric, host, branch);
      const end = leave(node, posted.packet, route);
      if ('exit' in end) this.#leaves(posted, end.exit);
      else this.#dies(posted, end.ending);
    }
  }

  /** The first hook, with the routing before it for what a process sends. */
  enter(arriving: Branch): Passing[] {
    const { host, entry } = this;
    const routedFirst = entry === 'OUTPUT' ? outInterfaceOf(host.route(arriving.packet.destination)) : undefined;
    const first = routedFirst === undefined ? arriving : leavingBy(arriving, routedFirst);
    return this.walk({ branch: first, earlier: undefined }, entry);
  }

  /** From the first hook on. */
  passOn(entered: Passing): void {
    const { fabric, node, host, entry, ruleset } = this;
    const { packet } = entered.branch;
    const route = host.route(packet.destination);
    const routed = { branch: leavingBy(entered.branch, outInterfaceOf(route)), earlier: entered.earlier };
    const martian = entry === 'OUTPUT' ? loopbackSource(fabric, node, packet, route) : loopbackDestination(packet);
    if (martian !== undefined) {
      this.#dies(routed.branch, martian);
    } else if (route.kind === 'LOCAL') {
      const arrived =
        entry === 'PREROUTING'
          ? [routed]
          : this.walk(routed, 'POSTROUTING').flatMap((looped) =>
              this.walk(comingBack(looped), 'PREROUTING', natless(ruleset)),
            );
      for (const local of arrived)
        for (const accepted of this.walk(local, 'INPUT')) {
          const judged = policed(fabric, node, accepted.branch, undefined, entry);
          const leave = (pass: NodePass) => pass.#leaves(judged.branch, { kind: 'LOCAL' });
          if (judged.ending === undefined) leave(this);
          else this.#denied(judged.branch, judged.ending, leave);
        }
    } else if (route.kind === 'UNREACHABLE') {
      this.#dies(routed.branch, {
        verdict: 'UNREACHABLE',
        cause: 'NO_ROUTE',
        detail: `${node} has no route to ${packet.destination}`,
      });
    } else if (entry === 'PREROUTING' && goesBack(fabric, this.#start.source, packet, route)) {
      const detail = `the pod network of ${node} does not let a packet back to the pod that sent it (hairpin is off)`;
      this.#dies(routed.branch, { verdict: 'DROPPED', cause: 'POLICY', detail });
    } else {
      const forwarded = entry === 'PREROUTING' ? this.walk(routed, 'FORWARD') : [routed];
      for (const passing of forwarded) this.#send(passing, route);
    }
  }

  /** What a balancer has taken, from there on. */
  sendOn(taken: Passing): void {
    const { node, host, ruleset } = this;
    const { packet } = taken.branch;
    const route = host.route(packet.destination);
    if (route.kind === 'LOCAL' || route.kind === 'UNREACHABLE') {
      const detail = `${node} has no route to the real server ${packet.destination}`;
      this.#dies(taken.branch, { verdict: 'UNREACHABLE', cause: 'NO_ROUTE', detail });
      return;
    }
    const sent = copyOf(packet);
    sent.inInterface = undefined;
    sent.outInterface = outInterfaceOf(route);
    const branch = { ...taken.branch, packet: sent };
    for (const passing of this.walk({ ...taken, branch }, 'OUTPUT', behindBalancer(ruleset)))
      this.#send(passing, route);
  }
}

/**
 * Takes a new connection's packet to a node: from the wire or a pod (PREROUTING) or from a process (OUTPUT). What its
 * first hook lets pass is `entered`, what has come to its end is `done`.
 */
export function enterNode(
  fabric: Fabric,
  node: string,
  arriving: Branch,
  entry: 'PREROUTING' | 'OUTPUT',
): { readonly entered: readonly Entered[]; readonly done: readonly Passed[] } {
  const pass = new NodePass(fabric, node, arriving.packet, entry);
  const head = { entry, arriving: arriving.packet };
  const entered = pass.enter(arriving).map((passing): Entered => ({ passing, isBalanced: false, ...head }));
  const taken = pass.balanced.map((passing): Entered => ({ passing, isBalanced: true, ...head }));
  return { entered: [...entered, ...taken], done: pass.done };
}

/**
 * Takes what has entered a node to where the node sends it. The hooks are called in the kernel's order; OUTPUT is
 * routed before and after its rules, and a packet to the host itself leaves by lo and comes back in. `taken`: what a
 * balancer takes on the way.
 */
export function passOn(
  fabric: Fabric,
  node: string,
  entered: Entered,
): { readonly done: readonly Passed[]; readonly taken: readonly Entered[] } {
  const pass = new NodePass(fabric, node, entered.arriving, entered.entry);
  if (entered.isBalanced) pass.sendOn(entered.passing);
  else pass.passOn(entered.passing);
  return { done: pass.done, taken: pass.balanced.map((passing) => ({ ...entered, passing, isBalanced: true })) };
}

/**
 * Whether a packet would have to go out where it came in, to the very pod that sent it, and may not. A bridge finds
 * that before it calls FORWARD (`should_deliver` in net/bridge/br_forward.c).
 */
function goesBack(fabric: Fabric, sender: string, packet: Packet, route: Route): boolean {
  return (
    !fabric.settings.network.hairpin &&
    !isWire(packet.inInterface) &&
    route.kind === 'POD' &&
    packet.destination === sender
  );
}

/** A packet that a process sent to its own host: it left by lo and now comes in by it. */
function comingBack({ branch, earlier }: Passing): Passing {
  const packet = copyOf(branch.packet);
  packet.inInterface = LOOPBACK;
  packet.outInterface = undefined;
  return { branch: { chance: branch.chance, packet, trail: branch.trail, tracked: branch.tracked }, earlier };
}

function outInterfaceOf(route: Route): string | undefined {
  if (route.kind === 'LOCAL') return LOOPBACK;
  return route.kind === 'UNREACHABLE' ? undefined : route.outInterface;
}

function leavingBy({ chance, packet, trail, tracked }: Branch, outInterface: string | undefined): Branch {
  const leaving = copyOf(packet);
  leaving.outInterface = outInterface;
  return { chance, packet: leaving, trail, tracked };
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
    const { listed } = route;
    if (listed?.isDoubtful) return { ending: { verdict: 'UNKNOWN', cause: 'MISSING_DATA', detail: listed.why } };
    const detail = listed?.why ?? `no pod of the snapshot has ${packet.destination}, an address of ${node}'s pod CIDR`;
    return { ending: { verdict: 'UNREACHABLE', cause: 'NO_ROUTE', detail } };
  }
  if (route.kind === 'POD') return { exit: { kind: 'POD', ...(route.pod === undefined ? {} : { pod: route.pod }) } };
  return { exit: route.kind === 'NODE' ? { kind: 'NODE', node: route.node } : { kind: 'OUTSIDE' } };
}

/**
 * A process's connection from 127.0.0.1 that was translated to leave the host: the kernel finds no route for it unless
 * route_localnet is set (__mkroute_output). It has no such check for ::1: that packet leaves, masqueraded, and its
 * reply is lost (see reply.ts).
 */
function loopbackSource(fabric: Fabric, node: string, packet: Packet, route: Route): Ending | undefined {
  if (!isLoopback(packet.source) || route.kind === 'LOCAL') return undefined;
  if (packet.family === 'IPv6' || fabric.program(node).routeLocalnet) return undefined;
  return {
    verdict: 'DROPPED',
    cause: 'MARTIAN',
    detail: `${node} does not route a connection from ${packet.source} off the host: sysctl route_localnet is 0`,
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
function masqueradedByCni(fabric: Fabric, host: Host, branch: Branch): Branch {
  const { packet } = branch;
  const { podMasquerade } = fabric.settings.network;
  if (podMasquerade.length === 0 || !isWire(packet.outInterface) || packet.connection.snat) return branch;
  const source = addressOf(packet.source);
  const destination = addressOf(packet.destination);
  if (source === undefined || destination === undefined || host.primaryAddress === undefined) return branch;
  const holds = (text: string, address: typeof source) => {
    const cidr = networkOf(text);
    return cidr !== undefined && cidrContains(cidr, address);
  };
  const applies = podMasquerade.some(
    (rule) => holds(rule.source, source) && !rule.exceptDestinations.some((text) => holds(text, destination)),
  );
  if (!applies) return branch;
  const after = withSource(packet, host.primaryAddress, undefined);
  return {
    ...branch,
    packet: after,
    trail: hostStep(branch.trail, {
      action: 'CONNTRACK',
      detail: `the pod network masquerades it to ${host.primaryAddress} (settings.network.podMasquerade)`,
      before: headerOf(packet),
      after: headerOf(after),
    }),
  };
}

import { divide, type Fraction, isOne, isZero, ONE, subtract, ZERO } from '../../base/fraction.js';
import type { Language, Matched } from '../language.js';
import type { LeftOut } from '../left-out.js';
import { headerOf, type Packet } from '../packet.js';
import type { Hook, HookBalancer, Rule, Ruleset, Table, Taking } from '../ruleset.js';
import { type Attached, attachedTo } from './base-chains.js';
import { weaker } from './basis.js';
import { enter, type Frame, isLoop, positionOf } from './chain-frame.js';
import { passLeftOut, scaledTo } from './left-out.js';
import { rivalsOf } from './rivals.js';
import { splitShare } from './share.js';
import type { Chance, ChanceBasis, HookOutcome, StepAction, StepList, WalkEnvironment, WalkStep } from './types.js';
import type { Effect, RecentChange, WalkContext, Way } from './walk-context.js';

/**
 * Limits of what is done for one packet at one hook, far above what a node's rules need: chains that call each other
 * many times over, or random rules on top of random rules, could go on for ever. What is left then is UNKNOWN, with
 * its share.
 */
const MOST_RULES = 5_000_000;
const MOST_STEPS = 500_000;
const MOST_OUTCOMES = 50_000;

/** One of the ways that a packet goes: its own share, packet and past. */
interface Branch {
  packet: Packet;
  nominal: Fraction;
  programmed: Fraction;
  roundRobin: boolean;
  basis: ChanceBasis | undefined;
  steps: StepList | undefined;
  recents: RecentChange | undefined;
  /** The base chain (of the hook's) that it is in, and where in its rules. */
  base: number;
  frame: Frame | undefined;
  /** A rule of the nat table has rewritten it at this hook. */
  translated: boolean;
  /** The effect of a rule that is still to be carried out: one of those that the rule has by chance. */
  waiting: Waiting | undefined;
}

interface Waiting {
  readonly here: Frame;
  readonly match: RuleMatch;
  readonly effect: Way['effect'];
}

/** One packet on its way through one hook. */
class HookWalk implements WalkContext {
  recents: RecentChange | undefined;
  table: Table | undefined;
  readonly #rulesetLanguage: Language;
  readonly #ruleset: Ruleset;
  readonly #attached: readonly Attached[];
  readonly #outcomes: HookOutcome[] = [];
  /** Branches not walked yet, the next one last. */
  readonly #pending: Branch[] = [];
  #looked = 0;
  #stepped = 0;

  constructor(
    ruleset: Ruleset,
    readonly hook: Hook,
    readonly environment: WalkEnvironment,
  ) {
    this.#ruleset = ruleset;
    this.#rulesetLanguage = ruleset.language;
    this.#attached = attachedTo(ruleset, hook);
  }

  run(packet: Packet): HookOutcome[] {
    this.#pending.push({
      packet,
      nominal: ONE,
      programmed: ONE,
      roundRobin: false,
      basis: undefined,
      steps: undefined,
      recents: undefined,
      base: -1,
      frame: undefined,
      translated: false,
      waiting: undefined,
    });
    for (let branch = this.#pending.pop(); branch !== undefined; branch = this.#pending.pop()) this.#walk(branch);
    return this.#outcomes;
  }

  /** Walks a branch to its end; branches that split off wait in `pending`. */
  #walk(branch: Branch): void {
    let going = true;
    while (going) {
      const { frame, waiting } = branch;
      if (waiting !== undefined) going = this.#takeWay(branch, waiting);
      else if (frame === undefined) going = this.#nextBase(branch);
      else if (frame.index >= frame.rules.length) going = this.#leaveChain(branch, frame);
      else if (this.#isTooMuch()) going = this.#giveUp(branch, frame);
      else going = this.#walkRules(branch, frame);
    }
  }

  #isTooMuch(): boolean {
    return this.#looked >= MOST_RULES || this.#stepped >= MOST_STEPS || this.#outcomes.length >= MOST_OUTCOMES;
  }

  /** Enters the next base chain of the hook. False: there is none left, the hook accepts the packet. */
  #nextBase(branch: Branch): boolean {
    for (;;) {
      const next = this.#attached[++branch.base];
      if (next === undefined) return this.#end(branch, { verdict: 'ACCEPT' });
      if (next.balancer !== undefined) {
        const taking = next.balancer.take(branch.packet, this.environment);
        if (taking === undefined) continue;
        return this.#balance(branch, next.balancer, taking);
      }
      // Only the packet that opens a flow asks chains of type nat, and only until it is translated at the hook.
      if (next.chain.base?.type === 'nat' && (branch.packet.connection.state !== 'NEW' || branch.translated)) continue;
      branch.frame = enter(next.chain, branch.packet, undefined);
      return true;
    }
  }

  /** Sends a packet on the ways of a balancer that has taken it. False: the branch has ended, or has split up. */
  #balance(branch: Branch, { name }: HookBalancer, taking: Taking): false {
    const { chain, ways, refused, unknown, origin } = taking;
    const rule: Rule = { chain, statements: [], text: chain, ...(origin && { origin }) };
    if (unknown !== undefined) {
      this.#stepAt(branch, name, chain, { action: 'UNKNOWN', rule });
      return this.#end(branch, { verdict: 'UNKNOWN', rule, unknown: { cause: 'UNKNOWN_TARGET', detail: unknown } });
    }
    let [left, rest] = [branch.nominal, ONE];
    const split = (chance: Chance | undefined): Branch => {
      const part = chance?.nominal ?? ONE;
      const [nominal, remaining] = splitShare(left, partOf(part, rest));
      left = remaining;
      rest = subtract(rest, part);
      // A balancer chooses by no threshold: both chances are the same part of what there was.
      const [programmed] = splitShare(branch.programmed, part);
      const roundRobin = branch.roundRobin || chance?.roundRobin === true;
      return { ...branch, nominal, programmed, roundRobin, basis: weaker(branch.basis, chance?.basis) };
    };
    const going: Branch[] = [];
    for (const way of ways) {
      const one = split(way.chance);
      const before = headerOf(one.packet);
      one.packet = way.packet;
      const after = headerOf(way.packet);
      if (way.leftOut !== undefined) {
        this.#end(one, { verdict: 'LEFT_OUT', leftOut: { ...way.leftOut, unit: 1n } });
        continue;
      }
      const chance = way.chance !== undefined && isOne(way.chance.nominal) ? undefined : way.chance;
      this.#stepAt(one, name, chain, { action: 'BALANCE', rule: way.rule, chance, before, after });
      if (way.stays) going.push(one);
      else this.#end(one, { verdict: 'BALANCED' });
    }
    if (refused !== undefined) {
      const one = split(refused);
      this.#stepAt(one, name, chain, { action: 'REJECT', rule, chance: isOne(refused.nominal) ? undefined : refused });
      this.#end(one, { verdict: 'REJECT', rule, refusedBy: { name: chain, wantsLocal: taking.wantsLocal === true } });
    }
    this.#pending.push(...going.reverse());
    return false;
  }

  /** The end of a chain: back to its caller, or the policy of a base chain. False: the branch has ended. */
  #leaveChain(branch: Branch, frame: Frame): boolean {
    this.#tellPassedOver(branch, frame, frame.passedOver);
    branch.frame = frame.caller;
    if (frame.caller !== undefined) return true;
    const base = this.#attached[branch.base]?.chain;
    if (base?.base?.policy !== 'DROP') return true;
    this.#step(branch, base.name, { action: 'POLICY', target: 'DROP' });
    return this.#end(branch, { verdict: 'DROP', policy: true });
  }

  /** Looks for the next rule of the chain that matches. False: the branch has ended. */
  #walkRules(branch: Branch, frame: Frame): boolean {
    const { rules, chain, caller } = frame;
    let passedOver = frame.passedOver;
    this.recents = branch.recents;
    this.table = this.#attached[branch.base]?.table;
    const language = this.#language;
    for (let index = frame.index; index < rules.length; index++) {
      const rule = rules[index] as Rule;
      this.#looked++;
      if (rule.leftOut !== undefined) {
        passedOver += rule.leftOut.count;
        if (this.#leaveOut(branch, rule.leftOut)) continue;
        return false;
      }
      const matched = language.evaluate(rule, branch.packet, this);
      if (matched === undefined) continue;
      const passed = matched.isUndecided ? language.passedBy(matched, branch.packet, this) : undefined;
      if (passed !== undefined) {
        branch.packet = passed;
        continue;
      }
      const here: Frame = { chain, rules, index, passedOver, caller };
      if (matched.chance !== undefined && !this.#split(branch, here, matched.chance, matched.recentsBefore)) {
        passedOver++;
        continue;
      }
      branch.recents = this.recents;
      this.#tellPassedOver(branch, frame, passedOver);
      branch.frame = { chain, rules, index: index + 1, passedOver: 0, caller };
      return this.#hit(branch, here, rule, matched);
    }
    branch.recents = this.recents;
    branch.frame = { chain, rules, index: rules.length, passedOver, caller };
    return true;
  }

  /** Takes from the branch what rules get that are not followed. False: nothing is left of it. */
  #leaveOut(branch: Branch, leftOut: LeftOut): boolean {
    const { nominal, programmed, share, rest } = passLeftOut(branch, leftOut);
    this.#end({ ...branch, nominal, programmed }, { verdict: 'LEFT_OUT', leftOut: share });
    branch.nominal = rest.nominal;
    branch.programmed = rest.programmed;
    return !isZero(rest.nominal) || !isZero(rest.programmed);
  }

  /** Leaves the rest of the branch behind, for which the rule does not hit. False: the rule never hits. */
  #split(branch: Branch, here: Frame, chance: Chance, recents: RecentChange | undefined): boolean {
    const [nominal, restNominal] = splitShare(branch.nominal, chance.nominal);
    const [programmed, restProgrammed] = splitShare(branch.programmed, chance.programmed);
    if (nominal.n === 0n && programmed.n === 0n) return false;
    branch.roundRobin ||= chance.roundRobin === true;
    branch.basis = weaker(branch.basis, chance.basis);
    if (restNominal.n !== 0n || restProgrammed.n !== 0n) {
      this.#pending.push({
        ...branch,
        nominal: restNominal,
        programmed: restProgrammed,
        recents,
        frame: { ...here, index: here.index + 1, passedOver: here.passedOver + 1 },
      });
    }
    branch.nominal = nominal;
    branch.programmed = programmed;
    return true;
  }

  /** Does what the matching rule says. False: the branch has ended. */
  #hit(branch: Branch, here: Frame, rule: Rule, matched: Matched): boolean {
    const { chance } = matched;
    const position = positionOf(here, rule);
    const match: RuleMatch = { rule, position, chance };
    if (matched.isUndecided) {
      this.#step(branch, here.chain.name, { action: 'UNKNOWN', ...match });
      const unknown = this.#language.undecided(matched, rule, branch.packet);
      return this.#end(branch, { verdict: 'UNKNOWN', rule, unknown });
    }
    return this.#carryOut(branch, here, match, this.#language.apply(matched, branch.packet, this));
  }

  /** The language of the table in which the walk is. */
  get #language(): Language {
    return this.table?.language ?? this.#rulesetLanguage;
  }

  /** Splits the branch into the ways of a random rule; the first of them is taken at once. */
  #choose(branch: Branch, here: Frame, match: RuleMatch, ways: readonly Way[]): boolean {
    const branches: Branch[] = [];
    let left = { nominal: branch.nominal, programmed: branch.programmed };
    let rest = { nominal: ONE, programmed: ONE };
    for (const { chance, effect } of ways) {
      // Each way is a part of what is left, so that all of them sum to exactly the share of the branch.
      const [nominal, restNominal] = splitShare(left.nominal, partOf(chance.nominal, rest.nominal));
      const [programmed, restProgrammed] = splitShare(left.programmed, partOf(chance.programmed, rest.programmed));
      left = { nominal: restNominal, programmed: restProgrammed };
      rest = {
        nominal: subtract(rest.nominal, chance.nominal),
        programmed: subtract(rest.programmed, chance.programmed),
      };
      if (isZero(nominal) && isZero(programmed)) continue;
      const roundRobin = branch.roundRobin || chance.roundRobin === true;
      const waiting = { here, match: { ...match, chance }, effect };
      const basis = weaker(branch.basis, chance.basis);
      branches.push({ ...branch, nominal, programmed, roundRobin, basis, waiting });
    }
    this.#pending.push(...branches.reverse());
    return false;
  }

  #takeWay(branch: Branch, { here, match, effect }: Waiting): boolean {
    branch.waiting = undefined;
    this.table = this.#attached[branch.base]?.table;
    return this.#carryOut(branch, here, match, effect);
  }

  #carryOut(branch: Branch, here: Frame, match: RuleMatch, effect: Effect): boolean {
    const name = here.chain.name;
    if (effect.action === 'CHOICE') {
      if (effect.packet !== undefined) branch.packet = effect.packet;
      return this.#choose(branch, here, match, effect.ways);
    }
    switch (effect.action) {
      case 'JUMP':
      case 'GOTO':
      case 'RETURN':
      case 'ACCEPT':
      case 'DROP':
      case 'REJECT':
        if (effect.packet !== undefined) branch.packet = effect.packet;
    }
    switch (effect.action) {
      case 'MISS':
        return true;
      case 'LEFT_OUT':
        return this.#end(branch, { verdict: 'LEFT_OUT', leftOut: scaledTo(effect.leftOut, branch.programmed) });
      case 'JUMP':
      case 'GOTO':
        return this.#call(branch, here, match, effect);
      case 'RETURN':
        this.#step(branch, name, { action: 'RETURN', ...match });
        // As at its end, with nothing passed over any more.
        branch.frame = { ...here, index: here.rules.length, passedOver: 0 };
        return true;
      case 'ACCEPT':
        this.#step(branch, name, { action: 'ACCEPT', ...match });
        branch.frame = undefined;
        return true;
      case 'DROP':
      case 'REJECT':
        this.#step(branch, name, { action: effect.action, ...match });
        return this.#end(branch, { verdict: effect.action, rule: match.rule });
      case 'UNKNOWN':
        return this.#unknown(branch, name, match, effect.detail);
      case 'PASS':
      case 'MARK':
        this.#rewrite(branch, name, effect.action, match, effect.packet ?? branch.packet);
        return true;
      default: {
        const before = branch.packet;
        this.#rewrite(branch, name, effect.action, match, effect.packet);
        const rival = this.#rivalOf(branch, before);
        if (rival !== undefined) return this.#contested(branch, name, match, rival);
        branch.translated = true;
        branch.frame = undefined;
        return true;
      }
    }
  }

  /** A table whose chain of the same priority would translate the packet differently. */
  #rivalOf({ base, packet, recents }: Branch, before: Packet): string | undefined {
    const here = this.#attached[base];
    if (here?.chain === undefined) return undefined;
    const differs = (other: Packet) => other !== before && !isSameTranslation(other, before, packet);
    this.recents = recents;
    return rivalsOf(this.#ruleset, this.hook, here).find(({ alone }) =>
      walkHook(alone, this.hook, before, this.environment).some(
        (outcome) => outcome.verdict === 'UNKNOWN' || differs(outcome.packet),
      ),
    )?.table;
  }

  #contested(branch: Branch, chain: string, match: RuleMatch, rival: string): false {
    const here = this.#tableOf(branch);
    const priority = this.#attached[branch.base]?.priority ?? 0;
    const detail =
      `the tables ${here} and ${rival} both translate the packet at priority ${priority} of ${this.hook}, and ` +
      'the rules do not say which of them the kernel asks first';
    return this.#unknown(branch, chain, match, detail);
  }

  #call(branch: Branch, here: Frame, match: RuleMatch, effect: { action: 'JUMP' | 'GOTO'; chain: string }): boolean {
    const chain = this.#attached[branch.base]?.table?.chain(effect.chain);
    if (chain === undefined) {
      const detail = `the rules have no chain ${effect.chain} in the table ${this.#tableOf(branch)}`;
      return this.#unknown(branch, here.chain.name, match, detail);
    }
    if (isLoop(chain, here)) {
      return this.#unknown(branch, here.chain.name, match, `${effect.chain} is called again from within itself`);
    }
    this.#step(branch, here.chain.name, { action: effect.action, target: effect.chain, ...match });
    // After a goto nothing of the calling chain is left to do.
    const index = effect.action === 'GOTO' ? here.rules.length : here.index + 1;
    branch.frame = enter(chain, branch.packet, { ...here, index, passedOver: 0 });
    return true;
  }

  #rewrite(branch: Branch, chain: string, action: StepAction, match: RuleMatch, packet: Packet): void {
    const before = headerOf(branch.packet);
    branch.packet = packet;
    this.#step(
      branch,
      chain,
      action === 'PASS' ? { action, ...match } : { action, ...match, before, after: headerOf(packet) },
    );
  }

  #unknown(branch: Branch, chain: string, match: RuleMatch, cause: string): false {
    this.#step(branch, chain, { action: 'UNKNOWN', ...match });
    const detail = `${cause}: ${this.#language.textOf(match.rule, branch.packet)}`;
    return this.#end(branch, { verdict: 'UNKNOWN', rule: match.rule, unknown: { cause: 'UNKNOWN_TARGET', detail } });
  }

  #giveUp(branch: Branch, frame: Frame): false {
    this.#step(branch, frame.chain.name, { action: 'UNKNOWN' });
    const detail = 'the packet has more ways through the rules than are followed';
    return this.#end(branch, { verdict: 'UNKNOWN', unknown: { cause: 'UNKNOWN_TARGET', detail } });
  }

  #tellPassedOver(branch: Branch, frame: Frame, passedOver: number): void {
    if (passedOver > 0) this.#step(branch, frame.chain.name, { action: 'PASSED_OVER', passedOver });
  }

  #tableOf(branch: Branch): string {
    return this.#attached[branch.base]?.table?.name ?? '';
  }

  #step(branch: Branch, chain: string, what: Omit<WalkStep, 'hook' | 'table' | 'chain'>): void {
    this.#stepAt(branch, this.#tableOf(branch), chain, what);
  }

  #stepAt(branch: Branch, table: string, chain: string, what: Omit<WalkStep, 'hook' | 'table' | 'chain'>): void {
    this.#stepped++;
    // Field by field, so that all steps have one shape.
    const step: WalkStep = {
      hook: this.hook,
      table,
      chain,
      action: what.action,
      rule: what.rule,
      position: what.position,
      target: what.target,
      chance: what.chance,
      passedOver: what.passedOver,
      before: what.before,
      after: what.after,
    };
    branch.steps = { step, previous: branch.steps };
  }

  #end(
    branch: Branch,
    end: Pick<HookOutcome, 'verdict' | 'rule' | 'unknown' | 'policy' | 'refusedBy' | 'leftOut'>,
  ): false {
    const { packet, nominal, programmed, steps } = branch;
    const chance = { nominal, programmed, roundRobin: branch.roundRobin || undefined, basis: branch.basis };
    const { verdict, rule, unknown, policy, refusedBy, leftOut } = end;
    this.#outcomes.push({ verdict, packet, chance, steps, rule, unknown, policy, refusedBy, leftOut });
    return false;
  }
}

/** Whether a packet is as it was, or translated as the other one is. */
function isSameTranslation(packet: Packet, before: Packet, other: Packet): boolean {
  const isLike = (one: Packet) =>
    packet.destination === one.destination &&
    packet.destinationPort === one.destinationPort &&
    packet.source === one.source &&
    packet.sourcePort === one.sourcePort;
  return isLike(before) || isLike(other);
}

/** A chance as a part of what is left of the whole. */
function partOf(chance: Fraction, left: Fraction): Fraction {
  return isZero(left) ? ZERO : divide(chance, left);
}

/** The rule that matched: what every step of it has. */
interface RuleMatch {
  readonly rule: Rule;
  readonly position: number | undefined;
  readonly chance: Chance | undefined;
}

/**
 * Takes a packet through everything that the rules of one hook do to it: the base chains in the order of their
 * priorities (nat only for the packet that opens a flow), ACCEPT ending one base chain, DROP and REJECT all
 * (iptables(8), nf_hook_slow). Random rules split the packet's way; the result is every distinct way out with its
 * chance, in the order of the rules that decide. Nominal chances sum to exactly 1, and so do programmed ones.
 */
export function walkHook(ruleset: Ruleset, hook: Hook, packet: Packet, environment: WalkEnvironment): HookOutcome[] {
  return new HookWalk(ruleset, hook, environment).run(packet);
}

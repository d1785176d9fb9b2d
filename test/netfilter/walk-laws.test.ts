import fc from 'fast-check';
import t from 'tap';
import {
  add,
  equals,
  type Fraction,
  formatFraction,
  multiply,
  ONE,
  subtract,
  sum,
  ZERO,
} from '../../src/base/fraction.js';
import { chanceOf } from '../../src/netfilter/iptables/matches/statistic.js';
import { parseSave } from '../../src/netfilter/iptables/parse.js';
import { saveRuleset } from '../../src/netfilter/iptables/save.js';
import { statementsOf } from '../../src/netfilter/iptables/statements.js';
import type { Chain, Ruleset } from '../../src/netfilter/ruleset.js';
import { stepsOf } from '../../src/netfilter/walk/steps.js';
import type { HookOutcome } from '../../src/netfilter/walk/types.js';
import { walkHook } from '../../src/netfilter/walk/walk.js';
import { runs } from '../support/runs.js';
import { host, packetWith, rulesetOf, tableOf } from './support.js';

const packet = packetWith();
const DEPTH = 3;
/** Random rules that lead to random rules make more ways than a test has time for. */
const MOST_RANDOM = 6;

const matches = fc.constantFrom(
  '',
  '',
  '-p tcp',
  '-p udp',
  '-m mark --mark 1/1',
  '-m mark ! --mark 2/2',
  '-m statistic --mode random --probability 0.3333333333',
  '-m statistic --mode random --probability 0.4',
  '-m statistic --mode random ! --probability 0.2500000000',
  '-m statistic --mode nth --every 3 --packet 0',
);

/** Rules of chain number `level`, which may lead to higher ones: rulesets without loops. */
function rule(level: number): fc.Arbitrary<string> {
  const plain = fc.constantFrom(
    '-j ACCEPT',
    '-j DROP',
    '-j REJECT',
    '-j RETURN',
    '-j MARK --xor-mark 1',
    '-j MARK --xor-mark 2',
    '-j LOG',
    '',
  );
  const further = fc
    .tuple(fc.constantFrom('-j', '-g'), fc.integer({ min: Math.min(level + 1, DEPTH), max: DEPTH }))
    .map(([how, to]) => `${how} C${to}`);
  const target = level < DEPTH ? fc.oneof(plain, further, further) : plain;
  const name = level === 0 ? 'FORWARD' : `C${level}`;
  return fc
    .tuple(matches, target)
    .map(([match, then]) => ['-A', name, match, then].filter((part) => part !== '').join(' '));
}

/** How many random rules a packet can come to, those of a chain as often as the chain is called. */
function randomSteps(text: string): number {
  const lines = text.split('\n');
  const callsOf = (chain: string): number =>
    chain === 'FORWARD'
      ? 1
      : lines
          .filter((line) => line.startsWith('-A ') && new RegExp(` -[jg] ${chain}$`).test(line))
          .reduce((sum, line) => sum + callsOf(line.split(' ')[1] ?? ''), 0);
  return lines
    .filter((line) => line.includes('statistic'))
    .reduce((sum, line) => sum + callsOf(line.split(' ')[1] ?? ''), 0);
}

const filters = fc
  .tuple(...Array.from({ length: DEPTH + 1 }, (_, level) => fc.array(rule(level), { minLength: 1, maxLength: 4 })))
  .chain((chains) => fc.constantFrom('', 'FORWARD').map((policy) => ({ chains, policy })))
  .map(({ chains, policy }) =>
    tableOf(
      'filter',
      [...chains.flat(), ...chains.map((_, level) => `:${level === 0 ? 'FORWARD' : `C${level}`}`)].join('\n'),
      policy,
    ),
  )
  .filter((text) => randomSteps(text) <= MOST_RANDOM);

/** Where a packet can be, by verdict and mark, with the chance of each: an evaluator as naive as can be. */
type Where = Map<string, Fraction>;
type State = { readonly mark: number; readonly share: Fraction };
type End = 'ACCEPT' | 'DROP' | 'REJECT';

/** Walks one chain for one state; calls `ended` for verdicts and returns the states that come out at its end. */
function naive(
  chain: Chain,
  table: Map<string, Chain>,
  start: State,
  ended: (end: End, state: State) => void,
): State[] {
  let states = [start];
  const out: State[] = [];
  for (const rule of chain.rules) {
    const statements = statementsOf(rule);
    const next: State[] = [];
    for (const state of states) {
      let hit = state.share;
      for (const statement of statements) {
        if (statement.kind === 'protocol' && statement.protocol !== 'tcp') hit = ZERO;
        if (statement.kind === 'mark') {
          const same = (state.mark & statement.mask) === statement.value;
          if (same === (statement.negated === true)) hit = ZERO;
        }
        if (statement.kind === 'statistic') hit = multiply(hit, chanceOf(statement).nominal);
      }
      const missed = { mark: state.mark, share: subtract(state.share, hit) };
      if (missed.share.n !== 0n) next.push(missed);
      if (hit.n === 0n) continue;
      const here = { mark: state.mark, share: hit };
      const last = statements.at(-1);
      if (last?.kind === 'accept') ended('ACCEPT', here);
      else if (last?.kind === 'drop') ended('DROP', here);
      else if (last?.kind === 'reject') ended('REJECT', here);
      else if (last?.kind === 'return') out.push(here);
      else if (last?.kind === 'set-mark') next.push({ ...here, mark: here.mark ^ last.value });
      else if (last?.kind === 'jump' || last?.kind === 'goto') {
        const called = naive(table.get(last.chain) as Chain, table, here, ended);
        (last.kind === 'jump' ? next : out).push(...called);
      } else next.push(here);
    }
    states = merged(next);
  }
  return merged([...out, ...states]);
}

/** States with the same mark go on alike. */
function merged(states: readonly State[]): State[] {
  const shares = new Map<number, Fraction>();
  for (const { mark, share } of states) shares.set(mark, add(shares.get(mark) ?? ZERO, share));
  return [...shares].map(([mark, share]) => ({ mark, share }));
}

function naively(ruleset: Ruleset): Where {
  const where: Where = new Map();
  const put = (end: string, { mark, share }: State) => {
    const key = `${end} ${mark}`;
    where.set(key, add(where.get(key) ?? ZERO, share));
  };
  const chains = new Map([...(ruleset.tables[0]?.chains() ?? [])].map((chain) => [chain.name, chain]));
  const forward = chains.get('FORWARD') as Chain;
  for (const state of naive(forward, chains, { mark: 0, share: ONE }, put)) put(forward.base?.policy ?? '', state);
  return where;
}

function walked(outcomes: readonly HookOutcome[]): Where {
  const where: Where = new Map();
  for (const {
    verdict,
    packet: { mark },
    chance,
  } of outcomes) {
    const key = `${verdict} ${mark}`;
    where.set(key, add(where.get(key) ?? ZERO, chance.nominal));
  }
  return where;
}

function shown(where: Where): string {
  return [...where]
    .map(([key, share]) => `${key}: ${formatFraction(share)}`)
    .sort()
    .join(', ');
}

t.test('outcomes are where a naive evaluator finds the packet, with the same exact chances', async (t) => {
  let random = 0;
  fc.assert(
    fc.property(filters, (text) => {
      const ruleset = rulesetOf(text);
      const outcomes = walkHook(ruleset, 'FORWARD', packet, host);
      if (outcomes.length > 1) random++;
      const expected = shown(naively(ruleset));
      if (shown(walked(outcomes)) !== expected) throw new Error(`${shown(walked(outcomes))} instead of ${expected}`);
    }),
    { numRuns: runs(250) },
  );
  t.ok(random > 60, `${random} of the rulesets left something to chance`);
});

t.test(
  'chances sum to exactly 1, nominal and programmed, and rules read from saved text give the same outcomes',
  async () => {
    /** All that an outcome tells but the rules' own objects; the saved text has its own spelling and lines. */
    const without = ({ steps, rule: _, ...outcome }: HookOutcome) =>
      JSON.stringify([outcome, stepsOf(steps).map(({ rule: _rule, ...step }) => step)], (_key, value) =>
        typeof value === 'bigint' ? String(value) : value,
      );
    fc.assert(
      fc.property(filters, (text) => {
        const ruleset = rulesetOf(text);
        const outcomes = walkHook(ruleset, 'FORWARD', packet, host);
        const again = walkHook(parseSave(saveRuleset(ruleset, 'NFT'), 'IPv4'), 'FORWARD', packet, host);
        const whole = (chances: Fraction[]) => equals(sum(chances), ONE);
        // 0.4 is no 1/m, so its nominal chance read from saved text is its threshold's decimal.
        const comparable = !text.includes('0.4');
        return (
          whole(outcomes.map(({ chance }) => chance.nominal)) &&
          whole(outcomes.map(({ chance }) => chance.programmed)) &&
          (!comparable || outcomes.map(without).join('\n') === again.map(without).join('\n'))
        );
      }),
      { numRuns: runs(150) },
    );
  },
);

t.test('a hundred random rules of any chance keep sums exact and fractions small', async () => {
  const probabilities = fc.array(fc.double({ min: 0.000001, max: 0.9, noNaN: true }), {
    minLength: 100,
    maxLength: 150,
  });
  fc.assert(
    fc.property(probabilities, (list) => {
      const lines = list.map((p) => `-A FORWARD -m statistic --mode random --probability ${p.toFixed(9)} -j DROP`);
      const outcomes = walkHook(rulesetOf(tableOf('filter', lines.join('\n'))), 'FORWARD', packet, host);
      const chances = outcomes.flatMap(({ chance }) => [chance.nominal, chance.programmed]);
      return (
        equals(sum(outcomes.map(({ chance }) => chance.nominal)), ONE) &&
        equals(sum(outcomes.map(({ chance }) => chance.programmed)), ONE) &&
        chances.every(({ n, d }) => n >= 0n && d.toString(2).length <= 600)
      );
    }),
    { numRuns: runs(15) },
  );
});

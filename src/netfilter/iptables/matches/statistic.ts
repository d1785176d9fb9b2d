import { complement, type Fraction, fraction } from '../../../base/fraction.js';
import type { Chance } from '../../walk/types.js';
import { RANDOM } from '../../walk/walk-context.js';
import { firstValue, type MatchCodec, not, optionOf, RuleError } from '../match-codec.js';
import { decimalFraction, nominalOf, savedProbability, statisticThreshold } from '../random-threshold.js';
import type { StatisticMatch } from '../statements.js';

const THRESHOLDS = 1n << 31n;

/** Chances of the probability texts seen lately: a few are shared by all Services. */
const chances = new Map<string, Chance>();
const CACHE_LIMIT = 10000;

function randomChance(match: StatisticMatch): Chance {
  const text = match.probability ?? '0';
  const key = match.nominal === undefined ? text : `${text}=1/${match.nominal}`;
  const known = chances.get(key);
  if (known !== undefined) return known;
  const programmed = fraction(statisticThreshold(text), THRESHOLDS);
  const nominal = match.nominal === undefined ? decimalFraction(text) : fraction(1, match.nominal);
  if (chances.size >= CACHE_LIMIT) chances.clear();
  const chance = { nominal, programmed };
  chances.set(key, chance);
  return chance;
}

/**
 * How likely the statement matches. Nominal: 1/m where m is known, else the decimal as written. Programmed: of the 31
 * random bits that the kernel draws, the share below its threshold. nth counts packets, so both are its long-run share.
 */
export function chanceOf(match: StatisticMatch): Chance {
  const turn = (value: Fraction) => (match.negated === true ? complement(value) : value);
  if (match.mode === 'nth') {
    const share = turn(fraction(1, match.every ?? 1));
    return { nominal: share, programmed: share, roundRobin: true };
  }
  const chance = randomChance(match);
  if (match.negated !== true) return chance;
  return { nominal: turn(chance.nominal), programmed: turn(chance.programmed) };
}

function counterOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) throw new RuleError(`"${text}" is no value for ${name}: a whole number would be`);
  return Number(text);
}

function spelled(match: StatisticMatch, probability: string): string {
  if (match.mode === 'random') {
    return match.negated === true
      ? `-m statistic --mode random ! --probability ${probability}`
      : `-m statistic --mode random --probability ${probability}`;
  }
  return `-m statistic --mode nth ${not(match.negated)}--every ${match.every} --packet ${match.packet ?? 0}`;
}

/** `-m statistic --mode random|nth`. */
export const statistic: MatchCodec<StatisticMatch> = {
  place: 'module',
  modules: ['statistic'],
  options: { '--mode': 1, '--probability': 1, '--every': 1, '--packet': 1 },
  parse(options) {
    const mode = firstValue(options, '--mode');
    if (mode === 'random') {
      const option = optionOf(options, '--probability');
      const probability = option?.values[0];
      if (probability === undefined || !/^(?:\d+\.?\d*|\.\d+)$/.test(probability) || Number(probability) > 1) {
        throw new RuleError('--mode random needs a --probability from 0 to 1, such as 0.3333333333');
      }
      const nominal = nominalOf(statisticThreshold(probability));
      return {
        kind: 'statistic',
        mode,
        probability,
        ...(nominal !== undefined && { nominal }),
        ...(option?.negated === true && { negated: true }),
      };
    }
    if (mode !== 'nth') throw new RuleError('-m statistic needs --mode random or --mode nth');
    const option = optionOf(options, '--every');
    const every = counterOf(option?.values[0], '--every');
    const packet = counterOf(firstValue(options, '--packet'), '--packet');
    if (every === undefined || every === 0) throw new RuleError('--mode nth needs --every, at least 1');
    if (packet === undefined || packet >= every)
      throw new RuleError('--mode nth needs a --packet smaller than --every');
    return { kind: 'statistic', mode, every, packet, ...(option?.negated === true && { negated: true }) };
  },
  write: (match) => spelled(match, match.probability ?? '0'),
  save: (match) => spelled(match, match.mode === 'random' ? savedProbability(match.probability ?? '0') : ''),
  list(match) {
    if (match.mode === 'random') {
      return `statistic mode random ${not(match.negated)}probability ${savedProbability(match.probability ?? '0')}`;
    }
    const packet = match.packet === undefined || match.packet === 0 ? '' : ` packet ${match.packet}`;
    return `statistic mode nth ${not(match.negated)}every ${match.every}${packet}`;
  },
  test: () => RANDOM,
};

import type { IPFamily } from '../../base/address.js';
import { fraction, ONE } from '../../base/fraction.js';
import type { ChainData, RuleData, StepChance } from '../../contract/answers.js';
import { statisticThreshold } from '../../netfilter/iptables/random-threshold.js';
import type { StatisticMatch } from '../../netfilter/iptables/statements.js';
import { writeRule } from '../../netfilter/iptables/write.js';
import type { Chain, Rule } from '../../netfilter/ruleset.js';
import { stepChance } from '../chances.js';
import { ruleText, serviceRef } from './rule-text.js';

const THRESHOLDS = 2n ** 31n;

function chanceOf(match: StatisticMatch): StepChance | undefined {
  if (match.mode === 'nth') {
    const share = fraction(1, match.every ?? 1);
    return stepChance({ nominal: share, programmed: share, roundRobin: true });
  }
  const programmed = fraction(statisticThreshold(match.probability ?? '1'), THRESHOLDS);
  const nominal = match.nominal === undefined ? programmed : match.nominal === 1 ? ONE : fraction(1, match.nominal);
  return stepChance({ nominal, programmed });
}

function ruleData(rule: Rule, position: number | undefined, family: IPFamily): RuleData {
  const random = rule.statements.find((statement): statement is StatisticMatch => statement.kind === 'statistic');
  const chance = random === undefined ? undefined : chanceOf(random);
  const { origin } = rule;
  return {
    text: ruleText(rule, family),
    written: writeRule(rule),
    ...(position === undefined ? {} : { position }),
    statements: rule.statements,
    ...(origin === undefined ? {} : { service: serviceRef(origin) }),
    ...(origin?.endpoint === undefined ? {} : { endpoint: origin.endpoint }),
    ...(chance === undefined ? {} : { chance }),
  };
}

/** A chain as data: each rule with its statements, what it was written for, and its chance. */
export function chainData(chain: Chain, rules: readonly Rule[], family: IPFamily): ChainData {
  const whole = rules.length === chain.rules.length;
  return {
    name: chain.name,
    ...(chain.base === undefined
      ? {}
      : { hook: chain.base.hook, priority: chain.base.priority, policy: chain.base.policy }),
    rules: rules.map((rule, index) => ruleData(rule, chain.ordered && whole ? index + 1 : undefined, family)),
  };
}

import type { IPFamily } from '../../base/address.js';
import type { PathHeader, PathHop, PathStep, StepChance } from '../../contract/answers.js';
import type { Header } from '../../netfilter/packet.js';
import type { Chance, StepList, WalkStep } from '../../netfilter/walk/types.js';
import { type HostStep, hopsOf, type Trail } from '../../path/trail.js';
import { ruleText, serviceRef } from '../chains/rule-text.js';
import { stepChance } from '../chances.js';

// An answer has hundreds of steps: they are filled in field by field, which costs a fraction of spreading them
// together.
type Draft<T> = { -readonly [field in keyof T]: T[field] };

function header(value: Header): PathHeader {
  const made: Draft<PathHeader> = { source: value.source, destination: value.destination, mark: '' };
  if (value.sourcePort !== undefined) made.sourcePort = value.sourcePort;
  if (value.destinationPort !== undefined) made.destinationPort = value.destinationPort;
  made.mark = value.mark === 0 ? '0x0' : `0x${value.mark.toString(16)}`;
  return made;
}

function detailOf(step: WalkStep): string {
  switch (step.action) {
    case 'JUMP':
      return `jumps to ${step.target ?? ''}`;
    case 'GOTO':
      return `goes to ${step.target ?? ''}`;
    case 'RETURN':
      return 'returns to the calling chain';
    case 'MARK':
      return `sets the mark to 0x${(step.after?.mark ?? 0).toString(16)}`;
    case 'DNAT':
      return `rewrites the destination to ${endpointText(step.after, 'destination')}`;
    case 'SNAT':
    case 'MASQUERADE':
      return `rewrites the source to ${step.after?.source ?? ''}`;
    case 'ACCEPT':
      return 'accepts';
    case 'DROP':
      return 'drops the packet';
    case 'REJECT':
      return 'rejects the packet with an ICMP error';
    case 'POLICY':
      return `the chain's policy is ${step.target ?? ''}`;
    case 'BALANCE':
      return `IPVS sends it to the real server ${endpointText(step.after, 'destination')}`;
    case 'PASS':
      return 'matches and lets the packet pass on';
    case 'PASSED_OVER':
      return `${step.passedOver ?? 0} random ${step.passedOver === 1 ? 'rule does' : 'rules do'} not hit`;
    case 'UNKNOWN':
      return 'is not understood';
  }
}

function endpointText(value: Header | undefined, side: 'destination'): string {
  if (value === undefined) return '';
  const port = value[`${side}Port`];
  return port === undefined
    ? value[side]
    : value[side].includes(':')
      ? `[${value[side]}]:${port}`
      : `${value[side]}:${port}`;
}

/** The chance of a balancer, which chooses by no threshold of the kernel's. */
function balanced(chance: Chance): StepChance {
  const made = stepChance(chance);
  return { ...made, threshold: made.nominal };
}

function ruleStep(step: WalkStep, family: IPFamily): PathStep {
  const { rule } = step;
  const made: Draft<PathStep> = {
    action: step.action,
    hook: step.hook,
    table: step.table,
    chain: step.chain,
    detail: detailOf(step),
  };
  if (rule !== undefined) made.rule = ruleText(rule, family);
  if (step.position !== undefined) made.position = step.position;
  if (step.chance !== undefined)
    made.chance = step.action === 'BALANCE' ? balanced(step.chance) : stepChance(step.chance);
  if (step.passedOver !== undefined) made.passedOver = step.passedOver;
  if (rule?.origin !== undefined) {
    made.service = serviceRef(rule.origin);
    if (rule.origin.endpoint !== undefined) made.endpoint = rule.origin.endpoint;
  }
  if (step.before !== undefined) made.before = header(step.before);
  if (step.after !== undefined) made.after = header(step.after);
  return made;
}

function hostPathStep(step: HostStep): PathStep {
  const made: Draft<PathStep> = { action: step.action, detail: step.detail };
  if (step.chance !== undefined) made.chance = balanced(step.chance);
  if (step.before !== undefined) made.before = header(step.before);
  if (step.after !== undefined) made.after = header(step.after);
  if (step.policy !== undefined) made.policy = step.policy;
  return made;
}

function addSteps(made: PathStep[], list: StepList | undefined, family: IPFamily): void {
  if (list === undefined) return;
  addSteps(made, list.previous, family);
  made.push(ruleStep(list.step, family));
}

/** A trail as the hops of an answer, with every step in words. */
export function pathHops(trail: Trail | undefined, family: IPFamily): readonly PathHop[] {
  return hopsOf(trail).map(({ kind, name, entries }) => {
    const steps: PathStep[] = [];
    for (const entry of entries) {
      if (entry.kind === 'HOST') steps.push(hostPathStep(entry.step));
      else addSteps(steps, entry.steps, family);
    }
    return { kind, name, steps };
  });
}

import { compare } from '../../base/fraction.js';
import { parseSigned } from '../../base/signed-fraction.js';
import type {
  PathDifference,
  PathResult,
  PathStep,
  PathTrace,
  Probability,
  TraceDifference,
} from '../../contract/answers.js';
import { pairs, shifted, shiftedVerdicts, totalOf } from './shifted-shares.js';

const DEFAULT_TRACES = 100;

/** Traces of one client, verdict, cause and endpoint: what both sides are matched by. */
interface Outcome {
  readonly key: string;
  readonly first: PathTrace;
  readonly share: Probability;
  readonly steps: readonly string[];
}

function stepText(step: PathStep): string {
  if (step.rule !== undefined) return step.rule;
  return step.chain === undefined ? `${step.action} ${step.detail}` : `${step.table} ${step.chain}: ${step.detail}`;
}

function outcomesOf(traces: readonly PathTrace[]): readonly Outcome[] {
  const groups = new Map<string, PathTrace[]>();
  for (const trace of traces) {
    const { endpoint: at } = trace;
    const where = at === undefined ? [] : [at.address, at.port, at.pod];
    const key = JSON.stringify([trace.client, trace.verdict, trace.cause ?? null, ...where]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trace]);
    else group.push(trace);
  }
  return [...groups].map(([key, [first, ...more]]) => {
    const all = [first as PathTrace, ...more];
    const steps = all.flatMap((trace) => trace.hops.flatMap((hop) => hop.steps.map(stepText)));
    return { key, first: first as PathTrace, share: totalOf(all.map((trace) => trace.probability)), steps };
  });
}

/** Those of `texts` that `others` do not have, a repeated one as often as it is missing there. */
function beyond(texts: readonly string[], others: readonly string[]): readonly string[] {
  const left = new Map<string, number>();
  for (const text of others) left.set(text, (left.get(text) ?? 0) + 1);
  return texts.filter((text) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0;
  });
}

function compareOutcomes(before: Outcome | undefined, after: Outcome | undefined): TraceDifference {
  const { client, verdict, cause, endpoint } = ((after ?? before) as Outcome).first;
  const common = {
    client,
    ...(endpoint === undefined ? {} : { endpoint }),
    verdict,
    ...(cause === undefined ? {} : { cause }),
  };
  const none = { removed: [], added: [] };
  if (before === undefined) return { ...common, change: 'ADDED', after: after?.share as Probability, steps: none };
  if (after === undefined) return { ...common, change: 'REMOVED', before: before.share, steps: none };
  const steps = { removed: beyond(before.steps, after.steps), added: beyond(after.steps, before.steps) };
  const [was, is] = [before.first.seenClient, after.first.seenClient];
  const seenClient = was === undefined || is === undefined || was === is ? undefined : { before: was, after: is };
  const same =
    before.share.fraction === after.share.fraction &&
    before.share.programmed === after.share.programmed &&
    seenClient === undefined &&
    steps.removed.length + steps.added.length === 0;
  return {
    ...common,
    change: !same ? 'CHANGED' : verdict === 'UNKNOWN' ? 'UNKNOWN' : 'SAME',
    before: before.share,
    after: after.share,
    steps,
    ...(seenClient === undefined ? {} : { seenClient }),
  };
}

function sizeOf(difference: TraceDifference) {
  const { shift } = shifted(difference.before, difference.after);
  return parseSigned(shift.fraction)?.size ?? { n: 0n, d: 1n };
}

/**
 * What is different between two ways of a packet. `before` and `after` must have all traces, ungrouped; `limit` of the
 * compared ones are reported.
 */
export function pathDifference(before: PathResult, after: PathResult, limit = DEFAULT_TRACES): PathDifference {
  const rank = ({ change }: TraceDifference) => Number(change === 'SAME');
  const compared = pairs(outcomesOf(before.traces), outcomesOf(after.traces), ({ key }) => key)
    .map((pair) => compareOutcomes(pair.before, pair.after))
    .map((difference) => ({ difference, size: sizeOf(difference) }))
    .sort((a, b) => rank(a.difference) - rank(b.difference) || compare(b.size, a.size))
    .map(({ difference }) => difference);
  return {
    verdicts: shiftedVerdicts(before.verdicts, after.verdicts),
    traces: compared.slice(0, limit),
    ...(compared.length > limit ? { omitted: compared.length - limit } : {}),
  };
}

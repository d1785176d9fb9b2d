/** The sentence with which an answer begins: what was asked, answered in the asker's words. */
import { whenRead } from '../../base/when-read.js';
import type { Answer, AnyResult, BatchResult } from '../../contract/answers.js';
import type { QuestionRequest } from '../../contract/requests.js';
import type { QuestionKind } from '../kinds.js';
import type { ResultOf } from '../results.js';
import { applySummary } from './apply.js';
import { chainsSummary } from './chains.js';
import { checkSummary } from './check.js';
import { inspectSummary } from './inspect.js';
import { pathSummary } from './path.js';
import { probabilitySummary } from './probability.js';
import { reachSummary } from './reach.js';
import { count, listed } from './sentence-parts.js';
import { solveSummary } from './solve.js';
import { sweepSummary } from './sweep.js';
import { whatIfSummary } from './what-if.js';

/** An answer that lacks its summary. */
export type Unsaid<R = AnyResult> = Omit<Answer<R>, 'summary'>;

function batchSummary({ answers }: BatchResult): string {
  const refused = answers.filter(({ problem }) => problem !== undefined).length;
  return `${count(answers.length, 'question')}: ${answers.length - refused} answered, ${refused} refused.`;
}

const SUMMARIES: {
  readonly [K in QuestionKind]: (request: QuestionRequest, answer: Unsaid<ResultOf[K]>) => string;
} = {
  chains: (_, { result }) => chainsSummary(result),
  path: ({ path }, { result }) => pathSummary(path as never, result),
  probability: (_, { result }) => probabilitySummary(result),
  'what-if': (request, { result, findings }) => whatIfSummary(request, result, findings),
  sweep: ({ sweep }, { result }) => sweepSummary(result, sweep?.bound),
  check: (_, { result, findings }) => checkSummary(result, findings),
  inspect: (_, { result, findings }) => inspectSummary(result, findings),
  apply: (_, { result }) => applySummary(result),
  reach: ({ reach }, { result }) => reachSummary(result, reach?.families),
  solve: (_, { result }) => solveSummary(result),
  timeline: (_, { result }) => result.explanation,
  batch: (_, { result }) => batchSummary(result),
};

/** Nodes whose rules are given stay as they are through a change: what an answer says of them is about those rules. */
function aboutGivenRules({ assumptions }: Unsaid): string {
  const nodes = assumptions.flatMap(({ field }) => /^nodeRules\.(.+)\.change$/.exec(field)?.[1] ?? []);
  if (nodes.length === 0) return '';
  return ` The rules given for ${listed(nodes)} are walked as they are: what the change makes of them is not in them.`;
}

/** What is delivered to endpoints of another Service does not reach the one that was asked for. */
function aboutOtherServices(kind: QuestionKind, { findings }: Unsaid): string {
  if (kind !== 'path' && kind !== 'probability' && kind !== 'what-if') return '';
  const reached = findings.filter(({ code }) => code === 'OTHER_SERVICE_REACHED');
  const others = [...new Set(reached.flatMap(({ evidence }) => evidence.services as readonly string[]))];
  if (others.length === 0) return '';
  const these = reached.every(({ evidence }) => evidence.share === '1') ? 'these' : 'some of these';
  return ` But ${these} are endpoints of ${listed(others)}, not of the Service asked for.`;
}

/** The answer with its `summary`: one or two sentences that answer the question, made when they are read. */
export function summed<K extends QuestionKind>(
  kind: K,
  request: QuestionRequest,
  unsaid: Unsaid<ResultOf[K]>,
): Answer<ResultOf[K]> {
  const { engine, ...rest } = unsaid;
  const say = () => `${SUMMARIES[kind](request, unsaid)}${aboutOtherServices(kind, unsaid)}${aboutGivenRules(unsaid)}`;
  return Object.assign(whenRead({ engine }, 'summary', say), rest);
}

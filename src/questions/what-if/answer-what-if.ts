import { QuestionError } from '../../base/errors.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type {
  Answer,
  Established,
  Finding,
  PathResult,
  ServiceProbability,
  WhatIfResult,
} from '../../contract/answers.js';
import type { QuestionRequest } from '../../contract/requests.js';
import { chainsDifference } from '../differences/chains.js';
import { deliveredBy, establishedShares, RULES_EXPLANATION, sharesExplanation } from '../differences/established.js';
import { pathDifference } from '../differences/path.js';
import { OPEN_SHARES, policyCuts } from '../differences/policy-cuts.js';
import { probabilityDifference } from '../differences/probability.js';
import { flowFates } from '../differences/udp-flows.js';
import type { View } from '../findings/finders.js';
import { finding } from '../findings/finding.js';
import { differenceFindings, shownFindings } from '../findings/index.js';
import { sameSnapshots } from '../findings/no-effect.js';
import { findingsOfChanges } from '../findings/of-changes.js';
import { thresholdsOf } from '../findings/wanted.js';
import { noneHeld } from '../held.js';
import type { PlainKind } from '../kinds.js';
import { answerPath } from '../path/answer-path.js';
import { type Prepared, prepare as prepareAnew } from '../prepare.js';
import type { PlainResult } from '../results.js';
import { summed } from '../summaries/index.js';
import { withoutRepetition } from '../without-repetition.js';
import { readAfter } from './after-snapshot.js';
import { askOneSide, type Missing, type OneSide } from './one-side.js';
import { ofAfter, type SidesContext } from './sides.js';

type AnyPlain = PlainResult[PlainKind];

const KINDS: readonly PlainKind[] = ['chains', 'path', 'probability'];

function wrong(at: string, detail: string): QuestionError {
  return new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, detail }]);
}

/** The one question that is asked of both sides. The contract says the same; files of their own it cannot see. */
function questionOf(request: QuestionRequest, hasAfterFile: boolean): PlainKind {
  const asked = KINDS.filter((kind) => request[kind] !== undefined);
  const [kind] = asked;
  if (kind === undefined || asked.length > 1) {
    const found = asked.length === 0 ? 'none of them' : asked.map((name) => `"${name}"`).join(' and ');
    throw wrong('', `Exactly one of "chains", "path" and "probability" is needed; found ${found}.`);
  }
  if (hasAfterFile && request.after !== undefined) {
    throw wrong('/after', 'The second snapshot is given twice: in "after" and in a file of its own.');
  }
  const hasAfter = hasAfterFile || request.after !== undefined;
  if (hasAfter && request.changes !== undefined) {
    throw wrong('/changes', 'There is a second snapshot already: give either "changes" or "after", not both.');
  }
  if (!hasAfter && (request.changes?.length ?? 0) === 0) {
    throw wrong('', 'Give "changes", at least one, or a second snapshot as "after": without, both sides are the same.');
  }
  return kind;
}

/** Tells what one side does not have. */
function missingFindings(
  code: 'ONLY_AFTER' | 'ONLY_BEFORE',
  missing: readonly Missing[],
  side: string,
): readonly Finding[] {
  return missing.map((entry) =>
    finding(code, `Not there ${side} the change: ${entry.error.message}`, { pointer: entry.pointer }),
  );
}

/** Refuses entries that neither side has; tells those that one side has alone. */
function findingsOf<K extends PlainKind>(before: OneSide<K>, after: OneSide<K>): readonly Finding[] {
  const lacking = new Set(after.missing.map((entry) => entry.pointer));
  const nowhere = before.missing.find((entry) => lacking.has(entry.pointer));
  if (nowhere !== undefined) {
    const { code, message, problems } = nowhere.error;
    // The error's own pointer counts in the list as it was shortened.
    throw new QuestionError(
      code,
      message,
      problems.map((problem) => ({ ...problem, pointer: nowhere.pointer })),
    );
  }
  return [
    ...missingFindings('ONLY_AFTER', before.missing, 'before'),
    ...missingFindings('ONLY_BEFORE', after.missing, 'after'),
  ];
}

/** The path with all its traces, each for itself. */
function wholePath({ prepared, question, outcome }: OneSide<'path'>): PathResult {
  const { path } = question;
  const { groupBy = 'NONE' } = path ?? {};
  if (path === undefined || (outcome.result.omitted === undefined && groupBy === 'NONE')) return outcome.result;
  return answerPath(prepared, { ...path, maxTraces: Number.MAX_SAFE_INTEGER, groupBy: 'NONE' }).result;
}

/** The end of a path that a side does not have. */
function lackedEnd({ missing }: OneSide<PlainKind>): 'source' | 'destination' | undefined {
  return missing
    .map(({ pointer }) => /^\/path\/(source|destination)(\/|$)/.exec(pointer)?.[1])
    .find((end) => end === 'source' || end === 'destination') as 'source' | 'destination' | undefined;
}

/** A path to the other side's address; undefined where the client has no way to one that is not this side's. */
function atAddress(prepared: Prepared, question: OneSide<'path'>['question']): OneSide<'path'> | undefined {
  try {
    return askOneSide('path', prepared, question);
  } catch (error) {
    if (error instanceof QuestionError && error.code === 'INVALID_REQUEST') return undefined;
    throw error;
  }
}

/**
 * A side that lacks an end of the path, as clients meet it who still have the address that the destination has on the
 * other side. From a source that is not there nothing comes.
 */
function pathWithout(side: OneSide<'path'>, other: OneSide<'path'>): OneSide<'path'> {
  const end = lackedEnd(side);
  if (end === undefined || lackedEnd(other) !== undefined) return side;
  const { question } = other.outcome.result;
  const [address] = question.addresses;
  const { path } = side.question;
  const nobody = { ...side.outcome, result: { ...side.outcome.result, question } };
  if (end === 'source' || path === undefined || address === undefined || question.port === undefined) {
    return { ...side, outcome: nobody };
  }
  const { protocol, family, port } = question;
  const again = { ...side.question, path: { ...path, destination: { address, port }, protocol, family } };
  const asked = atAddress(side.prepared, again);
  // The source may be gone as well.
  return asked === undefined || asked.missing.length > 0
    ? { ...side, outcome: nobody }
    : { ...asked, missing: side.missing };
}

function chainsResult(before: OneSide<'chains'>, after: OneSide<'chains'>): WhatIfResult {
  const side = ({ prepared, question, outcome }: OneSide<'chains'>) => ({
    prepared,
    question: question.chains ?? {},
    result: outcome.result,
  });
  return {
    question: 'chains',
    before: before.outcome.result,
    after: after.outcome.result,
    difference: chainsDifference(side(before), side(after)),
    established: { explanation: RULES_EXPLANATION },
  };
}

function pathResult(before: OneSide<'path'>, after: OneSide<'path'>): WhatIfResult {
  const [was, is] = [wholePath(before), wholePath(after)];
  const service = before.outcome.doors[0]?.service;
  const [first, next] = [before.prepared, after.prepared];
  const { fate, explanation } = policyCuts(first, next, was.verdicts, is.verdicts);
  const shares = establishedShares(
    deliveredBy(was.traces),
    first.cluster,
    next.cluster,
    flowFates(first, next, service, was.question.family),
    fate === 'CUT' ? deliveredBy(is.traces) : undefined,
  );
  const words = [sharesExplanation(next, [was.question.protocol]), explanation].filter((text) => text !== undefined);
  return {
    question: 'path',
    before: before.outcome.result,
    after: after.outcome.result,
    difference: pathDifference(was, is, before.question.path?.maxTraces),
    established: { ...(fate === 'OPEN' ? {} : shares), explanation: words.join(' ') },
  };
}

/** Equal for answers about the same way to the same Service port. */
const doorKey = ({ service, via, family, destination }: ServiceProbability) =>
  JSON.stringify([service.namespace, service.name, service.port, service.protocol, via, family, destination]);

function probabilityResult(before: OneSide<'probability'>, after: OneSide<'probability'>): WhatIfResult {
  const [was, is] = [before.outcome.result, after.outcome.result];
  const [first, next] = [before.prepared, after.prepared];
  const deliveredOf = (service: ServiceProbability | undefined) =>
    (service?.endpoints ?? []).map(({ share, ...endpoint }) => ({ endpoint, share }));
  const laterOnes = new Map(is.services.map((one) => [doorKey(one), one]));
  const cutsOf = (service: ServiceProbability | undefined) => {
    const later = service && laterOnes.get(doorKey(service));
    return { later, ...policyCuts(first, next, service?.verdicts ?? [], later?.verdicts ?? []) };
  };
  const establishedOf = (service: ServiceProbability | undefined) => {
    const fates = service === undefined ? undefined : flowFates(first, next, service.service, service.family);
    const { fate, later } = cutsOf(service);
    if (fate === 'OPEN') return OPEN_SHARES;
    const after = fate === 'CUT' ? deliveredOf(later) : undefined;
    return establishedShares(deliveredOf(service), first.cluster, next.cluster, fates, after);
  };
  const [only] = was.services;
  const cuts = was.services.map(cutsOf);
  const isOpen = cuts.some(({ fate }) => fate === 'OPEN');
  const shares = was.services.length === 1 && !isOpen ? establishedOf(only) : {};
  const words = [...new Set(cuts.flatMap(({ explanation }) => explanation ?? []))];
  const protocols = [...was.services, ...is.services].map(({ service }) => service.protocol ?? 'TCP');
  const explanation = [sharesExplanation(next, protocols), ...words].join(' ');
  const established: Established = { ...shares, explanation };
  return {
    question: 'probability',
    before: was,
    after: is,
    difference: probabilityDifference(was, is, establishedOf),
    established,
  };
}

/**
 * The second snapshot with what load balancers' health checks said in the first, where the question is about the time
 * in between.
 */
function settlingFrom(first: Prepared, next: Prepared, { path, probability }: QuestionRequest): Prepared {
  if ((path?.phase ?? probability?.phase) !== 'BEFORE') return next;
  return { ...next, earlier: { cluster: first.cluster, settings: first.settings } };
}

function viewOf({ prepared: { cluster, settings }, outcome: { services, doors } }: OneSide<PlainKind>): View {
  return { cluster, settings, services, doors };
}

/**
 * What changes if …? Asks one of the other questions of the snapshot as it is, and again after the changes or of a
 * second snapshot, and reports the difference. Settings are those before the change. Throws QuestionError; what an
 * error of the after-side is about is said in its message.
 */
export function answerWhatIf(
  request: QuestionRequest,
  snapshot: Snapshot,
  { file, base = [], prepare = prepareAnew, byDigest = noneHeld }: SidesContext = {},
): Answer<WhatIfResult> {
  const kind = questionOf(request, file !== undefined);
  const thresholds = thresholdsOf(request.findings);
  const { changes = [], after: given, ...rest } = request;
  const plain = base.length === 0 ? rest : { ...rest, changes: base };
  const second = file ?? (given === undefined ? undefined : readAfter(given.snapshot, byDigest));
  const side = second === undefined ? 'After the changes' : 'In the second snapshot';
  const first = prepare(plain, snapshot);
  const changed =
    second === undefined
      ? prepare({ ...rest, changes: [...base, ...changes] }, snapshot)
      : ofAfter(side, () => settlingFrom(first, prepare(plain, second), request));
  const next: Prepared = { ...changed, rulesFrom: { cluster: first.cluster, settings: first.settings } };
  const answered = <K extends PlainKind>(
    of: K,
    compare: (before: OneSide<K>, after: OneSide<K>) => WhatIfResult,
    complete: (side: OneSide<K>, other: OneSide<K>) => OneSide<K> = (one) => one,
  ) => {
    const was = askOneSide(of, first, request);
    const is = ofAfter(side, () => askOneSide(of, next, request));
    const findings = findingsOf(was, is);
    const [before, after] = [complete(was, is), ofAfter(side, () => complete(is, was))];
    return { before, after, findings, result: compare(before, after) };
  };
  const { before, after, findings, result } =
    kind === 'chains'
      ? answered(kind, chainsResult)
      : kind === 'path'
        ? answered(kind, pathResult, pathWithout)
        : answered(kind, probabilityResult);
  const found = [
    ...findings,
    ...(second === undefined
      ? findingsOfChanges(next.changes.slice(base.length), first.cluster, next.cluster)
      : sameSnapshots(snapshot.digest, second.digest)),
    ...differenceFindings(viewOf(before), viewOf(after), thresholds),
  ];
  const was = first.answer<AnyPlain>(before.outcome, shownFindings(found, request.findings));
  const is = next.answer<AnyPlain>(after.outcome, []);
  return summed('what-if', request, {
    ...was,
    changes: is.changes,
    assumptions: withoutRepetition([...was.assumptions, ...is.assumptions]),
    result:
      second === undefined ? result : { ...result, afterSnapshot: { digest: second.digest, counts: second.counts } },
  });
}

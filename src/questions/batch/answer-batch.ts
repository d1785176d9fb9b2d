/** batch: several questions about one snapshot, which is read once. */

import { LRUCache } from 'lru-cache';
import { problemsOf } from '../../base/ajv-problems.js';
import { type Problem, pointer, QuestionError } from '../../base/errors.js';
import { documentOfError } from '../../base/problem-document.js';
import { mapWithProgress } from '../../base/progress.js';
import { mergePatch } from '../../changes/merge-patch.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { SettingsOverride } from '../../cluster/settings-override.js';
import type { Answer, BatchAnswer, BatchResult } from '../../contract/answers.js';
import type { BatchEntry, Change, QuestionRequest } from '../../contract/requests.js';
import { validator } from '../../contract/validator.js';
import { answerPlain } from '../answer-plain.js';
import { answerCheck } from '../check/answer-check.js';
import type { ByDigest } from '../held.js';
import { answerInspect } from '../inspect/answer-inspect.js';
import { BATCH_QUESTIONS, type BatchQuestionName } from '../kinds.js';
import { answerPathWithRemedies } from '../path/remedies.js';
import { type Prepare, type Prepared, prepare } from '../prepare.js';
import { answerReach } from '../reach/answer-reach.js';
import { answerSolve } from '../solve/answer-solve.js';
import { summed } from '../summaries/index.js';
import { answerSweep } from '../sweep/answer-sweep.js';
import { answerTimeline } from '../timeline/answer-timeline.js';
import { answerWhatIf } from '../what-if/answer-what-if.js';

/** What the whole batch says, and what each entry may add to. */
type Shared = Pick<QuestionRequest, 'at' | 'settings' | 'findings' | 'changes'>;

/**
 * How many prepared clusters are kept for further entries, the latest ones: each may carry rules that were made of it.
 */
const PREPARED_KEPT = 8;

/** A {@link prepare} that gives equal requests one cluster, and with it all that was derived from it. */
function remembering(): Prepare {
  const max = PREPARED_KEPT;
  const kept = new LRUCache<Snapshot, LRUCache<string, Prepared>>({ max });
  return (request, snapshot) => {
    const { at, settings, changes } = request;
    const key = JSON.stringify([at, settings, changes ?? []]);
    const ofSnapshot = kept.get(snapshot) ?? new LRUCache<string, Prepared>({ max });
    const found = ofSnapshot.get(key) ?? prepare(request, snapshot);
    ofSnapshot.set(key, found);
    kept.set(snapshot, ofSnapshot);
    return found;
  };
}

/** The entry as the contract has it; `own` is its pointer. Throws QuestionError. */
function checked(value: unknown, own: string): BatchEntry {
  const validate = validator('BatchEntry');
  if (validate(value)) return value as BatchEntry;
  const { problems, total } = problemsOf(validate.errors ?? [], 'request', own);
  const [only] = problems;
  const message =
    total === 1 && only !== undefined
      ? `The question does not follow the contract: ${only.detail}`
      : `The question does not follow the contract in ${total} places.`;
  throw new QuestionError('INVALID_REQUEST', message, problems);
}

/** The name of the question of an entry; undefined where there is none, or more than one. */
function nameOf(value: unknown): BatchQuestionName | undefined {
  const names = (Object.keys(BATCH_QUESTIONS) as BatchQuestionName[]).filter((name) =>
    Object.hasOwn(Object(value), name),
  );
  return names.length === 1 ? names[0] : undefined;
}

function holds(value: unknown, path: readonly string[]): boolean {
  const [token, ...rest] = path;
  if (token === undefined) return true;
  return typeof value === 'object' && value !== null && token in value
    ? holds((value as Readonly<Record<string, unknown>>)[token], rest)
    : false;
}

/** Where a place of the single request is in the batch: in what is shared, or in the entry. */
function placed(
  { pointer: place, in: document = 'request', detail }: Problem,
  entry: BatchEntry,
  at: Located,
): Problem {
  if (document === 'snapshot') return { pointer: place, in: document, detail };
  const { own, shared } = at;
  const [, word = '', ...rest] = place.split('/');
  const below = rest.map((token) => `/${token}`).join('');
  let found = `${own}${place}`;
  if (word === 'changes' && rest.length > 0) {
    const [number, ...more] = rest;
    const index = Number(number);
    const before = shared + (entry.changes?.length ?? 0);
    const tail = more.map((token) => `/${token}`).join('');
    found =
      index < shared
        ? place
        : index < before
          ? `${own}/changes/${index - shared}${tail}`
          : `${own}/whatIf/changes/${index - before}${tail}`;
  } else if (word === 'settings') {
    found = holds(entry.settings, rest) ? `${own}/settings${below}` : place;
  } else if (word === 'findings') {
    found = entry.findings === undefined ? place : `${own}${place}`;
  } else if (word === 'at') {
    found = entry.at === undefined ? place : `${own}/at`;
  } else if (entry.whatIf !== undefined && word !== '') {
    found = `${own}/whatIf${place}`;
  }
  return { pointer: found, in: 'request', detail };
}

interface Located {
  /** The entry's pointer. */
  readonly own: string;
  /** How many changes are shared. */
  readonly shared: number;
}

/** Runs what answers an entry's question; its errors get the places that they have in the batch. */
function relocating<T>(entry: BatchEntry, at: Located, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    const problems = error.problems.map((problem) => placed(problem, entry, at));
    throw new QuestionError(error.code, error.message, problems);
  }
}

function answerEntry(
  entry: BatchEntry,
  shared: Shared,
  snapshot: Snapshot,
  prepareOnce: Prepare,
  byDigest: ByDigest,
): Answer {
  const at = entry.at ?? shared.at;
  const settings =
    entry.settings === undefined
      ? shared.settings
      : (mergePatch(shared.settings, { ...entry.settings }, '/settings') as SettingsOverride);
  const findings = entry.findings ?? shared.findings;
  const base: readonly Change[] = [...(shared.changes ?? []), ...(entry.changes ?? [])];
  const moment = { ...(at === undefined ? {} : { at }), ...(settings === undefined ? {} : { settings }) };
  const { check } = entry;
  if (check !== undefined) {
    const { changes } = entry;
    const wanted = { ...(findings === undefined ? {} : { findings }), ...(changes === undefined ? {} : { changes }) };
    const context = { base: shared.changes ?? [], prepare: prepareOnce, byDigest };
    return answerCheck({ ...moment, ...wanted, check }, snapshot, context);
  }
  if (entry.whatIf !== undefined) {
    const wanted = findings === undefined ? {} : { findings };
    const context = { base, prepare: prepareOnce, byDigest };
    return answerWhatIf({ ...moment, ...wanted, ...entry.whatIf }, snapshot, context);
  }
  const { sweep, inspect, reach, solve, timeline } = entry;
  const wanted = findings === undefined ? {} : { findings };
  const once = <Q extends object>(question: Q) => {
    const request = { ...moment, ...wanted, changes: base, ...question };
    return [prepareOnce(request, snapshot), request] as const;
  };
  if (sweep !== undefined) return answerSweep(...once({ sweep }), snapshot);
  if (inspect !== undefined) return answerInspect(...once({ inspect }), snapshot);
  if (reach !== undefined) return answerReach(...once({ reach }));
  if (solve !== undefined) return answerSolve(...once({ solve }), snapshot);
  if (timeline !== undefined) return answerTimeline(...once({ timeline }), snapshot);
  const kind = entry.chains !== undefined ? 'chains' : entry.path !== undefined ? 'path' : 'probability';
  const prepared = prepareOnce({ ...moment, changes: base }, snapshot);
  if (entry.path === undefined) return answerPlain(kind, prepared, entry, findings);
  const request = { ...moment, ...wanted, changes: base, path: entry.path };
  return answerPathWithRemedies(prepared, request, snapshot);
}

/**
 * Answers several questions. Each answer is the one that the question has alone; one that cannot be answered has its
 * problem in its place, whose pointers are into the whole request. Throws QuestionError for what is wrong with all of
 * them: the snapshot, and what the batch says for all.
 */
export function answerBatch(request: QuestionRequest, snapshot: Snapshot, byDigest: ByDigest): Answer<BatchResult> {
  const { batch, at, settings, findings, changes } = request;
  const shared: Shared = {
    ...(at === undefined ? {} : { at }),
    ...(settings === undefined ? {} : { settings }),
    ...(findings === undefined ? {} : { findings }),
    ...(changes === undefined ? {} : { changes }),
  };
  const prepareOnce = remembering();
  const whole = prepareOnce(shared, snapshot);
  const answers = mapWithProgress(batch?.questions ?? [], 'question', (value, index): BatchAnswer => {
    const question = nameOf(value);
    const named = question === undefined ? {} : { question };
    const own = pointer('batch', 'questions', index);
    try {
      const entry = checked(value, own);
      const located = { own, shared: changes?.length ?? 0 };
      return {
        ...named,
        answer: relocating(entry, located, () =>
          answerEntry(entry, shared, snapshot, prepareOnce, byDigest),
        ) as NonNullable<BatchAnswer['answer']>,
      };
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      return { ...named, problem: documentOfError(error) };
    }
  });
  return summed('batch', request, whole.answer({ result: { answers }, assumptions: [] }, []));
}

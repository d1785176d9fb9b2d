/** A question put to one side of what-if, where that side may not have everything that is asked about. */
import { type Problem, QuestionError } from '../../base/errors.js';
import type { QuestionRequest } from '../../contract/requests.js';
import type { PlainKind } from '../kinds.js';
import { PLAIN_QUESTIONS } from '../plain-questions.js';
import type { Outcome, Prepared } from '../prepare.js';
import type { PlainResult } from '../results.js';

type Question = Pick<QuestionRequest, PlainKind>;

/** An entry of the question's lists that this side does not have, and what was said of it. */
export interface Missing {
  /** JSON Pointer of the entry in the request. */
  readonly pointer: string;
  readonly error: QuestionError;
}

export interface OneSide<K extends PlainKind> {
  readonly prepared: Prepared;
  /** The question without the entries that this side does not have. */
  readonly question: Question;
  readonly outcome: Outcome<PlainResult[K]>;
  readonly missing: readonly Missing[];
}

/** The lists whose entries may be on one side only: a Service that a change adds, a node that it removes. */
const ENTRY = /^\/(?:(chains)\/(nodes|services)|(probability)\/(services))\/(\d+)(?:\/|$)/;

/** The ends of a path, which may be on one side only too: a pod that a change takes away, a Service that it adds. */
const END = /^\/path\/(source|destination)(\/|$)/;

/** The way to a Service, which a change may open or close: a node port, a load balancer's address. */
const WAY = '/path/destination/service/via';

/** Whether a side lacks an end of the path, or the way that the path takes to it. */
function lacksEnd({ code }: QuestionError, pointer: string): boolean {
  return code === 'NOT_FOUND' ? END.test(pointer) : pointer === WAY;
}

/** The rules of a node, which may be on one side only. */
const RULES = /^\/(path|probability)\/(iptablesSave|nodeRules)\/([^/]+)/;
type RulesField = 'iptablesSave' | 'nodeRules';

/** A part of a JSON Pointer as the name that it stands for. */
function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function withoutRules(question: Question, kind: 'path' | 'probability', field: RulesField, node: string): Question {
  const asked: { readonly iptablesSave?: object; readonly nodeRules?: object } | undefined = question[kind];
  if (asked === undefined) return question;
  const entries = Object.entries(asked[field] ?? {}).filter(([name]) => name !== node);
  return { ...question, [kind]: { ...asked, [field]: Object.fromEntries(entries) } };
}

interface Entry {
  readonly kind: 'chains' | 'probability';
  readonly list: 'nodes' | 'services';
  readonly index: number;
}

function entryOf(problem: Problem | undefined): Entry | undefined {
  const match = ENTRY.exec(problem?.pointer ?? '');
  if (match === null || (problem?.in ?? 'request') !== 'request') return undefined;
  const list = (match[2] ?? match[4]) as 'nodes' | 'services';
  return { kind: (match[1] ?? match[3]) as 'chains' | 'probability', list, index: Number(match[5]) };
}

function emptyOutcome<K extends PlainKind>(kind: K, question: Question): Outcome<PlainResult[K]> {
  return { result: PLAIN_QUESTIONS[kind].nothing(question), assumptions: [], services: [], doors: [] };
}

/**
 * Answers the question for one side. Services and nodes of its lists that this side does not have, or not in the way
 * that they are asked about, are left out and listed; nothing at all of them left is an empty result, and so is a path
 * of which this side lacks an end. Throws QuestionError for anything else.
 */
export function askOneSide<K extends PlainKind>(kind: K, prepared: Prepared, request: Question): OneSide<K> {
  const missing: Missing[] = [];
  // Where an entry of the shortened lists is in the request.
  const places = new Map<string, number[]>();
  let question = request;
  for (;;) {
    try {
      return { prepared, question, outcome: PLAIN_QUESTIONS[kind].answer(prepared, question), missing };
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      if (error.code !== 'NOT_FOUND' && error.code !== 'INVALID_REQUEST') throw error;
      const [problem] = error.problems;
      const pointer = problem?.pointer ?? '';
      if (lacksEnd(error, pointer)) {
        return { prepared, question, outcome: emptyOutcome(kind, question), missing: [{ pointer, error }] };
      }
      const rules = RULES.exec(pointer);
      if (error.code === 'NOT_FOUND' && rules !== null) {
        missing.push({ pointer: rules[0], error });
        question = withoutRules(question, rules[1] as 'path', rules[2] as RulesField, unescaped(rules[3] as string));
        continue;
      }
      if (problem?.pointer === '/chains/chains') {
        return {
          prepared,
          question,
          outcome: emptyOutcome(kind, question),
          missing: [{ pointer: problem.pointer, error }],
        };
      }
      const entry = entryOf(problem);
      const asked: readonly unknown[] | undefined =
        entry?.kind === 'chains'
          ? question.chains?.[entry.list]
          : entry === undefined
            ? undefined
            : question.probability?.services;
      if (entry === undefined || asked === undefined) throw error;
      const name = `/${entry.kind}/${entry.list}`;
      const own = places.get(name) ?? asked.map((_, index) => index);
      missing.push({ pointer: `${name}/${own[entry.index]}`, error });
      places.set(
        name,
        own.filter((_, index) => index !== entry.index),
      );
      const rest = asked.filter((_, index) => index !== entry.index);
      question = { ...question, [entry.kind]: { ...question[entry.kind], [entry.list]: rest } };
      if (rest.length === 0) return { prepared, question, outcome: emptyOutcome(kind, question), missing };
    }
  }
}

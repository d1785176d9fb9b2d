/** Answers in which every text that can come from a snapshot tries to break out of where it is printed. */
import type { Answer } from '../../src/contract/answers.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { CHAINS_PARTS, CHAINS_RULES, PATH, PROBABILITY } from './answers.js';
import { BATCH } from './batch-answers.js';
import { SWEEP } from './sweep-answers.js';
import { WHAT_IF_CHAINS, WHAT_IF_PATH, WHAT_IF_PROBABILITY } from './what-if-answers.js';

export const HOSTILE =
  '\u001b[31mred\u0007\r\nINJECTED\t\u009b2J\u202egnp|cell`tick```\\|<script>alert(1)</script><img src=x></details><h1>@everyone #12 [x](https://evil.example) *b* _i_\n# INJECTED';

/** Fields that are ours or numbers written as text: everything else may be hostile. */
const OURS = new Set([
  'fraction',
  'programmed',
  'verdict',
  'cause',
  'kind',
  'action',
  'severity',
  'family',
  'protocol',
  'mark',
]);
const ALSO_OURS = new Set([
  'nominal',
  'threshold',
  'hook',
  'format',
  'mode',
  'via',
  'type',
  'digest',
  'version',
  'question',
  'change',
]);

function poison(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return OURS.has(key) || ALSO_OURS.has(key) ? value : `${value}${HOSTILE}`;
  if (Array.isArray(value)) return value.map((item) => poison(item, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, poison(item, name)]));
}

/** The ordinary answers, poisoned, with their names. One part of exact rules is left out: it is printed as it is. */
export function hostileAnswers(): (readonly [string, QuestionKind, Answer])[] {
  const { parts } = CHAINS_PARTS.result as { readonly parts: readonly object[] };
  const chains = { ...CHAINS_PARTS, result: { ...CHAINS_PARTS.result, parts: parts.map((part) => keepText(part)) } };
  return [
    ['hostile-chains-parts', 'chains', chains as Answer],
    ['hostile-chains-rules', 'chains', poison(CHAINS_RULES) as Answer],
    ['hostile-path', 'path', poison(PATH) as Answer],
    ['hostile-probability', 'probability', poison(PROBABILITY) as Answer],
    ['hostile-what-if-chains', 'what-if', hostileDiff()],
    ['hostile-what-if-path', 'what-if', poison(WHAT_IF_PATH) as Answer],
    ['hostile-what-if-probability', 'what-if', poison(WHAT_IF_PROBABILITY) as Answer],
    ['hostile-sweep', 'sweep', poison(SWEEP) as Answer],
    ['hostile-batch', 'batch', poison(BATCH) as Answer],
  ];
}

/** The chains of what-if, poisoned, but for the line breaks of the diff, whose rules have none. */
function hostileDiff(): Answer {
  const { result, ...rest } = WHAT_IF_CHAINS;
  const { difference, ...more } = result;
  const unified = difference.unified.map((entry) => ({ ...(poison(entry) as object), text: entry.text }));
  return {
    ...(poison(rest) as object),
    result: { ...(poison(more) as object), difference: { ...(poison(difference) as object), unified } },
  } as unknown as Answer;
}

/** The rules themselves are exact output; what is around them is not. */
function keepText(part: object): object {
  const { text } = part as { readonly text: string };
  return { ...(poison(part) as object), text };
}

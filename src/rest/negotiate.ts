/** What the headers of a request ask for: the form of the answer, its encoding, and how to read the body (RFC 9110). */
import { type ContentType, parse } from 'content-type';
import type { QuestionKind } from '../questions/kinds.js';
import { QUESTIONS } from '../questions/registry.js';
import type { AnswerForm, BodyForm, HoldJob } from '../work/job.js';
import { ProblemError } from '../work/problem.js';

const MEDIA_TYPES: Readonly<Record<AnswerForm, string>> = {
  json: 'application/json',
  text: 'text/plain',
  markdown: 'text/markdown',
  rows: 'application/vnd.kube-whatif.rows+json',
  csv: 'text/csv',
  junit: 'application/xml',
  sarif: 'application/sarif+json',
};

/** The forms that every question has, in the order of preference where a client likes several alike. */
const COMMON: readonly (readonly [AnswerForm, string])[] = (['json', 'text', 'markdown', 'rows', 'csv'] as const).map(
  (form) => [form, MEDIA_TYPES[form]],
);

/** The forms that some questions have beside, with the media types that name them. */
const MORE: readonly (readonly ['sarif' | 'junit', string])[] = [
  ['sarif', MEDIA_TYPES.sarif],
  ['junit', MEDIA_TYPES.junit],
  ['junit', 'application/junit+xml'],
  ['junit', 'text/xml'],
];

/** `kind` undefined: not an answer to a question. */
function formsOf(kind: QuestionKind | undefined): readonly (readonly [AnswerForm, string])[] {
  const more = kind === undefined ? [] : QUESTIONS[kind].forms;
  return [...COMMON, ...MORE.filter(([form]) => more.includes(form))];
}

/** A form of the answer, and the media type that names it. */
export interface Negotiated {
  readonly form: AnswerForm;
  readonly type: string;
}

const JSON_ANSWER: Negotiated = { form: 'json', type: MEDIA_TYPES.json };

/** Forms for programs: given to those who ask for them by name, not to those who take anything. */
const BY_NAME: ReadonlySet<AnswerForm> = new Set(['rows', 'csv']);

interface Weighted {
  readonly value: string;
  readonly q: number;
}

/** The items of a comma-separated header with their q-values; parameters other than q are passed over. */
function weighted(header: string): Weighted[] {
  const items: Weighted[] = [];
  for (const item of header.split(',')) {
    const [value = '', ...parameters] = item.split(';').map((text) => text.trim().toLowerCase());
    if (value === '') continue;
    const q = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    const weight = q === undefined ? 1 : Number(q);
    // A q-value that is not valid (RFC 9110, 12.4.2) weighs nothing rather than everything.
    items.push({ value, q: weight >= 0 && weight <= 1 ? weight : 0 });
  }
  return items;
}

/** How closely a range names a media type: 2 exactly, 1 by its first half, 0 any; undefined not at all. */
function closeness(range: string, type: string): number | undefined {
  if (range === type) return 2;
  if (range === `${type.slice(0, type.indexOf('/'))}/*`) return 1;
  return range === '*/*' ? 0 : undefined;
}

/**
 * The form of the answer that `Accept` likes best. The closest range decides a type's weight; of types with equal
 * weight the one named more closely wins, then the one named first, then JSON. Throws ProblemError NOT_ACCEPTABLE.
 */
export function answerForm(accept: string | undefined, kind?: QuestionKind): Negotiated {
  // What nearly all programs send.
  if (accept === undefined || accept === '*/*') return JSON_ANSWER;
  const ranges = weighted(accept);
  if (ranges.length === 0) return JSON_ANSWER;
  const given = formsOf(kind);
  let best: { answer: Negotiated; rank: readonly [number, number, number] } | undefined;
  for (const [form, type] of given) {
    let match: { close: number; q: number; index: number } | undefined;
    for (const [index, { value, q }] of ranges.entries()) {
      const close = closeness(value, type);
      if (close !== undefined && (match === undefined || close > match.close)) match = { close, q, index };
    }
    if (match === undefined || match.q === 0 || (BY_NAME.has(form) && match.close < 2)) continue;
    const rank = [match.q, match.close, -match.index] as const;
    if (best === undefined || exceeds(rank, best.rank)) best = { answer: { form, type }, rank };
  }
  if (best !== undefined) return best.answer;
  throw new ProblemError({
    code: 'NOT_ACCEPTABLE',
    detail: `Answers come as ${given.map(([, type]) => type).join(', ')}; Accept allows none of them.`,
  });
}

/**
 * The form of an answer: that of the query parameter `form`, for clients that cannot choose their headers, else what
 * `Accept` likes best. Throws ProblemError INVALID_REQUEST, NOT_ACCEPTABLE.
 */
export function wantedForm(parameter: unknown, accept: string | undefined, kind: QuestionKind): Negotiated {
  if (parameter === undefined) return answerForm(accept, kind);
  const given = formsOf(kind);
  const found = given.find(([name]) => name === parameter);
  if (found !== undefined) return { form: found[0], type: found[1] };
  const names = [...new Set(given.map(([name]) => name))];
  throw new ProblemError({
    code: 'INVALID_REQUEST',
    detail: `The query parameter "form" is one of ${names.join(', ')}.`,
  });
}

function exceeds(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, index) => value !== b[index]);
  return at >= 0 && a[at]! > b[at]!;
}

/** Whether `Accept-Encoding` allows gzip. */
export function acceptsGzip(header: string | undefined): boolean {
  if (header === undefined) return false;
  const items = weighted(header);
  const named =
    items.find(({ value }) => value === 'gzip' || value === 'x-gzip') ?? items.find(({ value }) => value === '*');
  return named !== undefined && named.q > 0;
}

const READ = 'Send application/json, or multipart/form-data with the parts "snapshot" and "request".';

function unsupported(detail: string, headers?: Readonly<Record<string, string>>): ProblemError {
  return new ProblemError({ code: 'UNSUPPORTED_MEDIA_TYPE', detail, ...(headers === undefined ? {} : { headers }) });
}

function multipart({ parameters }: ContentType): { readonly kind: 'multipart'; readonly boundary: string } {
  const { boundary = '' } = parameters;
  // RFC 2046, 5.1.1: 1 to 70 characters.
  if (boundary === '' || boundary.length > 70) {
    throw unsupported('multipart/form-data needs a boundary of 1 to 70 characters.');
  }
  return { kind: 'multipart', boundary };
}

/** Media types that a snapshot may be sent as; which of JSON and YAML it is, its bytes say. */
const SNAPSHOT_TYPES: readonly string[] = [
  'application/json',
  'application/yaml',
  'application/x-yaml',
  'text/yaml',
  'application/octet-stream',
];

/** Reads `Content-Type` of a snapshot that is to be held. Throws ProblemError UNSUPPORTED_MEDIA_TYPE. */
export function snapshotForm(contentType: string | undefined): HoldJob['body'] {
  if (contentType === undefined || contentType.trim() === '') return { kind: 'file' };
  const given = parse(contentType);
  const { type } = given;
  if (type === 'multipart/form-data') return multipart(given);
  if (SNAPSHOT_TYPES.includes(type)) return { kind: 'file' };
  throw unsupported(
    `The body's media type ${JSON.stringify(type.slice(0, 80))} is not one that is read. Send the snapshot as ` +
      'application/json, application/yaml or application/octet-stream, or its files as parts "snapshot" of ' +
      'multipart/form-data.',
  );
}

/** Reads `Content-Type` of a question. Throws ProblemError UNSUPPORTED_MEDIA_TYPE. */
export function bodyForm(contentType: string | undefined): BodyForm {
  if (contentType === undefined || contentType.trim() === '') throw unsupported(`Content-Type is missing. ${READ}`);
  const given = parse(contentType);
  const { type } = given;
  if (type === 'application/json') {
    const charset = given.parameters.charset?.toLowerCase() ?? 'utf-8';
    if (charset !== 'utf-8' && charset !== 'utf8')
      throw unsupported(`JSON is read as UTF-8, not as ${charset.slice(0, 40)}.`);
    return { kind: 'json' };
  }
  if (type === 'multipart/form-data') return multipart(given);
  throw unsupported(`The body's media type ${JSON.stringify(type.slice(0, 80))} is not one that is read. ${READ}`);
}

export type Encoding = 'identity' | 'gzip' | 'deflate' | 'br';

const ENCODINGS: Readonly<Record<string, Encoding>> = {
  '': 'identity',
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
  br: 'br',
};

/**
 * Reads `Content-Encoding`: one coding. Throws ProblemError UNSUPPORTED_MEDIA_TYPE, which names those that are read.
 */
export function bodyEncoding(header: string | undefined): Encoding {
  const coding = (header ?? '').trim().toLowerCase();
  const encoding = Object.hasOwn(ENCODINGS, coding) ? ENCODINGS[coding] : undefined;
  if (encoding !== undefined) return encoding;
  // RFC 7694: Accept-Encoding in a response says which codings a request may have.
  throw unsupported(
    `The content coding ${JSON.stringify(coding.slice(0, 80))} is not one that is read: use one of gzip, ` +
      'deflate and br.',
    {
      'accept-encoding': 'gzip, deflate, br',
    },
  );
}

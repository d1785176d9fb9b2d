/** Ajv's errors as sentences a person can act on: what is there, what would be right, what was probably meant. */
import type { ErrorObject } from 'ajv';
import { didYouMean } from './did-you-mean.js';
import { MAX_PROBLEMS, type Problem, pointerToken } from './errors.js';

const LONGEST_QUOTE = 60;

/** A value as JSON, short enough to be in a sentence. */
function quote(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object';
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= LONGEST_QUOTE ? text : `${text.slice(0, LONGEST_QUOTE)}…`;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  null: 'null',
};

/** `"a", "b" or "c"` */
function listed(values: readonly unknown[], word: 'and' | 'or'): string {
  const texts = values.map(quote);
  return texts.length < 2 ? texts.join('') : `${texts.slice(0, -1).join(', ')} ${word} ${texts.at(-1)}`;
}

function words(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

interface Parent {
  /** What would be right, as a sentence says it. A title would name the classes of generated clients. */
  readonly 'x-expected'?: string;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, unknown>>;
}

/** The names that `oneOf: [{required: [a]}, {required: [b]}]` chooses among; undefined for any other oneOf. */
function choiceOf(schema: unknown): readonly string[] | undefined {
  if (!Array.isArray(schema)) return undefined;
  const names = schema.map((branch: { required?: unknown }) => words(branch.required)[0]);
  return names.every((name) => name !== undefined) ? (names as string[]) : undefined;
}

function exactlyOne(names: readonly string[], data: unknown): string {
  const given = names.filter((name) => typeof data === 'object' && data !== null && Object.hasOwn(data, name));
  const found = given.length === 0 ? 'none of them' : given.map(quote).join(' and ');
  return `Exactly one of ${listed(names, 'and')} is needed; found ${found}.`;
}

function count(n: number, noun: string): string {
  return `${n} ${noun}${n === 1 ? '' : 's'}`;
}

/** The sentence for one error; undefined when another error of the same place says it better. */
function sentence(error: ErrorObject): string | undefined {
  const parent = (error.parentSchema ?? {}) as Parent;
  const params = error.params as Record<string, unknown>;
  const allowed = Object.keys(parent.properties ?? {});
  const example = parent.examples?.[0] === undefined ? '' : `, for example ${quote(parent.examples[0])}`;
  const name = parent['x-expected'] ?? 'another form';
  const limit = params.limit as number;
  switch (error.keyword) {
    case 'additionalProperties': {
      const extra = String(params.additionalProperty);
      const guess = didYouMean(extra, allowed);
      return `Unknown field ${quote(extra)}.${guess !== '' ? guess : ` Known here: ${allowed.join(', ')}.`}`;
    }
    case 'required':
      return `${quote(params.missingProperty)} is missing.`;
    case 'dependentRequired':
      return `${quote(params.missingProperty)} is missing: ${quote(params.property)} needs it.`;
    case 'type': {
      if (Array.isArray(params.type) && parent['x-expected'] !== undefined)
        return `Must be ${name}${example}, not ${quote(error.data)}.`;
      const types = [params.type].flat().map((type) => TYPE_NAMES[String(type)] ?? String(type));
      return `Must be ${types.join(' or ')}, not ${quote(error.data)}.`;
    }
    case 'enum': {
      const values = params.allowedValues as readonly unknown[];
      const guess = typeof error.data === 'string' ? didYouMean(error.data, words(values)) : '';
      return `Must be ${values.length > 1 ? 'one of ' : ''}${listed(values, 'or')}, not ${quote(error.data)}.${guess}`;
    }
    case 'const':
      return `Must be ${quote(params.allowedValue)}, not ${quote(error.data)}.`;
    case 'minProperties':
    case 'maxProperties':
      return allowed.length > 0 && limit === 1 ? exactlyOne(allowed, error.data) : bound(error, limit, 'field');
    case 'oneOf': {
      const names = choiceOf(error.schema);
      return names === undefined ? 'Must have exactly one of the forms described.' : exactlyOne(names, error.data);
    }
    case 'minimum':
      return `Must be at least ${limit}, not ${quote(error.data)}.`;
    case 'maximum':
      return `Must be at most ${limit}, not ${quote(error.data)}.`;
    case 'minLength':
    case 'maxLength':
      return bound(error, limit, 'character');
    case 'minItems':
    case 'maxItems':
      return bound(error, limit, 'item');
    case 'propertyNames':
      // Ajv tells beside it what is wrong with the name.
      return undefined;
    case 'uniqueItems':
      return `Items ${params.j} and ${params.i} are the same; each may be once.`;
    case 'pattern':
    case 'format':
      return `Must be ${name}${example}, not ${quote(error.data)}.`;
    default:
      return `${(error.message ?? 'is not right').replace(/^./, (first) => first.toUpperCase())}.`;
  }
}

function bound(error: ErrorObject, limit: number, noun: string): string {
  const size =
    typeof error.data === 'string' || Array.isArray(error.data)
      ? error.data.length
      : Object.keys(Object(error.data)).length;
  return `Must have at ${error.keyword.startsWith('min') ? 'least' : 'most'} ${count(limit, noun)}, not ${size}.`;
}

/** The place that is wrong: an unknown field itself, not the object that holds it. */
function place(error: ErrorObject): string {
  if (error.propertyName !== undefined) return `${error.instancePath}/${pointerToken(error.propertyName)}`;
  const params = error.params as Record<string, unknown>;
  return error.keyword === 'additionalProperties'
    ? `${error.instancePath}/${pointerToken(String(params.additionalProperty))}`
    : error.instancePath;
}

/**
 * Turns the errors of one validation (made with `allErrors` and `verbose`) into problems, one per place and fault, at
 * most {@link MAX_PROBLEMS}. `prefix` is the pointer of the validated value in its document.
 */
export function problemsOf(
  errors: readonly ErrorObject[],
  document: 'request' | 'snapshot',
  prefix = '',
): { readonly problems: readonly Problem[]; readonly total: number } {
  // A branch of a oneOf is no demand of its own: the oneOf's error names all of them.
  const own = errors.filter((error) => !/\/(oneOf|anyOf)\/\d+\/required$/.test(error.schemaPath));
  const unknown = new Set(
    own.filter((error) => error.keyword === 'additionalProperties').map((error) => error.instancePath),
  );
  const seen = new Set<string>();
  const problems: Problem[] = [];
  for (const error of own) {
    // "Exactly one of …; found none" beside "Unknown field" would tell one typo twice.
    if (error.keyword === 'minProperties' && unknown.has(error.instancePath)) continue;
    if ((error.keyword === 'maxProperties' || error.keyword === 'oneOf') && onlyTypos(error, unknown)) continue;
    const detail = sentence(error);
    const pointer = prefix + place(error);
    if (detail === undefined || seen.has(pointer + detail)) continue;
    seen.add(pointer + detail);
    problems.push({ pointer, in: document, detail });
  }
  return { problems: problems.slice(0, MAX_PROBLEMS), total: problems.length };
}

/** Whether the object has at most one known name, so that the unknown ones alone are its problem. */
function onlyTypos(error: ErrorObject, unknown: ReadonlySet<string>): boolean {
  if (!unknown.has(error.instancePath) || typeof error.data !== 'object' || error.data === null) return false;
  const names = choiceOf(error.schema) ?? Object.keys((error.parentSchema as Parent | undefined)?.properties ?? {});
  const data = error.data;
  return names.filter((name) => Object.hasOwn(data, name)).length < 2;
}

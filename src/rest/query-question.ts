/** The GET form of simple questions: a request made of the query, in the words of the command line. */
import { didYouMean } from '../base/did-you-mean.js';
import { ENUMS } from '../contract/gen/types.js';
import { isDigest } from '../questions/held.js';
import type { QuestionKind } from '../questions/kinds.js';
import { readReference } from '../snapshots/name.js';
import {
  readClients,
  readDestination,
  readScale,
  readScaled,
  readServiceDestination,
  readSource,
  readVia,
} from '../words/read-targets.js';
import { oneOf, readFamily, readWhole } from '../words/read-values.js';
import { beforeEquals, wholeDestination, wholeName, wholeSource, wholeWorkload } from '../words/short-names.js';
import { UsageError } from '../words/usage-error.js';
import { ProblemError } from '../work/problem.js';

/** The questions that have a GET form. */
export const GET_KINDS = ['chains', 'path', 'probability', 'what-if', 'sweep', 'check', 'inspect'] as const;
export type GetKind = (typeof GET_KINDS)[number];

export function isGetKind(kind: QuestionKind): kind is GetKind {
  return (GET_KINDS as readonly string[]).includes(kind);
}

type Fields = Readonly<Record<string, unknown>>;

/** Parameters that say how the answer is written. */
const OF_ANSWER = ['form', 'pretty', 'show', 'width', 'trace'];

const OF_ALL = ['snapshot', 'at', 'namespace'];
const CHANGES = ['scale', 'drain', 'fail', 'external-traffic-policy'];
const OF_SHARES = ['to', 'via', 'to-node', 'clients', 'protocol', 'family'];

/** The parameters of each question, beside {@link OF_ANSWER}. */
const PARAMETERS: Readonly<Record<GetKind, readonly string[]>> = {
  chains: [
    ...OF_ALL,
    ...CHANGES.filter((name) => name !== 'external-traffic-policy'),
    'node',
    'family',
    'service',
    'chain',
    'format',
  ],
  path: [...OF_ALL, ...CHANGES, 'from', 'to', 'via', 'to-node', 'protocol', 'family', 'max-traces', 'group-by'],
  probability: [...OF_ALL, ...CHANGES, ...OF_SHARES],
  'what-if': [...OF_ALL, ...CHANGES, 'after', ...OF_SHARES],
  sweep: [...OF_ALL, 'workload', 'replicas', ...OF_SHARES],
  check: [
    ...OF_ALL,
    ...CHANGES.filter((name) => name !== 'external-traffic-policy'),
    'after',
    'service',
    'via',
    'family',
    'fail-on',
    'max-services',
  ],
  inspect: [...OF_ALL, 'in-namespace', 'service', 'list', 'fail-on', 'max-services'],
};

/** Parameters that may be given more than once. */
const MANY = new Set([
  'scale',
  'drain',
  'fail',
  'to',
  'node',
  'service',
  'chain',
  'family',
  'in-namespace',
  'list',
  'via',
]);

function wrong(detail: string): ProblemError {
  return new ProblemError({ code: 'INVALID_REQUEST', detail });
}

/** The parameters of a query. */
class Query {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  one(name: string): string | undefined {
    return this.#values.get(name)?.[0];
  }

  all(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /** A field, if the parameter is there. */
  field(name: string, key: string, read: (text: string) => unknown): Fields {
    const text = this.one(name);
    return text === undefined ? {} : { [key]: read(text) };
  }

  /** A field that is a list. */
  list(name: string, key: string, read: (text: string) => unknown = (text) => text): Fields {
    const all = this.all(name);
    return all.length === 0 ? {} : { [key]: all.map(read) };
  }
}

/** Checks names and numbers of parameters. Throws ProblemError INVALID_REQUEST. */
function readQuery(kind: GetKind, given: Readonly<Record<string, unknown>>): Query {
  const known = PARAMETERS[kind];
  const values = new Map<string, readonly string[]>();
  for (const [name, value] of Object.entries(given)) {
    if (OF_ANSWER.includes(name)) continue;
    if (!known.includes(name)) {
      const meant = didYouMean(name, known);
      throw wrong(
        `There is no query parameter "${name.slice(0, 60)}".${meant} GET /v1/${kind} takes ${known.join(', ')}.`,
      );
    }
    const all = [value].flat().map(String);
    if (all.length > 1 && !MANY.has(name)) throw wrong(`The query parameter "${name}" is given ${all.length} times.`);
    if (all.includes('')) throw wrong(`The query parameter "${name}" is empty.`);
    values.set(name, all);
  }
  return new Query(values);
}

/** A snapshot by its digest or name. A plus of a time zone that was read as a space is one again. */
function snapshotOf(text: string): Fields {
  const byDigest: boolean = isDigest(text);
  if (byDigest) return { digest: text };
  const name = text.replace(/(@\d{4}-\d{2}-\d{2}[Tt][0-9:.]+) (\d{2}:\d{2})$/, '$1+$2');
  readReference(name);
  return { name };
}

function changesOf(query: Query, namespace: string): readonly unknown[] {
  const policy = query.one('external-traffic-policy');
  const changes: unknown[] = [
    ...query
      .all('scale')
      .map((text) => ({ scale: readScale(beforeEquals(text, (name) => wholeWorkload(name, namespace))) })),
    ...query.all('drain').map((name) => ({ node: { name, action: 'DRAIN' } })),
    ...query.all('fail').map((name) => ({ node: { name, action: 'FAIL' } })),
  ];
  if (policy !== undefined) {
    const [to, ...more] = query.all('to');
    const { service } = to === undefined || more.length > 0 ? {} : readDestination(wholeDestination(to, namespace));
    if (service === undefined) throw wrong('"external-traffic-policy" changes the Service of "to": give one.');
    const externalTrafficPolicy = oneOf('external-traffic-policy', policy, ['Local', 'Cluster']);
    changes.push({ service: { namespace: service.namespace, name: service.name, externalTrafficPolicy } });
  }
  return changes;
}

function sharesOf(query: Query, namespace: string): Fields {
  const [via, node] = [query.one('via'), query.one('to-node')];
  return {
    ...query.list('to', 'services', (text) => readServiceDestination(wholeDestination(text, namespace), via, node)),
    ...query.field('clients', 'clients', (text) => readClients(wholeSource(text, namespace))),
    ...query.field('protocol', 'protocol', (text) => oneOf('protocol', text, ENUMS.Protocol)),
    ...query.list('family', 'families', readFamily),
  };
}

function required(query: Query, kind: GetKind, name: string): string {
  const text = query.one(name);
  if (text === undefined) throw wrong(`The query parameter "${name}" is missing: GET /v1/${kind} needs it.`);
  return text;
}

/** `FROM..TO`, `FROM..TO/STEP` or `N,N,…` */
function replicasOf(text: string): Fields {
  const range = /^(\d{1,15})\.\.(\d{1,15})(?:\/(\d{1,15}))?$/.exec(text);
  if (range !== null) {
    const [, from, to, step] = range;
    return { from: Number(from), to: Number(to), ...(step === undefined ? {} : { step: Number(step) }) };
  }
  if (!/^\d{1,15}(,\d{1,15})*$/.test(text)) {
    throw wrong(`"replicas" is FROM..TO, FROM..TO/STEP or N,N,…, not ${text.slice(0, 60)}.`);
  }
  return { replicas: text.split(',').map(Number) };
}

/** The question, under its own name. */
function questionOf(kind: GetKind, query: Query, namespace: string): Fields {
  const services = query.list('service', 'services', (text) => wholeName(text, namespace));
  const most = query.field('max-services', 'maxServices', (text) => readWhole('max-services', text));
  switch (kind) {
    case 'chains':
      return {
        chains: {
          ...query.list('node', 'nodes'),
          ...query.list('family', 'families', readFamily),
          ...services,
          ...query.list('chain', 'chains'),
          ...query.field('format', 'format', (text) => oneOf('format', text, ENUMS['ChainsQuestion.format'])),
        },
      };
    case 'path': {
      const [via, node] = [query.one('via'), query.one('to-node')];
      return {
        path: {
          source: readSource('from', wholeSource(required(query, kind, 'from'), namespace)),
          destination: readDestination(wholeDestination(required(query, kind, 'to'), namespace), via, node),
          ...query.field('protocol', 'protocol', (text) => oneOf('protocol', text, ENUMS.Protocol)),
          ...query.field('family', 'family', readFamily),
          ...query.field('max-traces', 'maxTraces', (text) => readWhole('max-traces', text)),
          ...query.field('group-by', 'groupBy', (text) => oneOf('group-by', text, ENUMS['PathQuestion.groupBy'])),
        },
      };
    }
    case 'probability':
    case 'what-if':
      return { probability: sharesOf(query, namespace) };
    case 'sweep': {
      const shares = sharesOf(query, namespace);
      return {
        sweep: {
          scale: readScaled('workload', wholeWorkload(required(query, kind, 'workload'), namespace)),
          ...replicasOf(required(query, kind, 'replicas')),
          ...(Object.keys(shares).length === 0 ? {} : { probability: shares }),
        },
      };
    }
    case 'check':
      return {
        check: {
          ...query.field('fail-on', 'failOn', (text) => oneOf('fail-on', text, ENUMS['CheckQuestion.failOn'])),
          ...services,
          ...query.list('via', 'vias', readVia),
          ...query.list('family', 'families', readFamily),
          ...most,
        },
      };
    case 'inspect':
      return {
        inspect: {
          ...query.field('fail-on', 'failOn', (text) => oneOf('fail-on', text, ENUMS['InspectQuestion.failOn'])),
          ...services,
          ...query.list('in-namespace', 'namespaces'),
          ...query.list('list', 'lists', (text) => oneOf('list', text, ENUMS.InspectList)),
          ...most,
        },
      };
  }
}

/**
 * The body that a POST of the same question would have. Throws ProblemError INVALID_REQUEST that says what a parameter
 * takes; QuestionError for a snapshot's name that is not valid.
 */
export function requestOfQuery(kind: GetKind, given: unknown): Fields {
  const query = readQuery(kind, given as Readonly<Record<string, unknown>>);
  const namespace = query.one('namespace') ?? 'default';
  try {
    const changes = changesOf(query, namespace);
    return {
      snapshot: snapshotOf(required(query, kind, 'snapshot')),
      ...query.field('at', 'at', (text) => text),
      ...query.field('after', 'after', (text) => ({ snapshot: snapshotOf(text) })),
      ...(changes.length === 0 ? {} : { changes }),
      ...questionOf(kind, query, namespace),
    };
  } catch (error) {
    // Options of the command line are parameters here.
    if (error instanceof UsageError) throw wrong(error.message.replace(/(^|[\s(])--(?=[a-z])/g, '$1'));
    throw error;
  }
}

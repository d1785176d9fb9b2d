/** The history of a name: the shares of Services in one version after the other, for curves. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { formatFraction, fraction as newFraction, parseFraction, sum, toNumber } from '../base/fraction.js';
import type { Answer, ProbabilityResult } from '../contract/answers.js';
import type { Backend } from '../operations/backend.js';
import { readName } from '../snapshots/name.js';
import type { Version } from '../snapshots/name-record.js';
import { Client } from '../work/client.js';
import { ProblemError, type ProblemInit } from '../work/problem.js';
import type { Workers } from '../work/workers.js';
import { requestOfQuery } from './query-question.js';
import { sendProblem } from './send-problem.js';

type ServiceProbability = ProbabilityResult['services'][number];

/** So many versions unless the query says otherwise, and at most. */
const VERSIONS = 24;
const MOST_VERSIONS = 100;

/** Versions whose shares are remembered, of all names together. */
const REMEMBERED = 2_000;

interface Share {
  readonly fraction: string;
  readonly value: number;
}

/** A Service in one version: the schema `HistoryPoint`. */
interface Point extends Pick<Version, 'digest' | 'sequence' | 'time'> {
  readonly service?: string;
  readonly port?: number;
  readonly protocol?: string;
  readonly via?: string;
  readonly family?: string;
  readonly endpoints?: number;
  readonly delivered?: Share;
  readonly notDelivered?: Share;
  readonly unknown?: Share;
  readonly crossZone?: Share;
  readonly imbalance?: Share;
  readonly problem?: { readonly code: string; readonly detail: string };
}

function wrong(detail: string): ProblemError {
  return new ProblemError({ code: 'INVALID_REQUEST', detail });
}

const shareOf = ({ fraction, value }: Share): Share => ({ fraction, value });

function together(shares: readonly Share[]): Share {
  const whole = sum(shares.map(({ fraction }) => parseFraction(fraction) ?? newFraction(0)));
  return { fraction: formatFraction(whole), value: toNumber(whole) };
}

/** The numbers of one Service. */
function numbersOf(one: ServiceProbability): Omit<Point, 'digest' | 'sequence' | 'time'> {
  const { service, via, family, endpoints, delivered, dropped, rejected, unreachable, unknown, crossZone, imbalance } =
    one;
  return {
    service: `${service.namespace}/${service.name}`,
    ...(service.port === undefined ? {} : { port: service.port }),
    ...(service.protocol === undefined ? {} : { protocol: service.protocol }),
    via,
    family,
    endpoints: endpoints.length,
    delivered: shareOf(delivered),
    notDelivered: together([dropped, rejected, unreachable]),
    unknown: shareOf(unknown),
    ...(crossZone === undefined ? {} : { crossZone: shareOf(crossZone) }),
    ...(imbalance === undefined ? {} : { imbalance: shareOf(imbalance) }),
  };
}

type Numbers = ReturnType<typeof numbersOf>;

export class HistoryRoute {
  readonly #workers: Workers;
  /** By owner, digest and question: a version never changes. */
  readonly #remembered = new LRUCache<string, readonly Numbers[]>({ max: REMEMBERED });

  constructor({ workers }: Backend) {
    this.#workers = workers;
  }

  /** Answers the request. Throws ProblemError INVALID_REQUEST for what is wrong with the query; ClientGone. */
  async get(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const name = readName((request.params as { readonly name: string }).name);
    const { versions: wanted = String(VERSIONS), ...query } = request.query as Readonly<Record<string, unknown>>;
    const most = typeof wanted === 'string' && /^\d{1,3}$/.test(wanted) ? Number(wanted) : 0;
    if (most < 1 || most > MOST_VERSIONS) throw wrong(`"versions" is a whole number from 1 to ${MOST_VERSIONS}.`);
    if ('snapshot' in query) throw wrong('The path has the name of the snapshots: leave "snapshot" out.');
    if (query.to === undefined)
      throw wrong('The query parameter "to" is missing: the Service whose history is wanted.');
    // What is wrong with the query is reported before anything is looked up.
    requestOfQuery('probability', { ...query, snapshot: name });
    const { named } = this.#workers.shelf;
    if (named === undefined)
      throw new ProblemError({ code: 'UNSUPPORTED', detail: 'This service holds no snapshots.' });
    const record = await named.read(request.owner, name);
    if ('problem' in record) return sendProblem(reply, record.problem);
    const client = new Client();
    const onClose = () => client.leave();
    reply.raw.on('close', onClose);
    try {
      const points: Point[] = [];
      // One after the other: others ask too.
      for (const version of record.versions.slice(-most)) {
        const { digest, sequence, time } = version;
        const numbers = await this.#numbers(request.owner, digest, query, client);
        if ('problem' in numbers) points.push({ digest, sequence, time, problem: numbers.problem });
        else for (const one of numbers) points.push({ digest, sequence, time, ...one });
      }
      return reply.header('cache-control', 'no-store').send({ name, points });
    } finally {
      reply.raw.off('close', onClose);
    }
  }

  async #numbers(
    owner: string,
    digest: string,
    query: Readonly<Record<string, unknown>>,
    client: Client,
  ): Promise<readonly Numbers[] | { readonly problem: { readonly code: string; readonly detail: string } }> {
    const body = JSON.stringify(requestOfQuery('probability', { ...query, snapshot: digest }));
    const key = `${owner} ${body}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) return known;
    const bytes = new TextEncoder().encode(body);
    const job = { segments: [bytes.buffer as ArrayBuffer], length: bytes.length, layout: {} } as const;
    const outcome = await this.#workers.answer(
      { task: 'answer', kind: 'probability', form: 'json', body: { kind: 'json' }, ...job },
      owner,
      client,
    );
    if ('problem' in outcome) {
      const { code, detail }: ProblemInit = outcome.problem;
      return { problem: { code, detail } };
    }
    const answer = JSON.parse(Buffer.from(outcome.bytes).toString('utf8')) as Answer<ProbabilityResult>;
    const numbers = answer.result.services.map(numbersOf);
    this.#remembered.set(key, numbers);
    return numbers;
  }
}

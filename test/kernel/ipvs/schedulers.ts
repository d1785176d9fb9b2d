/** What clients see of each scheduler of ip_vs, in the order of their connections. */
import { readSnapshot } from '../../../src/cluster/read-snapshot.js';
import type { PathResult } from '../../../src/contract/answers.js';
import type { QuestionRequest, Source } from '../../../src/contract/requests.js';
import { ask } from '../../../src/questions/ask.js';
import { type LabService, labList } from '../../support/lab.js';
import type { Deployment } from '../deploy.js';
import { namespaceOf, outsideAddress, type PlantOptions } from '../plant/layout.js';
import { nodeOf } from './plan.js';

type Settings = NonNullable<QuestionRequest['settings']>;
type Scheduler = NonNullable<NonNullable<NonNullable<Settings['kubeProxy']>['ipvs']>['scheduler']>;

/** Connections of one client in a row, and what is wrong with what they reached; undefined: nothing. */
interface Row {
  readonly name: string;
  readonly flow: unknown;
  readonly wrong: (reached: readonly string[]) => string | undefined;
}

export interface SchedulerCase {
  readonly name: string;
  readonly scenario: unknown;
  readonly rows: readonly (Row | undefined)[];
}

const ADDRESS = '172.30.0.1';
const VIRTUAL = `${ADDRESS}:80`;
const POD: Source = { pod: 'default/client-1' };
const outside = (index: number): Source => ({
  external: { address: outsideAddress(1, index), entersAt: 'node-1' },
});

/** The endpoint of what a connection showed. */
const endpointOf = (observed: string) => /^CONNECTED \S+ (\S+) /.exec(observed)?.[1] ?? observed;

function sameTurns(cycle: readonly string[], reached: readonly string[]): string | undefined {
  const expected = reached.map((_, index) => cycle[index % cycle.length]);
  return reached.join() === expected.join() ? undefined : `${reached.join()} instead of ${expected.join()}`;
}

function all(endpoint: string | undefined, reached: readonly string[]): string | undefined {
  return reached.every((one) => one === endpoint) ? undefined : `${reached.join()} instead of ${endpoint} alone`;
}

/** Everyone's part of so many connections is exactly its weight's. */
function parts(weights: Readonly<Record<string, number>>, reached: readonly string[]): string | undefined {
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  const wrong = Object.entries(weights).filter(
    ([endpoint, weight]) => reached.filter((one) => one === endpoint).length * total !== reached.length * weight,
  );
  return wrong.length === 0 ? undefined : `${reached.join()} is not in the parts ${JSON.stringify(weights)}`;
}

class Cases {
  readonly list: SchedulerCase[] = [];

  readonly #options: PlantOptions;

  constructor(options: PlantOptions) {
    this.#options = options;
  }

  /** The lab with a scheduler, and what the walk says of it. */
  add(
    scheduler: Scheduler,
    service: LabService,
    version: string,
    rowsOf: (at: At) => readonly (Row | unknown)[],
  ): void {
    const settings: Settings = { kubeProxy: { mode: 'ipvs', ipvs: { scheduler } } };
    const snapshot = readSnapshot({ inline: labList({ services: [service], version }) });
    const deployment: Deployment = { snapshot, settings };
    const options = this.#options;
    const at: At = {
      walk: (source, more = {}) =>
        ask(
          'path',
          {
            settings: { ...settings, ...more },
            path: { source, destination: { service: { namespace: 'default', name: 'svc' } } },
          },
          snapshot,
        ).result,
      row: (name, source, most, wrong) => ({
        name: `${scheduler}, ${name}`,
        flow: {
          space: namespaceOf(options, source.external === undefined ? (source.pod as string) : 'outside'),
          protocol: 'TCP',
          address: ADDRESS,
          port: 80,
          source: source.external?.address ?? '',
          expected: [],
          most,
        },
        wrong: (seen) => wrong(seen.map(endpointOf)),
      }),
      weigh: (on, weight) => ({
        space: namespaceOf(options, 'node-1'),
        command: ['ipvsadm', '-e', '-t', VIRTUAL, '-r', `10.180.${on}.2:8080`, '-m', '-w', String(weight)],
      }),
    };
    const rows = rowsOf(at);
    const isRow = (one: unknown): one is Row => typeof (one as Row).wrong === 'function';
    this.list.push({
      name: scheduler,
      scenario: {
        nodes: [1, 2, 3].map((node) => nodeOf(options, deployment, node, true)),
        flows: rows.map((one) => (isRow(one) ? one.flow : one)),
      },
      rows: rows.map((one) => (isRow(one) ? one : undefined)),
    });
  }
}

interface At {
  walk(source: Source, settings?: Settings): PathResult;
  row(name: string, source: Source, most: number, wrong: (reached: readonly string[]) => string | undefined): Row;
  /** Sets the weight of the endpoint on a node. */
  weigh(on: number, weight: number): unknown;
}

const endpoints = ({ traces }: PathResult) => traces.map(({ endpoint }) => `${endpoint?.address}:${endpoint?.port}`);

/** Every scheduler, persistence, and weights. */
export function schedulerCases(options: PlantOptions): readonly SchedulerCase[] {
  const cases = new Cases(options);
  for (const scheduler of ['rr', 'wrr'] as const) {
    cases.add(scheduler, {}, '1.36.2', ({ walk, row }) => {
      const { cycle = [], firstOfTwo = [], secondOfTwo = [] } = walk(POD).traces[0]?.basis ?? {};
      const turn = (first: number) => [...cycle.slice(first), ...cycle.slice(0, first)];
      const only = (allowed: readonly string[]) => (reached: readonly string[]) =>
        reached.every((one) => allowed.includes(one)) ? undefined : `${reached} is not among ${allowed}`;
      return [
        row('12 connections of a pod', POD, 12, (reached) => sameTurns(cycle, reached)),
        // After whole rounds: one client after the other, as they take turns.
        row('the first of two clients', POD, 1, (reached) => sameTurns(turn(0), reached) ?? only(firstOfTwo)(reached)),
        row('the second', outside(9), 1, (reached) => sameTurns(turn(1), reached) ?? only(secondOfTwo)(reached)),
        row('the first again', POD, 1, (reached) => sameTurns(turn(2), reached) ?? only(firstOfTwo)(reached)),
      ];
    });
  }
  cases.add('rr', { endpoints: [1, 2] }, '1.36.2', ({ walk, row }) => {
    const { firstOfTwo = [], secondOfTwo = [] } = walk(POD).traces[0]?.basis ?? {};
    return [1, 2, 3].flatMap((round) => [
      row(`the first of two clients, round ${round}`, POD, 1, (reached) => all(firstOfTwo[0], reached)),
      row(`the second of two clients, round ${round}`, outside(9), 1, (reached) => all(secondOfTwo[0], reached)),
    ]);
  });
  cases.add('wrr', {}, '1.36.2', ({ row, weigh }) => [
    weigh(1, 1),
    weigh(2, 2),
    weigh(3, 3),
    row('weights 1, 2, 3', POD, 24, (reached) =>
      parts({ '10.180.1.2:8080': 1, '10.180.2.2:8080': 2, '10.180.3.2:8080': 3 }, reached),
    ),
  ]);
  cases.add('rr', {}, '1.36.2', ({ row, weigh }) => [
    weigh(2, 0),
    row('one drains', POD, 12, (reached) => parts({ '10.180.1.2:8080': 1, '10.180.3.2:8080': 1 }, reached)),
    weigh(1, 0),
    weigh(3, 0),
    row('all drain', POD, 2, (reached) => all('REFUSED', reached)),
  ]);
  const never: Settings = { kubeProxy: { mode: 'ipvs' }, connections: { pattern: 'ONE_AT_A_TIME' } };
  for (const scheduler of ['sed', 'nq', 'lblc', 'lblcr'] as const) {
    cases.add(scheduler, {}, '1.36.2', ({ walk, row }) => {
      const settings = { ...never, kubeProxy: { mode: 'ipvs' as const, ipvs: { scheduler } } };
      const [only] = endpoints(walk(POD, settings));
      return [row('connections that never overlap', POD, 10, (reached) => all(only, reached))];
    });
  }
  for (const scheduler of ['lc', 'wlc'] as const) {
    cases.add(scheduler, {}, '1.36.2', ({ walk, row }) => {
      const even = Object.fromEntries(endpoints(walk(POD)).map((endpoint) => [endpoint, 1]));
      return [row('connections that never overlap', POD, 12, (reached) => parts(even, reached))];
    });
  }
  // Up to 1.26 mh does not count the client's port.
  for (const scheduler of ['sh', 'mh', 'dh'] as const) {
    cases.add(scheduler, {}, '1.26.0', ({ walk, row }) =>
      [POD, ...[5, 77, 130, 300, 511, 600, 801, 1023].map(outside)].map((source) => {
        const [only] = endpoints(walk(source));
        const name = source.pod ?? source.external?.address ?? '';
        return row(name, source, 3, (reached) => all(only, reached));
      }),
    );
  }
  cases.add('mh', {}, '1.36.2', ({ walk, row }) => {
    const known = endpoints(walk(POD));
    return [
      row('the port counts', POD, 60, (reached) =>
        known.every((one) => reached.includes(one)) ? undefined : `${reached.join()} misses one of ${known.join()}`,
      ),
    ];
  });
  const sticky: LabService = {
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } },
  };
  cases.add('rr', sticky, '1.36.2', ({ walk, row, weigh }) => {
    const { cycle = [] } = walk(POD).traces[0]?.basis ?? {};
    return [
      row('a client that is kept', POD, 5, (reached) => all(cycle[0], reached)),
      row('the next client', outside(9), 5, (reached) => all(cycle[1], reached)),
      row('the first again', POD, 3, (reached) => all(cycle[0], reached)),
      weigh(3, 0),
      row('whose endpoint drains', POD, 3, (reached) =>
        reached.includes(cycle[0] as string) ? `${reached.join()} holds ${cycle[0]}` : all(reached[0], reached),
      ),
    ];
  });
  return cases.list;
}

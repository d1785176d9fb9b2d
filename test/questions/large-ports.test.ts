/**
 * Of a Service port with very many endpoints a few are followed. What is answered of it is what walking each of them
 * gives, but for endpoints that are not listed.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { add, formatFraction, parseFraction, ZERO } from '../../src/base/fraction.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { PathResult, ProbabilityResult, ServiceProbability } from '../../src/contract/answers.js';
import type { PathQuestion, ProbabilityQuestion } from '../../src/contract/requests.js';
import { statisticThreshold } from '../../src/netfilter/iptables/random-threshold.js';
import { passLeftOut, thresholdOfOneIn } from '../../src/netfilter/walk/left-out.js';
import { splitShare } from '../../src/netfilter/walk/share.js';
import { oneIn } from '../../src/proxy/iptables/rule-parts.js';
import { stateFindings } from '../../src/questions/findings/index.js';
import { thresholdsOf } from '../../src/questions/findings/wanted.js';
import type { LargeLimits } from '../../src/questions/large-ports/large-port.js';
import { answerPath } from '../../src/questions/path/answer-path.js';
import type { Outcome, Prepared } from '../../src/questions/prepare.js';
import { answerProbability } from '../../src/questions/probability/answer-probability.js';
import { runs } from '../support/runs.js';
import { clusterOf, overrideOf, type ServicesAlike, servicesAlike } from '../support/services-alike.js';

t.test('thresholds are those of the decimals that kube-proxy writes', async (t) => {
  const wrong: number[] = [];
  const check = (m: number) => {
    const probability = m === 1 ? '1' : (oneIn(m).probability ?? '');
    if (BigInt(thresholdOfOneIn(m)) !== statisticThreshold(probability)) wrong.push(m);
  };
  for (let m = 1; m <= 5000; m++) check(m);
  for (let m = 5000; m <= 1_000_000; m += 997) check(m);
  // 1/m is halfway between two decimals of ten digits.
  for (let two = 1; two <= 2 ** 12; two *= 2) for (let five = 1; five <= 5 ** 8; five *= 5) check(two * five);
  t.same(wrong, []);
});

t.test('what rules in a row take is what a walk takes at each of them', async () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 400 }), fc.nat(), fc.nat(), (total, a, b) => {
      let first = a % total;
      const count = 1 + (b % (total - first));
      let share = { nominal: { n: 1n, d: 1n }, programmed: { n: 1n, d: 1n } };
      const at = (place: number) => {
        const m = total - place;
        const threshold = m === 1 ? 1n << 31n : statisticThreshold(oneIn(m).probability ?? '');
        const [hit, rest] = splitShare(share.programmed, { n: threshold, d: 1n << 31n });
        const [even, left] = splitShare(share.nominal, { n: 1n, d: BigInt(m) });
        share = { nominal: left, programmed: rest };
        return { hit, even };
      };
      for (let place = 0; place < first; place++) at(place);
      const { share: left, rest, nominal } = passLeftOut(share, { first, count, total });
      let all = ZERO;
      for (const [index, part] of (left.parts ?? []).entries()) {
        const { hit, even } = at(first++);
        all = add(all, even);
        assert.equal(part * hit.d, hit.n * left.unit, `${index}`);
      }
      assert.deepEqual([rest, nominal], [share, all]);
    }),
    { numRuns: runs(200) },
  );
});

/** The endpoints of all Services behind the first one. */
function gathered(one: ServicesAlike): ServicesAlike {
  const [first, second] = one.services as [ServicesAlike['services'][number], ServicesAlike['services'][number]];
  const calm = one.tame ? { sticky: false } : {};
  return {
    ...one,
    services: [{ ...first, ...calm, endpoints: one.services.flatMap(({ endpoints }) => endpoints) }, second],
  };
}

function prepared(one: ServicesAlike, version: string | undefined): Prepared {
  const cluster = clusterOf(one);
  const override = overrideOf(one);
  const versioned = version === undefined || one.mode === 'nftables' ? {} : { kubernetesVersion: version };
  return {
    cluster,
    settings: inferSettings(cluster, { ...override, ...versioned } as SettingsOverride),
    changes: [],
    moment: () => ({ at: 0, given: false }),
    answer: () => assert.fail('not asked for'),
  };
}

/** Long lists that an answer about very many endpoints does not have: cycles, and maps in the text of rules. */
function shortened(key: string, value: unknown): unknown {
  if (key === 'cycle' || key === 'firstOfTwo' || key === 'secondOfTwo') return undefined;
  if (typeof value === 'string' && value.startsWith('numgen')) return value.replace(/\{.*\}/, '{}');
  return typeof value === 'string' && value.startsWith('meta l4proto') ? value.replace(/\{.*\}/, '{}') : value;
}

function whole(
  { cluster, settings }: Prepared,
  { result, assumptions, services, doors }: Outcome<ProbabilityResult | PathResult>,
) {
  return {
    result: JSON.parse(JSON.stringify(result, shortened)),
    findings: stateFindings({ cluster, settings, services, doors }, thresholdsOf(undefined)),
    assumptions: new Set(assumptions.map((each) => JSON.stringify(each))),
  };
}

/** An answer about one Service port with so many of its endpoints. */
function listing(listed: number, { services }: ProbabilityResult): ProbabilityResult {
  return {
    services: services.map((service): ServiceProbability => {
      const { endpoints } = service;
      const rest = endpoints.slice(listed);
      if (rest.length === 0) return service;
      const sum = rest.reduce((total, { share }) => add(total, parseFraction(share.fraction) ?? ZERO), ZERO);
      const share = { ...(rest[0] as (typeof rest)[0]).share, fraction: formatFraction(sum) };
      return { ...service, endpoints: endpoints.slice(0, listed), omitted: { endpoints: rest.length, share } };
    }),
  };
}

/** Without what the oracle does not sum up. */
function ofOmitted({ services }: ProbabilityResult): ProbabilityResult {
  return {
    services: services.map((service) => {
      const { omitted } = service;
      if (omitted === undefined) return service;
      return {
        ...service,
        omitted: { ...omitted, share: { fraction: omitted.share.fraction, value: 0, programmed: '' } },
      };
    }),
  };
}

/** Undefined where very many endpoints are refused since something tells them apart. */
function unlessRefused<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (error instanceof QuestionError && error.code === 'ANSWER_TOO_LARGE') return undefined;
    throw error;
  }
}

const VERSIONS = fc.constantFrom(undefined, '1.20.15', '1.22.17', '1.24.17', '1.28.15', '1.36.0');
const SERVICE = { namespace: 'default', name: 'svc-0', portName: 'http' };

const LIMITS: LargeLimits = { walked: 2, listed: 1 };

let answered = 0;

type Who = ProbabilityQuestion['clients'];

/** Shares of which few endpoints are walked are those of which each is. */
function compareShares(drawn: ServicesAlike, who: Who, version: string | undefined, listed: number): void {
  const one = gathered(drawn);
  const question = { services: [SERVICE], ...(who === undefined ? {} : { clients: who }) };
  const [few, each] = [prepared(one, version), prepared(one, version)];
  const found = unlessRefused(() => answerProbability(few, question, undefined, { ...LIMITS, listed }));
  if (found === undefined) return;
  const plain = answerProbability(each, question);
  if (found.result.services.some(({ omitted }) => omitted !== undefined)) answered++;
  for (const { endpoints, omitted, delivered } of found.result.services) {
    // Of the first endpoints those are listed that are reached.
    if (omitted !== undefined && delivered.fraction === '1') assert.equal(endpoints.length, listed);
    assert.ok(omitted === undefined || endpoints.length <= listed);
  }
  const expected = listing(found.result.services[0]?.endpoints.length ?? 0, plain.result);
  assert.deepEqual(
    whole(few, { ...found, result: ofOmitted(found.result) }),
    whole(each, { ...plain, result: ofOmitted(expected) }),
  );
}

t.test('shares of very many endpoints are those of the walk', async () => {
  const clients = fc.constantFrom<Who>(
    undefined,
    undefined,
    { nodes: {} },
    { nodes: { names: ['node-0'] } },
    { nodes: { from: 'HOST' } },
    { external: { entersAt: ['node-0'] } },
  );
  fc.assert(fc.property(servicesAlike, clients, VERSIONS, fc.integer({ min: 1, max: 9 }), compareShares), {
    numRuns: runs(150),
  });
  assert.ok(answered >= 20, `${answered} answers about endpoints that are not each walked`);
});

t.test('a cluster IP that is an external IP too, with a policy of its own, is refused', async (t) => {
  type Drawn = ServicesAlike['services'][number];
  const service: Omit<Drawn, 'endpoints'> = {
    ...{ type: 'NodePort', external: 'Local', sticky: false, local: false, topology: true, protocol: 'TCP' },
    ...{ port: 80, target: 8080, sameAddress: false, externalIP: true },
  };
  const endpoint: Omit<Drawn['endpoints'][number], 'host' | 'odd'> = {
    ...{ node: 0, pod: 'NONE', ready: true, serving: false, hint: true },
  };
  // Addresses outside of every pod CIDR, of which slices alone say where they are.
  const endpoints = [
    { ...endpoint, host: 2, odd: 0 },
    { ...endpoint, host: 2, odd: 3 },
    { ...endpoint, host: 3, odd: 3 },
  ];
  const cluster: ServicesAlike = {
    ...{ tame: false, mode: 'nftables', scheduler: 'rr', network: {}, policy: false },
    nodes: [{ zone: 'a', version: 'v1.30.5', down: true, cidr: false }],
    services: [
      { ...service, endpoints },
      { ...service, type: 'ClusterIP', external: 'Cluster', externalIP: false, endpoints: [] },
    ],
  };
  const question = { services: [SERVICE], clients: { external: { entersAt: ['node-0'] } } };
  const ask = () => answerProbability(prepared(gathered(cluster), undefined), question, undefined, LIMITS);
  t.throws(ask, { code: 'ANSWER_TOO_LARGE', message: /its cluster IP is an external IP too/ });
});

t.test('paths to very many endpoints are those of the walk', async () => {
  const sources = fc.constantFrom<PathQuestion['source']>(
    { node: 'node-0' },
    { podOnNode: 'node-0' } as never,
    { workload: { namespace: 'default', kind: 'ReplicaSet', name: 'none' } } as never,
  );
  const asked = fc.record({
    maxTraces: fc.integer({ min: 1, max: 6 }),
    groupBy: fc.constantFrom('NONE', 'ENDPOINT', 'NODE', 'VERDICT') as fc.Arbitrary<'NONE'>,
  });
  let paths = 0;
  fc.assert(
    fc.property(servicesAlike, sources, VERSIONS, asked, fc.nat(), (drawn, _, version, how, pick) => {
      const one = gathered(drawn);
      const [few, each] = [prepared(one, version), prepared(one, version)];
      const pods = [...few.cluster.pods.keys()];
      const pod = pods[pick % Math.max(1, pods.length)];
      const source: PathQuestion['source'] = pick % 2 === 0 || pod === undefined ? { node: 'node-0' } : { pod };
      const question: PathQuestion = { source, destination: { service: { ...SERVICE, port: 80 } }, ...how };
      const { portName: _name, ...service } = SERVICE;
      const again: PathQuestion = { ...question, destination: { service } };
      const found = unlessRefused(() => answerPath(few, again, { walked: 2, listed: 1 }));
      if (found === undefined) return;
      const plain = answerPath(each, again);
      if (found.result.omitted !== undefined) paths++;
      assert.deepEqual(whole(few, found), whole(each, plain));
    }),
    { numRuns: runs(150) },
  );
  assert.ok(paths >= 20, `${paths} paths to endpoints that are not each followed`);
});

/** Traffic in a question about shares: the load of pods, and the models, as the question answers them. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import type { ProbabilityQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { type BalancedOptions, balanced, WEB } from '../support/balanced.js';

type Fields = Readonly<Record<string, unknown>>;

function asked(traffic: ProbabilityQuestion['traffic'], options: BalancedOptions = { pods: [10, 10] }) {
  const request = validateRequest('probability', { probability: { services: [WEB], traffic } }, 'apart');
  return ask('probability', request, balanced(options)).result;
}

t.test('50 keep-alive connections over 20 pods', async (t) => {
  const load = asked({ connections: 50, capacity: 5 }).services[0]?.load as Fields;
  t.match(load.most, { p5: 5, p50: 6, p95: 8, p99: 9 });
  const near = (value: unknown, wanted: number) => Math.abs(Number(value) - wanted) < 1e-9;
  t.ok(near(load.anyIdle, 0.835820230351));
  t.ok(near(load.expectedIdle, 1.53889950553));
  t.ok(near(load.anyOver, 0.587171904126) || Number(load.anyOver) > 0.537, 'between its bounds');
});

t.test('requests per second: pods, nodes', async (t) => {
  const load = asked({ requestsPerSecond: 5000, capacity: 300 }).services[0]?.load as Fields;
  t.match(load.requestsPerSecond, { offered: 5000, delivered: 5000, mean: 250, podsOverInTheMean: 0 });
  t.same(load.nodes, [
    { node: 'n1', requestsPerSecond: 2500 },
    { node: 'n2', requestsPerSecond: 2500 },
  ]);
});

t.test('every recorded case can be asked in one question', async (t) => {
  const file = JSON.parse(gunzipSync(readFileSync('test/capacity/cases.json.gz')).toString('utf8'));
  const cases: readonly { readonly kind: string; readonly given: Fields; readonly answer: Fields }[] =
    file.cases ?? file;
  const models = cases.map(({ kind, given }) => ({ model: kind, given })) as NonNullable<
    NonNullable<ProbabilityQuestion['traffic']>['models']
  >;
  const answers = asked({ models }).models ?? [];
  t.equal(answers.length, cases.length);
  for (const [index, { answer }] of cases.entries()) {
    t.same(
      Object.keys(answer).filter((name) => !(name in Object(answers[index]?.answer))),
      [],
    );
  }
});

t.test('what is wrong is reported with its place', async (t) => {
  const given = (model: 'extremes' | 'solve', fields: Fields) => () => asked({ models: [{ model, given: fields }] });
  const at = (pointer: string) => ({ code: 'INVALID_REQUEST', problems: [{ pointer }] });
  const root = '/probability/traffic/models/0/given';
  t.throws(given('extremes', { connections: -1, pods: [{ count: 1, share: '1' }] }), at(`${root}/connections`));
  t.throws(given('extremes', { connections: 1, pods: [{ count: 2, share: '1/3' }] }), at(`${root}/pods`));
  t.throws(given('solve', { ask: 'connections', connections: 5, capacity: 0, chance: '1/2' }), at(`${root}/capacity`));
  t.throws(given('solve', { ask: 'connections', connections: 5, capacity: 1, chance: 1 }), at(`${root}/chance`));
  t.throws(() => asked({ capacity: 0 }), { code: 'INVALID_REQUEST' });
  t.throws(() => asked({ requestsPerSecond: -1 }), { code: 'INVALID_REQUEST' });
  const load = asked({ connections: 1e9 }).services[0]?.load as Fields;
  t.type(load.explanation, 'string', 'a billion connections: what is known of single pods');
});

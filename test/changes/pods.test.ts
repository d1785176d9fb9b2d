import t from 'tap';
import type { Cluster } from '../../src/cluster/cluster.js';
import type { PodsChange } from '../../src/contract/requests.js';
import { article, changed, HASH, refusal, rulesOf } from './fixture.js';

const SVC = 'default/nginx-svc';
const NAME = `nginx-deployment-${HASH}-px5d8`;

const state = (to: PodsChange['state'], more: Partial<PodsChange> = { names: [NAME] }) => ({
  pods: { namespace: 'default', state: to, ...more },
});
const conditionsOf = (made: Cluster) =>
  made.slicesOf(SVC).flatMap(({ endpoints }) =>
    endpoints.map(({ addresses, conditions }) => {
      const { ready, serving, terminating } = conditions ?? {};
      return `${addresses[0]} ${[ready && 'ready', serving && 'serving', terminating && 'terminating'].filter(Boolean).join()}`;
    }),
  );

t.test('slices show the state of pods', async (t) => {
  const before = article();
  const others = (own: readonly string[]) => ['192.168.0.6 ready,serving', ...own, '192.168.2.5 ready,serving'];
  const cases: readonly (readonly [PodsChange['state'], readonly string[], string])[] = [
    ['NOT_READY', ['192.168.1.6 '], 'POD_CHANGED'],
    ['TERMINATING', ['192.168.1.6 serving,terminating'], 'POD_CHANGED'],
    ['DELETED', [], 'POD_REMOVED'],
    ['READY', ['192.168.1.6 ready,serving'], ''],
  ];
  for (const [to, own, kind] of cases) {
    const { cluster: after, applied, settings } = changed(before, state(to));
    t.same(conditionsOf(after), others(own), to);
    t.equal(applied[0]?.consequences[0]?.kind ?? '', kind);
    t.equal(/192\.168\.1\.6/.test(rulesOf(after, settings)), to === 'READY', `${to}: rules`);
  }
  const all = changed(before, state('TERMINATING', { selector: { matchLabels: { app: 'nginx' } } }));
  t.equal(conditionsOf(all.cluster).filter((one) => one.endsWith('serving,terminating')).length, 3);
  t.match(rulesOf(all.cluster, all.settings), /192\.168\.1\.6/, 'where all are terminating, they are used');
  t.match(all.assumptions, [{ field: 'changes.pods', why: /3 of these pods/ }]);
  const gone = changed(before, state('NOT_READY'), state('TERMINATING'));
  t.ok(conditionsOf(gone.cluster).includes('192.168.1.6 terminating'), 'what was not ready does not serve');
});

t.test('what cannot be is refused with its place', async (t) => {
  const before = article();
  const pending = before.pods.get(`default/${NAME}`);
  const addressless = before.with({
    pods: new Map([
      [`default/${NAME}`, pending === undefined ? undefined : { ...pending, status: { phase: 'Pending' } }],
    ]),
  });
  const ended = changed(before, {
    patch: { kind: 'Pod', name: NAME, patch: { status: { phase: 'Succeeded' } } },
  }).cluster;
  const cases: readonly (readonly [string, () => unknown, string, string, RegExp])[] = [
    ['unknown', () => changed(before, state('READY', { names: ['px5d8'] })), 'NOT_FOUND', '/names/0', /px5d8/],
    [
      'none matches',
      () => changed(before, state('READY', { selector: { matchLabels: { app: 'x' } } })),
      'NOT_FOUND',
      '/selector',
      /3 pods/,
    ],
    ['neither', () => changed(before, state('READY', {})), 'IMPOSSIBLE_CHANGE', '', /none/],
    ['both', () => changed(before, state('READY', { names: [NAME], selector: {} })), 'IMPOSSIBLE_CHANGE', '', /both/],
    ['without address', () => changed(addressless, state('READY')), 'IMPOSSIBLE_CHANGE', '/names/0', /no address/],
    ['ended', () => changed(ended, state('READY')), 'IMPOSSIBLE_CHANGE', '/names/0', /ended/],
  ];
  for (const [what, act, code, place, detail] of cases) {
    t.match(refusal(act), { code, pointer: `/changes/0/pods${place}`, detail }, what);
  }
  const dying = refusal(() => changed(before, state('TERMINATING'), state('READY')));
  t.match(dying, { code: 'IMPOSSIBLE_CHANGE', pointer: '/changes/1/pods/names/0', detail: /being deleted/ });
});

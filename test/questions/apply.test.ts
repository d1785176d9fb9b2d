/** apply: each object that changes make, before and after, or why it is refused. */
import t from 'tap';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { render } from '../../src/reports/render.js';
import { small } from '../support/small-cluster.js';

const answer = (...changes: readonly Change[]) => ask('apply', { changes }, small({ mode: 'iptables' }));
const reported = (...changes: readonly Change[]) =>
  answer(...changes).result.objects.map(({ kind, name, outcome }) => `${kind} ${name} ${outcome}`);
const manifests = (...list: readonly object[]): Change => ({ apply: { manifests: list } }) as Change;
const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec });

t.test('what becomes of objects', async (t) => {
  t.match(reported(manifests(service('new', { ports: [{ port: 80 }] }))), ['Service new CREATED']);
  t.match(reported({ delete: { kind: 'Service', namespace: 'default', name: 'web' } } as Change), [
    'Service web DELETED',
  ]);
  const ingress = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'i' }, spec: {} };
  t.match(reported(manifests(ingress)), ['Ingress i IGNORED']);
  const patch = {
    patch: { kind: 'Service', namespace: 'default', name: 'web', patch: { spec: { sessionAffinity: 'ClientIP' } } },
  };
  t.match(reported(patch as Change), ['Service web CONFIGURED']);
});

t.test('a refusal is an outcome, and the rest is made', async (t) => {
  const made = answer(
    manifests(service('wrong', { ports: [{ port: 99999 }] }), service('new', { ports: [{ port: 80 }] })),
  );
  const [refused, created] = made.result.objects;
  t.match(refused, {
    name: 'wrong',
    outcome: 'REFUSED',
    error: { reason: 'Invalid', causes: [{ field: 'spec.ports[0].port' }] },
  });
  t.match(created, { name: 'new', outcome: 'CREATED' });
  t.ok(created?.drawn?.includes('/spec/clusterIP'), 'a drawn address');
  t.match(render('apply', made, 'text', {}), /\+\+\+ MERGED\/v1\.Service\.default\.new/);
  t.match(render('apply', made, 'markdown', {}), /```/);
});

t.test('what is refused is not said to be without effect, what is so already is', async (t) => {
  const wrong = answer(manifests(service('wrong', { ports: [{ port: 99999 }] })));
  t.same(wrong.findings, []);
  const ignored = answer(manifests({ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } }));
  t.same(
    ignored.findings.map(({ code }) => code),
    ['CHANGE_WITHOUT_EFFECT'],
  );
});

t.test('a fault of the request itself is an error, not an object that is refused', async (t) => {
  const given = (more: object) =>
    ({ apply: { manifests: [service('new', { ports: [{ port: 80 }] })], ...more } }) as Change;
  t.throws(() => answer(given({ force: true })), { code: 'IMPOSSIBLE_CHANGE' });
  t.throws(() => answer(given({ prune: { selector: 'a in (' } })), { code: 'IMPOSSIBLE_CHANGE' });
});

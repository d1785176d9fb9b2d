/** Questions about network policies through both doors: steps, remedies, tables and findings arrive whole. */
import t from 'tap';
import { RPCS, readAnswer, writeRequest } from '../../src/messages/codec.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { send } from '../rest/support.js';
import { enforcer, networkPolicy, policedItems } from '../support/policed-cluster.js';
import { withoutEmpty } from '../support/without-empty.js';
import { startDoors } from './support.js';

const DB = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'] };
const FROM_ROLE = { from: [{ podSelector: { matchLabels: { app: 'web', role: 'client' } } }], ports: [{ port: 8080 }] };
const ADMIN = {
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind: 'AdminNetworkPolicy',
  metadata: { name: 'tenants' },
  spec: {
    priority: 7,
    subject: { namespaces: { matchLabels: { team: 'b' } } },
    ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { team: 'a' } } }] }],
  },
};
const ITEMS = policedItems({
  policies: [networkPolicy('db', { ...DB, ingress: [FROM_ROLE] }), ADMIN],
  more: [enforcer('calico-node', 'docker.io/calico/node')],
});
const SNAPSHOT = { inline: { kind: 'List', items: ITEMS } };
const path = (pod: string, namespace: string, name: string) => ({
  path: { source: { pod }, destination: { service: { namespace, name, port: 80 } } },
});
const OPEN = { apply: { manifests: [networkPolicy('db', { ...DB, ingress: [{}] })] } };

/** What each answer must have, so that equal ones are not equally empty. */
const ROWS: readonly (readonly [what: string, kind: QuestionKind, question: object, has: object])[] = [
  [
    'a denied path, with a label and a policy that let it pass',
    'path',
    path('shop/web-0', 'shop', 'db'),
    { result: { traces: [{ verdict: 'DROPPED', cause: 'NETWORK_POLICY' }], remedies: [{}, { opensCount: 0 }] } },
  ],
  [
    'a path that an administrator denies',
    'path',
    path('shop/web-0', 'ops', 'probe'),
    { result: { remedies: [{ what: /AdminNetworkPolicy allow-ingress \(priority 6\)/ }] } },
  ],
  ['who reaches whom', 'reach', { reach: {} }, { result: { enforcement: { enforced: true, by: 'Calico' } } }],
  ['who reaches whom, after a change', 'reach', { reach: {}, changes: [OPEN] }, { result: { counts: { cut: 0 } } }],
  ['a check', 'check', { changes: [OPEN] }, { result: { reach: [{ change: 'OPENED' }] } }],
];

t.test('policies through both doors', async (t) => {
  const doors = await startDoors();
  t.teardown(() => doors.close());
  for (const [what, kind, question, has] of ROWS) {
    const request = { snapshot: SNAPSHOT, ...question };
    const body = JSON.stringify(request);
    const reply = await send(doors, 'POST', `/v1/${kind}`, { 'content-type': 'application/json' }, body);
    t.equal(reply.status, 200, `${what}: ${reply.text.slice(0, 200)}`);
    const pieces = await doors.client.bytes(RPCS[kind].name, writeRequest(kind, request));
    const answer = readAnswer(kind, Buffer.concat(pieces));
    t.match(reply.json(), has, what);
    t.match(answer, has, `${what}, by gRPC`);
    t.same(withoutEmpty(answer), withoutEmpty(reply.json()), `${what}: the same by both`);
  }
});

/** First sentences: what is counted, why a packet ends, and names as they are spelled. */
import t from 'tap';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

const SVC = { namespace: 'default', name: 'svc' };

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The lab; with `twice`, a second slice lists the first pod at another port. */
function lab(twice = false, spec: Record<string, unknown> = {}): Snapshot {
  const list = labList({ version: '1.33.2', services: [{ spec, endpoints: [1, 2] }] });
  const more = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'more', namespace: 'default', labels: { 'kubernetes.io/service-name': 'svc' } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 9090, protocol: 'TCP' }],
    endpoints: [
      {
        ...{ addresses: ['10.180.1.2'], nodeName: 'node-1', conditions: { ready: true } },
        targetRef: { kind: 'Pod', namespace: 'default', name: 'web-1' },
      },
    ],
  };
  return readSnapshot({ inline: { ...list, items: [...(list.items as Item[]), ...(twice ? [more] : [])] } });
}

const path = (destination: unknown, snapshot: Snapshot, settings: QuestionRequest['settings'] = {}) =>
  ask('path', { settings, path: { source: { podOn: 'node-3' }, destination } } as QuestionRequest, snapshot).summary;

t.test('a pod with two endpoints is not counted as two pods', async (t) => {
  t.match(path({ service: SVC }, lab()), /one of 2 pods, 1\/2 each/);
  t.match(path({ service: SVC }, lab(true)), /one of 3 endpoints, 1\/3 each/);
  const shares = (snapshot: Snapshot) => ask('probability', { probability: { services: [SVC] } }, snapshot).summary;
  t.match(shares(lab()), /each of 2 pods/);
  t.match(shares(lab(true)), /each of 3 endpoints/);
});

t.test('with session affinity shares are of new clients', async (t) => {
  const shares = (spec: Record<string, unknown>) =>
    ask('probability', { probability: { services: [SVC] } }, lab(false, spec)).summary;
  t.match(
    shares({}),
    /^Even: each of 2 pods of default\/svc:80 gets 1\/2 of new connections from pods on \d nodes? alike\.$/,
  );
  const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } };
  t.match(
    shares(sticky),
    /gets 1\/2 of new clients, pods on \d nodes? alike; session affinity \(600 s\) keeps each with its pod\.$/,
  );
});

t.test('a port that a Service does not have is the reason of the refusal', async (t) => {
  const address = lab().cluster.services.get('default/svc')?.spec?.clusterIP ?? '';
  for (const mode of ['nftables', 'ipvs'] as const)
    t.match(
      path({ address, port: 99 }, lab(), { kubeProxy: { mode } }),
      /^Refused: .* rejects it: no Service has this address with this port and protocol\.$/,
      mode,
    );
});

t.test('a sentence begins with a capital, a name as it is spelled', async (t) => {
  const alias = { type: 'ExternalName', externalName: 'db.example.com', clusterIP: undefined, selector: undefined };
  const name = 'svc.default.svc.cluster.local';
  t.match(path({ host: name, port: 80 }, lab(false, alias)), new RegExp(` ${name} → db\\.example\\.com is not a name`));
  t.match(path({ address: '192.0.2.77', port: 80 }, lab()), /\. No rule of node-3/);
});

t.test('"No change" is said only where the change does nothing else either', async (t) => {
  // Its slices list all the pods that it selects: a change moves none.
  const services = [{ spec: {}, endpoints: [1, 2, 3] }];
  const whole = readSnapshot({ inline: labList({ version: '1.33.2', services }) });
  const changed = (patch: unknown, asked: Partial<QuestionRequest>) =>
    ask(
      'what-if',
      { ...asked, changes: [{ patch: { kind: 'Service', ...SVC, patch } }] } as QuestionRequest & {
        changes: unknown[];
      },
      whole,
    ).summary;
  const shares = { probability: { services: [SVC] } };
  const way = { path: { source: { podOn: 'node-3' }, destination: { service: SVC } } };
  const opened = { spec: { type: 'NodePort' } };
  t.equal(
    changed(opened, shares),
    'The shares asked about stay as they are. What else the change does is in the findings.',
  );
  t.equal(changed(opened, way), 'The packet takes the same way. What else the change does is in the findings.');
  const described = { metadata: { annotations: { 'example.com/owner': 'shop' } } };
  t.equal(changed(described, shares), 'No change: every share stays as it is.');
  t.equal(changed(described, way), 'No change: the packet takes the same way.');
});

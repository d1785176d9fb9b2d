/**
 * The manifests of deploy/kubernetes as a change of an example cluster: what `check` says of them, and where their
 * Services' connections go.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { documentsOf, FOLDERS, textOf } from './manifests.js';

const snapshot = readSnapshot({ files: [{ name: 'cluster.json', bytes: readFileSync('examples/three-zones.json') }] });
const applied = (folder: string): Change => ({
  apply: { manifests: [{ name: `${folder}.yaml`, text: textOf(folder) }] },
});
const scaled = (replicas: number): Change => ({
  scale: { kind: 'Deployment', namespace: 'kube-whatif', name: 'kube-whatif', replicas },
});
const BOUNDS = documentsOf(textOf('default')).find(({ kind }) => kind === 'HorizontalPodAutoscaler')?.spec as {
  readonly minReplicas: number;
  readonly maxReplicas: number;
};

for (const folder of FOLDERS) {
  t.test(`check: ${folder} hurts nobody`, async (t) => {
    const answer = ask('check', { changes: [applied(folder)], check: { failOn: 'ERROR' } }, snapshot);
    const { failed, unknown = [], services } = answer.result;
    t.equal(failed, false);
    t.same(unknown, []);
    const names = new Set(services.map(({ service }) => service));
    const wanted = documentsOf(textOf(folder)).filter(({ kind }) => kind === 'Service');
    t.same(
      [...names].sort(),
      wanted.map(({ metadata }) => `kube-whatif/${metadata.name}`).sort(),
      'its own Services, no others',
    );
    t.same(
      answer.findings.filter(({ severity }) => severity === 'ERROR'),
      [],
    );
  });
}

t.test('shares while the autoscaler scales: even, whatever the number', async (t) => {
  for (let replicas = BOUNDS.minReplicas; replicas <= BOUNDS.maxReplicas; replicas++) {
    const { result } = ask(
      'probability',
      {
        changes: [applied('default'), scaled(replicas)],
        probability: {
          services: [
            { namespace: 'kube-whatif', name: 'kube-whatif', portName: 'http' },
            { namespace: 'kube-whatif', name: 'kube-whatif-grpc', portName: 'grpc', via: 'DNS' },
          ],
        },
      },
      snapshot,
    );
    for (const { endpoints, verdicts } of result.services) {
      t.same(new Set(endpoints.map(({ share }) => share.fraction)), new Set([`1/${replicas}`]));
      t.equal(endpoints.length, replicas);
      t.match(verdicts, [{ verdict: 'DELIVERED', share: { fraction: '1' } }]);
      const perNode = new Map<string, number>();
      for (const { node = '' } of endpoints) perNode.set(node, (perNode.get(node) ?? 0) + 1);
      const counts = [...perNode.values()];
      // Three nodes in three zones: spread over all of them, as topologySpread asks.
      t.equal(counts.length, Math.min(3, replicas));
      t.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join());
    }
  }
});

t.test('the store: kube-whatif reaches it, and other pods do not', async (t) => {
  const changes = [applied('default'), scaled(2)];
  const services = [{ namespace: 'kube-whatif', name: 'kube-whatif', portName: 'http' }];
  const asked = ask('probability', { changes, probability: { services } }, snapshot);
  const pod = asked.result.services[0]?.endpoints[0]?.pod ?? '';
  const settings = { network: { policies: 'ENFORCED' as const } };
  const destination = { service: { namespace: 'kube-whatif', name: 'kube-whatif-store', port: 6379 } };
  const from = (name: string) =>
    ask('path', { changes, settings, path: { source: { pod: name }, destination } }, snapshot).result.traces.map(
      ({ verdict, cause }) => [verdict, cause],
    );
  t.same(from(pod), [['DELIVERED', undefined]]);
  t.same(from('default/web-h1-zone-a-1'), [['DROPPED', 'NETWORK_POLICY']]);
});

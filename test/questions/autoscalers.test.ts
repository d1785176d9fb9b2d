/** HorizontalPodAutoscalers: the replicas that they own last, whatever a manifest says. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';

const EXAMPLE = readFileSync('examples/article-nodeport.json');
const TARGET = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'nginx-deployment' };

function autoscaler(spec: object, name = 'nginx'): object {
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name, namespace: 'default' },
    spec: { scaleTargetRef: TARGET, ...spec },
  };
}

function snapshot(...more: readonly object[]) {
  const files = [
    { name: 'cluster.json', bytes: EXAMPLE },
    ...more.map((object, index) => ({ name: `more-${index}.json`, bytes: Buffer.from(JSON.stringify(object)) })),
  ];
  return readSnapshot({ files });
}

const apply = (...objects: readonly object[]): Change => ({
  apply: { manifests: objects.map((object) => ({ name: 'web.yaml', text: JSON.stringify(object) })) },
});
const deployment = (spec: object) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'nginx-deployment', namespace: 'default' },
  spec,
});
const scale = (replicas: number): Change => ({
  scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas },
});

const OWNED = autoscaler({ minReplicas: 2, maxReplicas: 6 });

/**
 * What is in the snapshot beside the example (3 replicas), the change, the endpoints after it, the finding's severity.
 */
const CASES: readonly (readonly [string, readonly object[], Change, number, string | undefined])[] = [
  ['no autoscaler', [], apply(deployment({ replicas: 1 })), 1, undefined],
  ['a manifest with other replicas', [OWNED], apply(deployment({ replicas: 1 })), 3, 'WARNING'],
  ['a manifest with the same replicas', [OWNED], apply(deployment({ replicas: 3 })), 3, undefined],
  ['a manifest that switches it off', [OWNED], apply(deployment({ replicas: 0 })), 0, undefined],
  ['a higher minimum', [OWNED], apply(autoscaler({ minReplicas: 5, maxReplicas: 6 })), 5, 'WARNING'],
  ['a lower maximum', [OWNED], apply(autoscaler({ minReplicas: 1, maxReplicas: 2 })), 2, 'WARNING'],
  ['an autoscaler that is new', [], apply(autoscaler({ minReplicas: 4, maxReplicas: 9 })), 4, 'WARNING'],
  ['one without a minimum', [], apply(autoscaler({ maxReplicas: 2 })), 2, 'WARNING'],
  [
    'one of another workload',
    [],
    apply(autoscaler({ minReplicas: 9, maxReplicas: 9, scaleTargetRef: { ...TARGET, name: 'other' } })),
    3,
    undefined,
  ],
  [
    'a patch',
    [OWNED],
    { patch: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', patch: { spec: { replicas: 1 } } } },
    3,
    'WARNING',
  ],
  ['a scaling within the bounds', [OWNED], scale(5), 5, 'INFO'],
  ['a scaling outside the bounds', [OWNED], scale(8), 8, 'WARNING'],
  ['a scaling to none', [OWNED], scale(0), 0, undefined],
  [
    'an autoscaler whose spec is not valid',
    [autoscaler({ maxReplicas: 'many' })],
    apply(deployment({ replicas: 1 })),
    1,
    undefined,
  ],
];

for (const [what, more, change, endpoints, severity] of CASES) {
  t.test(`${what}: the replicas that last`, async (t) => {
    const checked = ask('check', { changes: [change] }, snapshot(...more));
    const found = checked.findings.filter(({ code }) => code === 'REPLICAS_OF_AUTOSCALER');
    t.same(
      found.map((one) => one.severity),
      severity === undefined ? [] : [severity],
    );
    const probability = { services: [{ namespace: 'default', name: 'nginx-svc' }] };
    const { result } = ask('probability', { changes: [change], probability }, snapshot(...more));
    t.equal(result.services[0]?.endpoints.length, endpoints);
  });
}

t.test('apply shows what the API server stores, before autoscalers act', async (t) => {
  const answer = ask('apply', { changes: [apply(deployment({ replicas: 1 }))] }, snapshot(OWNED));
  const { objects } = answer.result as unknown as {
    objects: readonly { kind: string; after: { spec: { replicas: number } } }[];
  };
  t.equal(objects.find(({ kind }) => kind === 'Deployment')?.after.spec.replicas, 1);
});

t.test('an autoscaler that changes touches no Service by itself', async (t) => {
  const change = apply(autoscaler({ minReplicas: 3, maxReplicas: 9 }));
  const { result } = ask('check', { changes: [change] }, snapshot(OWNED));
  t.same(result.services, []);
  t.equal(result.unknown, undefined);
});

t.test('a new workload may leave its replicas to its autoscaler: that is for information', async (t) => {
  const labels = { app: 'new' };
  const manifests = [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'new', namespace: 'default' },
      spec: {
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } },
      },
    },
    autoscaler({ minReplicas: 2, maxReplicas: 6, scaleTargetRef: { ...TARGET, name: 'new' } }, 'new'),
  ];
  const { findings } = ask('check', { changes: [apply(...manifests)] }, snapshot());
  const [found] = findings.filter(({ code }) => code === 'REPLICAS_OF_AUTOSCALER');
  t.match(found, {
    severity: 'INFO',
    message: /sets Deployment default\/new to 2 replicas \(2 to 6\): it starts with 1/,
  });
});

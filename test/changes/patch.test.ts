import fc from 'fast-check';
import t from 'tap';
import { mergePatch } from '../../src/changes/merge-patch.js';
import type { PatchChange } from '../../src/contract/requests.js';
import { runs } from '../support/runs.js';
import { addressesOf, article, changed, HASH, refusal, rulesOf } from './fixture.js';

const SVC = 'default/nginx-svc';
const POD = `nginx-deployment-${HASH}-px5d8`;

function patch(kind: PatchChange['kind'], name: string, body: PatchChange['patch'], namespace?: string) {
  return { patch: { kind, name, patch: body, ...(namespace === undefined ? {} : { namespace }) } };
}

t.test('a merge patch is what RFC 7386 says', async (t) => {
  // The examples of appendix A whose patch is an object.
  const cases: readonly (readonly [unknown, Record<string, unknown>, unknown])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b' }, { a: null }, {}],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: 'b', c: null }, { a: 'b' }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, body, expected] of cases)
    t.strictSame(mergePatch(target, body, ''), expected, JSON.stringify(body));
  const deep = JSON.parse(`${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`) as Record<string, unknown>;
  t.match(
    refusal(() => mergePatch({}, deep, '/p')),
    { code: 'IMPOSSIBLE_CHANGE', message: /levels deep/ },
  );
  const poisoned = JSON.parse('{"a":{"__proto__":{"b":1}}}') as Record<string, unknown>;
  t.match(
    refusal(() => mergePatch({}, poisoned, '/p')),
    { pointer: '/p/a/__proto__' },
  );
});

t.test('a Service is completed, its slices follow', async (t) => {
  const before = article();
  const { cluster: after, applied } = changed(before, patch('Service', 'nginx-svc', { spec: { type: 'NodePort' } }));
  t.match(after.services.get(SVC)?.spec, { externalTrafficPolicy: 'Cluster', ports: [{ nodePort: 30000 }] });
  t.equal(applied[0]?.choices.length, 1);
  const selector = { spec: { selector: { app: null, 'pod-template-hash': 'other' } } };
  t.same(addressesOf(changed(before, patch('Service', 'nginx-svc', selector)).cluster, SVC), []);
  const named = changed(
    before,
    patch('Service', 'nginx-svc', { spec: { ports: [{ name: 'web', port: 81, targetPort: 8080 }] } }),
  );
  t.same(named.cluster.slicesOf(SVC)[0]?.ports, [{ name: 'web', port: 8080, protocol: 'TCP' }]);
});

t.test('pods, nodes and slices', async (t) => {
  const before = article();
  const apart = changed(before, patch('Pod', POD, { metadata: { labels: { app: 'other' } } }, 'default'));
  t.same(addressesOf(apart.cluster, SVC), ['192.168.0.6', '192.168.2.5']);
  t.same(
    addressesOf(apart.cluster, 'default/other'),
    ['192.168.1.6'],
    'it joins the Service whose selector it matches now',
  );

  const ended = changed(before, patch('Pod', POD, { status: { phase: 'Failed' } }));
  t.same(addressesOf(ended.cluster, SVC), ['192.168.0.6', '192.168.2.5']);

  const zoned = changed(
    before,
    patch('Node', 'node-2', { metadata: { labels: { 'topology.kubernetes.io/zone': 'b' } } }),
  );
  t.same(
    zoned.cluster.slicesOf(SVC)[0]?.endpoints.map(({ zone }) => zone),
    [undefined, 'b', undefined],
  );
  t.match(zoned.applied[0]?.consequences[0], { kind: 'NODE_CHANGED', object: 'node-2', detail: /zone none → b$/ });
  const other = changed(before, patch('Node', 'node-2', { metadata: { labels: { colour: 'red' } } }));
  t.equal(other.cluster.slicesOf(SVC)[0], before.slicesOf(SVC)[0], 'another label is none of the slices’ concern');

  const [slice] = before.slicesOf(SVC);
  const endpoints = slice?.endpoints.slice(0, 1) ?? [];
  const cut = changed(before, patch('EndpointSlice', slice?.metadata.name ?? '', { endpoints }));
  t.same(addressesOf(cut.cluster, SVC), ['192.168.0.6']);
  t.ok(
    cut.assumptions.some(({ field }) => field === 'changes.patch'),
    'the controller would undo it',
  );
});

t.test('workloads', async (t) => {
  const before = article();
  const scaled = changed(before, patch('Deployment', 'nginx-deployment', { spec: { replicas: 5 } }));
  t.equal(addressesOf(scaled.cluster, SVC).length, 5);
  t.equal(scaled.cluster.workloads.get('Deployment/default/nginx-deployment')?.spec?.replicas, 5);
  const image = { spec: { template: { spec: { containers: [{ name: 'nginx', image: 'nginx:2' }] } } } };
  const rolled = changed(before, patch('Deployment', 'nginx-deployment', image));
  const images = [...rolled.cluster.pods.values()].map(({ spec }) => spec?.containers?.[0]?.image);
  t.same(images, ['nginx:2', 'nginx:2', 'nginx:2'], 'a rolling update has replaced the pods');
  t.equal(addressesOf(rolled.cluster, SVC).length, 3);
});

t.test('what cannot be is refused with its place', async (t) => {
  const before = article();
  const at = (place: string) => `/changes/0/patch${place}`;
  const svc = (body: PatchChange['patch']) => patch('Service', 'nginx-svc', body);
  const cases: readonly (readonly [string, ReturnType<typeof patch>, string, string, RegExp])[] = [
    ['name', svc({ metadata: { name: 'x' } }), 'IMPOSSIBLE_CHANGE', at('/patch/metadata/name'), /leave it out/],
    ['namespace', svc({ metadata: { namespace: 'x' } }), 'IMPOSSIBLE_CHANGE', at('/patch/metadata/namespace'), /leave/],
    ['kind', svc({ kind: 'Pod' }), 'IMPOSSIBLE_CHANGE', at('/patch/kind'), /leave/],
    ['no metadata', svc({ metadata: null }), 'IMPOSSIBLE_CHANGE', at('/patch/metadata'), /leave/],
    ['type', svc({ spec: { type: 'Node' } }), 'IMPOSSIBLE_CHANGE', at('/patch/spec/type'), /"NodePort"/],
    [
      'port',
      svc({ spec: { ports: [{ port: 80 }, { port: 70000 }] } }),
      'IMPOSSIBLE_CHANGE',
      at('/patch/spec/ports/1/port'),
      /65535/,
    ],
    [
      'cluster IP',
      svc({ spec: { clusterIP: '10.0.0.11', clusterIPs: ['10.0.0.11'] } }),
      'IMPOSSIBLE_CHANGE',
      at('/patch/spec/clusterIP'),
      /cannot be changed/,
    ],
    [
      'policy',
      svc({ spec: { externalTrafficPolicy: 'Local' } }),
      'IMPOSSIBLE_CHANGE',
      at('/patch/spec/externalTrafficPolicy'),
      /outside/,
    ],
    [
      'pod CIDR',
      patch('Node', 'node-1', { spec: { podCIDRs: ['x'] } }),
      'IMPOSSIBLE_CHANGE',
      at('/patch/spec/podCIDRs/0'),
      /CIDR/,
    ],
    [
      'node address',
      patch('Node', 'node-1', { status: { addresses: [{ type: 'InternalIP', address: 'x' }] } }),
      'IMPOSSIBLE_CHANGE',
      at('/patch/status/addresses/0/address'),
      /InternalIP/,
    ],
    [
      'namespace of a node',
      patch('Node', 'node-1', { spec: {} }, 'default'),
      'IMPOSSIBLE_CHANGE',
      at('/namespace'),
      /no namespace/,
    ],
    [
      'replicas',
      patch('Deployment', 'nginx-deployment', { spec: { replicas: 5001 } }),
      'IMPOSSIBLE_CHANGE',
      at('/patch/spec/replicas'),
      /5000/,
    ],
    ['unknown', patch('Pod', 'px5d8', {}), 'NOT_FOUND', at(''), /px5d8/],
    ['unknown slice', patch('EndpointSlice', 'x', {}), 'NOT_FOUND', at(''), /EndpointSlice/],
  ];
  for (const [what, change, code, pointer, message] of cases) {
    const found = refusal(() => changed(before, change));
    t.match(found, { code, pointer }, what);
    t.match(found.detail, message, what);
  }
});

/** Places in objects of all kinds, and values that belong there or nowhere. */
const PLACES = [
  'spec',
  'spec.type',
  'spec.clusterIP',
  'spec.ports',
  'spec.selector',
  'spec.selector.app',
  'spec.externalIPs',
  'spec.sessionAffinity',
  'spec.sessionAffinityConfig',
  'spec.externalTrafficPolicy',
  'spec.healthCheckNodePort',
  'spec.replicas',
  'spec.template',
  'spec.nodeName',
  'spec.podCIDRs',
  'spec.taints',
  'status',
  'status.addresses',
  'status.conditions',
  'status.podIPs',
  'status.loadBalancer',
  'metadata.labels',
  'metadata.labels.app',
  'metadata.deletionTimestamp',
  'endpoints',
  'ports',
  'addressType',
] as const;
const VALUES = [
  null,
  '',
  'x',
  'Local',
  'NodePort',
  'LoadBalancer',
  'ExternalName',
  'ClientIP',
  'None',
  'node-2',
  'IPv6',
  '2026-01-31T12:00:00Z',
  0,
  30500,
  -1,
  1.5,
  true,
  [],
  [1],
  [null],
  ['10.9.0.0/24'],
  [{ port: 80 }],
  [{ name: 'a', port: 81, targetPort: 'http', nodePort: 30501 }],
  [{ ip: '192.168.1.77' }],
  [{ type: 'InternalIP', address: '10.128.9.9' }],
  [{ type: 'Ready', status: 'False' }],
  [{ addresses: ['192.168.7.7'], hints: { forZones: [{ name: 'a' }] } }],
  [{ key: 'a', effect: 'NoSchedule' }],
  {},
  { ingress: [{ ip: '203.0.113.5' }] },
  { clientIP: { timeoutSeconds: 60 } },
] as const;

function nested(path: string, value: unknown): Record<string, unknown> {
  const [first = '', ...rest] = path.split('.');
  return { [first]: rest.length === 0 ? value : nested(rest.join('.'), value) };
}

t.test('whatever the patch: a cluster with rules, or a refusal that says where', async (t) => {
  const before = article();
  const [slice] = before.slicesOf(SVC);
  const objects = [
    ['Service', 'nginx-svc'],
    ['Service', 'nginx-svc'],
    ['Node', 'node-1'],
    ['Pod', POD],
    ['EndpointSlice', slice?.metadata.name ?? ''],
    ['Deployment', 'nginx-deployment'],
  ] as const;
  const body = fc
    .tuple(fc.constantFrom(...PLACES), fc.constantFrom(...VALUES))
    .map(([path, value]) => nested(path, value));
  const change = fc.tuple(fc.constantFrom(...objects), body).map(([[kind, name], one]) => patch(kind, name, one));
  const tally = { made: 0, refused: 0 };
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
      const found = refusal(() => {
        const { cluster: after, settings } = changed(before, ...changes);
        rulesOf(after, settings);
      });
      if (found.code === 'none') tally.made++;
      else tally.refused++;
      return found.code === 'none' || /^\/changes\/[0-2]\/patch/.test(found.pointer);
    }),
    { numRuns: runs(200) },
  );
  t.ok(tally.made > 20 && tally.refused > 20, JSON.stringify(tally));
});

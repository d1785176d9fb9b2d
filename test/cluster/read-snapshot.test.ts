import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { readSnapshot, type Snapshot, type SnapshotInput } from '../../src/cluster/read-snapshot.js';

const fixture = (name: string) => readFileSync(`test/cluster/fixtures/${name}`);
const bytes = (text: string) => ({ bytes: Buffer.from(text) });
const json = (value: unknown) => bytes(JSON.stringify(value));
const list = (...items: unknown[]) => ({ apiVersion: 'v1', kind: 'List', items });
const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } };
const service = (name: string, spec: object = {}, namespace = 'default') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }], ...spec },
});
const slice = (fields: object) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'web-1', namespace: 'shop' },
  addressType: 'IPv4',
  endpoints: [],
  ports: [],
  ...fields,
});

/** What identifies the content of a snapshot's cluster, whatever way it came in. */
function content({ cluster }: Snapshot) {
  return [cluster.nodes, cluster.pods, cluster.services, cluster.endpointSlices, cluster.workloads].map((map) => [
    ...map.keys(),
  ]);
}

function errorOf(input: SnapshotInput): QuestionError {
  try {
    readSnapshot(input);
  } catch (error) {
    if (error instanceof QuestionError) return error;
    throw error;
  }
  throw new Error('read without an error');
}

t.test('the snapshots of the recordings read without a complaint', async (t) => {
  const archive = JSON.parse(gunzipSync(readFileSync('test/golden/iptables.json.gz')).toString()) as {
    cases: { case: { name: string }; snapshot: unknown }[];
  };
  t.ok(archive.cases.length > 50);
  for (const { case: recorded, snapshot } of archive.cases) {
    const read = readSnapshot({ inline: snapshot });
    t.ok(read.cluster.nodes.size > 0 && read.cluster.services.size > 0, recorded.name);
  }
  for (const [name, counts] of [
    ['everything', { Node: 3, Pod: 4, Service: 2, EndpointSlice: 2, Deployment: 1, ReplicaSet: 1 }],
    ['dual-stack', { Node: 3, Pod: 3, Service: 2, EndpointSlice: 3, Deployment: 1, ReplicaSet: 1 }],
  ] as const) {
    const raw = gunzipSync(fixture(`${name}.json.gz`));
    const read = readSnapshot({ bytes: raw });
    t.same(read.counts, counts, name);
    t.same(Object.keys(read.counts), Object.keys(counts), 'in a fixed order');
    t.equal(read.digest, `sha256:${createHash('sha256').update(raw).digest('hex')}`);
    t.same(read.assumptions, []);
    t.ok((read.newestTimestamp ?? 0) > Date.parse('2024-03-04T00:00:00Z'));
  }
});

t.test('one cluster, whatever way it is sent', async (t) => {
  const raw = gunzipSync(fixture('everything.json.gz'));
  const value = JSON.parse(raw.toString()) as { items: { kind: string; apiVersion: string }[] };
  const expected = content(readSnapshot({ bytes: raw }));
  const ofKind = (kind: string) => value.items.filter((item) => item.kind === kind);
  const kinds = [...new Set(value.items.map(({ kind }) => kind))];
  const typed = kinds.map((kind) => ({
    kind: `${kind}List`,
    apiVersion: ofKind(kind)[0]?.apiVersion,
    // What an API server answers: items of typed lists say neither kind nor version.
    items: ofKind(kind).map(({ kind: _kind, apiVersion: _version, ...rest }) => rest),
  }));
  const lists = kinds.map((kind) => list(...ofKind(kind)));
  const utf16 = Buffer.from(`\ufeff${raw.toString()}`, 'utf16le');
  const ways: Record<string, SnapshotInput> = {
    'typed lists in an array': json(typed),
    'several lists in an array': json(lists),
    'nested lists': json(list(...lists)),
    'objects in an array': json(value.items),
    'JSON after JSON': bytes(lists.map((one) => JSON.stringify(one, null, 2)).join('\n')),
    'objects after objects without a space': bytes(value.items.map((one) => JSON.stringify(one)).join('')),
    'several files': { files: lists.map(json) },
    'a file of YAML and files of JSON': {
      files: [bytes(`---\n# YAML holds JSON\n${JSON.stringify(lists[0])}`), ...lists.slice(1).map(json)],
    },
    'YAML documents': bytes(value.items.map((item) => `---\n${JSON.stringify(item)}`).join('\n')),
    inline: { inline: value },
    parts: { parts: lists },
    'the same twice': { files: [{ bytes: raw }, { bytes: raw }] },
    'a byte order mark': { bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), raw]) },
    'UTF-16, as PowerShell writes it': { bytes: utf16 },
    'UTF-16, big-endian': { bytes: Buffer.from(utf16).swap16() },
    'spaces around': bytes(`\n\n  ${raw.toString()}\n\n`),
  };
  for (const [name, input] of Object.entries(ways)) t.same(content(readSnapshot(input)), expected, name);
  t.equal(
    readSnapshot({ inline: value }).digest,
    `sha256:${createHash('sha256').update(JSON.stringify(value)).digest('hex')}`,
  );
  t.same(readSnapshot({ parts: typed }).cluster.pods.values().next().value?.kind, 'Pod', 'typed items get their kind');
  const before = JSON.stringify(value);
  Object.freeze(value.items);
  for (const item of value.items) Object.freeze(item);
  readSnapshot({ inline: value });
  t.equal(JSON.stringify(value), before, 'nothing is modified');
});

t.test('YAML by hand', async (t) => {
  const read = readSnapshot({ bytes: fixture('shop.yaml') });
  t.same(read.counts, { Node: 2, Service: 1, Deployment: 1 });
  t.equal(read.cluster.nodes.get('node-2')?.metadata.labels?.['kubernetes.io/os'], 'linux', 'merge keys');
  t.equal(read.cluster.nodes.get('node-2')?.metadata.labels?.['topology.kubernetes.io/zone'], 'zone-b');
  const spec = read.cluster.workloads.get('Deployment/shop/web')?.spec?.template?.spec;
  t.equal(spec?.containers?.[0]?.resources?.requests?.cpu, '2', 'quantities are strings');
  t.notOk(Object.hasOwn(spec ?? {}, 'nodeSelector'), 'null is absent');
  t.equal(read.newestTimestamp, undefined);
  t.same(read.assumptions, [
    { field: 'snapshot.ignored', value: { Secret: 1 }, why: 'Objects of these kinds are not used.' },
  ]);
});

t.test('EndpointSlices of v1beta1 become v1', async (t) => {
  const { cluster } = readSnapshot({ files: [json(list(node)), { bytes: fixture('v1beta1-slices.json') }] });
  const [first, empty] = cluster.slicesOf('shop/web');
  t.match(first?.endpoints[0], { nodeName: 'node-1', zone: 'zone-a', deprecatedTopology: { rack: '7' } });
  t.notOk(Object.hasOwn(first?.endpoints[0] ?? {}, 'topology'));
  t.equal(first?.endpoints[1]?.nodeName, 'node-2', 'the field wins over the topology');
  t.equal(first?.endpoints[1]?.zone, undefined);
  t.same(first?.endpoints[2], { addresses: ['10.244.2.6'] });
  t.same([empty?.endpoints, empty?.ports], [[], []], 'null lists are empty ones');
});

t.test('what is not used is counted and not kept', async (t) => {
  const items = [
    node,
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { key: 'aHVudGVyMg==' } },
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 't' } },
    { apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'k' }, spec: { ports: 'other' } },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'kube-proxy', namespace: 'default' }, data: 5 },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'kube-proxy', namespace: 'kube-system' },
      data: { a: 'b' },
    },
    { apiVersion: 'extensions/v1beta1', kind: 'Deployment', metadata: { name: 'old' } },
    { apiVersion: 'x.example/v1', kind: 'AllowList', metadata: { name: 'no list' }, spec: {} },
    { kind: 'EventList', apiVersion: 'v1', items: [{ metadata: {} }, { metadata: {} }] },
    { kind: 'PodList', apiVersion: 'v1', items: null },
  ];
  const read = readSnapshot({ inline: list(...items) });
  t.same(read.counts, { Node: 1, Deployment: 1, ConfigMap: 1 });
  t.same(read.assumptions[0]?.value, { AllowList: 1, ConfigMap: 1, Event: 2, Secret: 2, Service: 1 });
  t.notOk(JSON.stringify([...read.cluster.configMaps.values()]).includes('aHVudGVyMg'));
  const many = Array.from({ length: 100 }, (_, i) => ({ kind: `Kind${i}` }));
  const crowded = readSnapshot({ inline: list(node, ...many) });
  t.equal(Object.keys(crowded.assumptions[0]?.value as object).length, 30);
  t.match(crowded.assumptions[0]?.why, /70 further kinds/);
});

t.test('what kube-proxy puts up with is noted', async (t) => {
  const web = service('web', { loadBalancerSourceRanges: [' 10.0.0.0/8 ', '10.0.0.0/33', '10.0.0.1', 'x'] });
  const read = readSnapshot({
    inline: list(node, web, service('other'), service('udp', { ports: [{ port: 80, protocol: 'UDP' }] })),
  });
  t.match(read.assumptions, [
    { field: 'snapshot.services.default/web.loadBalancerSourceRanges', value: ['10.0.0.0/33', '10.0.0.1', 'x'] },
    { field: 'snapshot.services.default/other', value: '10.96.0.1:80/TCP', why: /default\/web \(port 80\)/ },
  ]);
  t.equal(read.assumptions.length, 2);
});

t.test('Services with one cluster IP, protocol and port: each is noted, with the first of them', async (t) => {
  const ports = (port: number, protocol = 'TCP') => ({ ports: [{ port, protocol }] });
  const services = [
    service('a', ports(80)),
    service('b', ports(81)),
    service('c', ports(81)),
    service('d', ports(81, 'UDP')),
    service('e', ports(81)),
    service('f', ports(80)),
    service('g', ports(81, 'UDP')),
  ];
  const { assumptions } = readSnapshot({ inline: list(node, ...services) });
  t.match(assumptions, [
    { field: 'snapshot.services.default/c', value: '10.96.0.1:81/TCP', why: /default\/b \(port 81\)/ },
    { field: 'snapshot.services.default/e', value: '10.96.0.1:81/TCP', why: /default\/b \(port 81\)/ },
    { field: 'snapshot.services.default/f', value: '10.96.0.1:80/TCP', why: /default\/a \(port 80\)/ },
    { field: 'snapshot.services.default/g', value: '10.96.0.1:81/UDP', why: /default\/d \(port 81\)/ },
  ]);
  t.equal(assumptions.length, 4);
});

t.test('nulls and extras that kubectl prints are accepted', async (t) => {
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'p',
      creationTimestamp: null,
      managedFields: [{ fieldsV1: { 'f:x': {} } }],
      labels: { constructor: 'x', prototype: 'y' },
    },
    spec: { containers: [{ name: 'c', ports: null, resources: {} }], initContainers: null, unknown: { a: [null] } },
    status: {
      conditions: [{ type: 'Ready', status: 'True', lastProbeTime: null, lastTransitionTime: null }],
      podIPs: null,
    },
  };
  const big = { ...node, status: { images: [{ names: null, sizeBytes: 5 }], addresses: null } };
  const read = readSnapshot({
    inline: list(
      pod,
      big,
      slice({ endpoints: null, ports: null }),
      slice({ metadata: { name: 'f' }, addressType: 'FQDN', endpoints: [{ addresses: ['example.com'] }] }),
    ),
  });
  t.same(read.counts, { Node: 1, Pod: 1, EndpointSlice: 2 });
  t.equal(read.cluster.pods.get('default/p')?.metadata.labels?.constructor, 'x');
  const bundle = {
    ...service('a', {
      ports: [
        { port: 1, nodePort: 30000 },
        { name: 'u', port: 1, protocol: 'UDP', nodePort: 30000 },
      ],
    }),
  };
  t.equal(readSnapshot({ inline: bundle }).cluster.services.size, 1, 'one node port for TCP and UDP; a single object');
});

t.test('the newest timestamp', async (t) => {
  const at = (creationTimestamp: string, extra: object = {}) => ({
    ...node,
    metadata: { name: creationTimestamp.toLowerCase().replaceAll(/[^a-z0-9]/g, '-'), creationTimestamp },
    ...extra,
  });
  for (const [items, expected] of [
    [[at('2024-01-01T00:00:00Z'), at('2024-01-02T00:00:00Z')], '2024-01-02T00:00:00Z'],
    [[at('2024-01-01T00:00:00Z'), at('2024-01-01T01:00:00+02:00')], '2024-01-01T00:00:00Z'],
    [[at('2024-01-01T00:00:00.5Z'), at('2024-01-01T00:00:00Z')], '2024-01-01T00:00:00.500Z'],
    [
      [
        at('2024-01-01T00:00:00Z', {
          status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: '2024-05-01T00:00:00Z' }] },
        }),
      ],
      '2024-05-01T00:00:00Z',
    ],
    [
      [{ ...at('2024-01-01T00:00:00Z'), kind: 'Pod', status: { startTime: '2024-02-01T00:00:00Z' } }],
      '2024-02-01T00:00:00Z',
    ],
    [
      [
        {
          ...node,
          kind: 'Pod',
          metadata: { name: 'p', creationTimestamp: '2024-01-01T00:00:00Z', deletionTimestamp: '2030-01-01T00:00:00Z' },
        },
      ],
      '2024-01-01T00:00:00Z',
    ],
  ] as const) {
    t.equal(readSnapshot({ inline: list(...items) }).newestTimestamp, Date.parse(expected), expected);
  }
});

t.test('broken objects are refused with their place', async (t) => {
  const cases: readonly (readonly [unknown, string, RegExp])[] = [
    [
      list(node, service('a', { ports: [{ port: 70000 }] })),
      '/items/1/spec/ports/0/port',
      /port is 70000; it must be a port, an integer from 1 to 65535/,
    ],
    [list(service('a', { ports: [{ port: '80' }] })), '/items/0/spec/ports/0/port', /port is "80"; it must be a port/],
    [list(service('a', { ports: [{}] })), '/items/0/spec/ports/0', /ports\[0\] has no "port", which is required/],
    [list(service('a', { ports: [{ port: 1, nodePort: -1 }] })), '/items/0/spec/ports/0/nodePort', /0 or absent: none/],
    [
      list(service('a', { ports: [{ port: 1, protocol: 'tcp' }] })),
      '/items/0/spec/ports/0/protocol',
      /one of "TCP", "UDP", "SCTP"/,
    ],
    [list(service('a', { ports: { port: 1 } })), '/items/0/spec/ports', /ports is an object; it must be an array/],
    [
      list(service('a', { clusterIP: '10.96.0.256' })),
      '/items/0/spec/clusterIP',
      /"10\.96\.0\.256"; it must be an IP address, "None" or empty/,
    ],
    [list(service('a', { clusterIPs: ['None', 'x'] })), '/items/0/spec/clusterIPs/1', /"x"/],
    [list(service('a', { externalIPs: ['fe80::1%eth0'] })), '/items/0/spec/externalIPs/0', /IPv4 or IPv6 address/],
    [
      list(service('a', { type: 'Nodeport' })),
      '/items/0/spec/type',
      /"ClusterIP", "NodePort", "LoadBalancer", "ExternalName"/,
    ],
    [
      list(service('a', { externalTrafficPolicy: 'local' })),
      '/items/0/spec/externalTrafficPolicy',
      /one of "Cluster", "Local"\./,
    ],
    [
      list({ ...service('a'), status: { loadBalancer: { ingress: [{ ip: 'lb' }] } } }),
      '/items/0/status/loadBalancer/ingress/0/ip',
      /"lb"/,
    ],
    [list({ ...node, spec: { podCIDRs: ['10.0.0.0'] } }), '/items/0/spec/podCIDRs/0', /a CIDR such as/],
    [
      list({
        ...node,
        status: {
          addresses: [
            { type: 'Hostname', address: 'x' },
            { type: 'InternalIP', address: 'x' },
          ],
        },
      }),
      '/items/0/status/addresses/1/address',
      /an InternalIP must be/,
    ],
    [list({ ...node, metadata: {} }), '/items/0/metadata', /metadata has no "name"/],
    [list({ ...node, metadata: undefined }), '/items/0', /The object has no "metadata"/],
    [list({ ...node, metadata: { name: '' } }), '/items/0/metadata/name', /must be a name of lower-case letters/],
    // Names and port names are in the comments of rules: nothing in them may end the comment or the line.
    [list(service('a"\n-A X')), '/items/0/metadata/name', /must be a name of lower-case letters/],
    [list(service('a', {}, 'x y')), '/items/0/metadata/namespace', /at most 63/],
    [
      list(service('a', { ports: [{ name: 'x"\nCOMMIT', port: 80 }] })),
      '/items/0/spec/ports/0/name',
      /must be the name of a port/,
    ],
    [list(slice({ ports: [{ name: 'A B', port: 80 }] })), '/items/0/ports/0/name', /must be the name of a port/],
    [
      list({
        kind: 'Endpoints',
        metadata: { name: 'e' },
        subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ name: "'", port: 80 }] }],
      }),
      '/items/0/subsets/0/ports/0/name',
      /must be the name of a port/,
    ],
    [
      list(service('a', { ports: [{ port: 80, targetPort: 99999 }] })),
      '/items/0/spec/ports/0/targetPort',
      /99999; it must be a port number up to 65535/,
    ],
    [
      list(
        service('a', {
          ports: [
            { name: 'x', port: 80 },
            { name: 'x', port: 81 },
          ],
        }),
      ),
      '/items/0/spec/ports/1/name',
      /two ports named "x"/,
    ],
    [list(service('a', { ports: [{ port: 80 }, { port: 81 }] })), '/items/0/spec/ports/1', /each needs one/],
    [list(service('a', { clusterIPs: ['10.96.0.2'] })), '/items/0/spec/clusterIPs/0', /they must be the same/],
    [list(service('a', { ipFamilies: ['IPv6'] })), '/items/0/spec/ipFamilies/0', /10\.96\.0\.1 is of IPv4/],
    [
      list({ ...node, metadata: { name: 'n', labels: { 'a/b': 1.3 } } }),
      '/items/0/metadata/labels/a~1b',
      /a\/b is 1\.3; it must be a string \(put it in quotes\)/,
    ],
    [
      list({ ...node, metadata: { name: 'n', creationTimestamp: 'yesterday' } }),
      '/items/0/metadata/creationTimestamp',
      /RFC 3339/,
    ],
    [
      list({ kind: 'Pod', metadata: { name: 'p' }, status: { podIPs: [{ ip: '1.2.3' }] } }),
      '/items/0/status/podIPs/0/ip',
      /"1\.2\.3"/,
    ],
    [
      list(slice({ endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: [] }] })),
      '/items/0/endpoints/1/addresses',
      /addresses is an empty array; it must be an array of at least one address/,
    ],
    [
      list(slice({ endpoints: [{ addresses: ['10.0.0.1', 'fd00::1'] }] })),
      '/items/0/endpoints/0/addresses/1',
      /of IPv6; the slice's addressType is IPv4/,
    ],
    [
      list(slice({ addressType: 'IPv6', endpoints: [{ addresses: ['web-1'] }] })),
      '/items/0/endpoints/0/addresses/0',
      /no IP address/,
    ],
    [list(slice({ addressType: undefined })), '/items/0', /no "addressType"/],
    [list(slice({ ports: [{ port: 0 }] })), '/items/0/ports/0/port', /from 1 to 65535/],
    [
      list({ kind: 'Endpoints', metadata: { name: 'e' }, subsets: [{ addresses: [{ ip: 'x' }] }] }),
      '/items/0/subsets/0/addresses/0/ip',
      /"x"/,
    ],
    [
      list({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { replicas: -1 } }),
      '/items/0/spec/replicas',
      /from 0 to 2147483647/,
    ],
    [
      list(
        service('a', { ports: [{ port: 1, nodePort: 30080 }] }),
        service('b', { ports: [{ port: 2 }, { name: 'n', port: 3, nodePort: 30080 }] }),
      ),
      '/items/1/spec/ports/1/nodePort',
      /30080\/TCP is claimed by default\/a \(port 1\) at \/items\/0 and by default\/b:n \(port 3\)/,
    ],
    [
      list(
        service('a', {
          ports: [
            { port: 1, nodePort: 30080 },
            { name: 'x', port: 2, nodePort: 30080 },
          ],
        }),
      ),
      '/items/0/spec/ports/1/nodePort',
      /one Service port/,
    ],
    [
      list(service('a'), list(service('a', { clusterIP: '10.96.0.2' }))),
      '/items/1/items/0',
      /Service\/default\/a is here and, with other content, at \/items\/0; keep one/,
    ],
    [[list(node), list(node, 'x')], '/1/items/1', /Here is "x"; it must be a Kubernetes object/],
    [list(null), '/items/0', /Here is null/],
    [list({ metadata: { name: 'x' } }), '/items/0', /has no "kind"/],
    [list({ kind: 5 }), '/items/0', /kind is 5/],
    [{ kind: 'List' }, '', /The list has no "items"/],
    [{ kind: 'PodList', items: {} }, '/items', /items is an object/],
    [{ foo: 1 }, '', /has no "kind"/],
    ['text', '', /Here is "text"/],
    [5, '', /Here is 5/],
    [
      list(),
      '',
      /holds no Node, Pod, Service or other object that is used: it is empty\. Make it with: kubectl get nodes,namespaces,pods,services,endpointslices/,
    ],
    [list({ kind: 'Secret' }), '', /holds only Secret/],
    [{ kind: 'Status', message: 'forbidden' }, '', /API server's message is "forbidden"/],
  ];
  for (const [value, pointer, detail] of cases) {
    const error = errorOf({ inline: value });
    const label = `${detail.source.slice(0, 50)} at ${pointer}`;
    t.equal(error.code, 'INVALID_SNAPSHOT', label);
    t.same(
      error.problems.map((problem) => problem.pointer),
      [pointer],
      label,
    );
    t.match(error.problems[0]?.detail, detail);
    t.equal(error.problems[0]?.in, 'snapshot');
    t.same(errorOf(json(value)).problems, error.problems, 'the same from bytes');
  }
});

t.test('pointers of parts and files', async (t) => {
  const bad = list(node, service('a', { clusterIP: 'x' }));
  t.equal(errorOf({ parts: [list(node), bad] }).problems[0]?.pointer, '/parts/1/items/1/spec/clusterIP');
  t.equal(errorOf({ parts: [bad] }).problems[0]?.pointer, '/parts/0/items/1/spec/clusterIP');
  const inFile = errorOf({
    files: [
      { ...json(list(node)), name: 'nodes.json' },
      { ...json(bad), name: 'services.json' },
    ],
  });
  t.match(inFile.problems, [
    { pointer: '/parts/1/items/1/spec/clusterIP', detail: /^services\.json: clusterIP is "x"/ },
  ]);
  t.equal(errorOf({ files: [json(bad)] }).problems[0]?.pointer, '/items/1/spec/clusterIP', 'one file is the snapshot');
  const second = errorOf(bytes(`${JSON.stringify(list(node))}\n${JSON.stringify(bad)}`));
  t.equal(second.problems[0]?.pointer, '/1/items/1/spec/clusterIP', 'documents of a file are counted');
  const both = errorOf({
    files: [
      { ...json(service('a')), name: 'a.json' },
      { ...json(service('a', { clusterIP: '10.0.0.1' })), name: 'b.json' },
    ],
  });
  t.match(both.problems, [{ pointer: '/parts/1', detail: /^b\.json: .* at \/parts\/0 of a\.json; keep one/ }]);
  const broken = errorOf({ files: [json(node), { ...bytes('{"kind":'), name: 'cut.json' }] });
  t.match(broken, { code: 'MALFORMED', problems: [{ pointer: '/parts/1', detail: /^cut\.json: .*cut off/ }] });
});

t.test('many problems are counted, the first fifty are reported', async (t) => {
  const error = errorOf({
    inline: list(...Array.from({ length: 70 }, (_, i) => service(`s${i}`, { clusterIP: 'x' }))),
  });
  t.equal(error.problems.length, 50);
  t.match(error.message, /70 problems; the first 50/);
  t.match(errorOf({ inline: list({ kind: 5 }, { kind: 6 }) }).message, /has 2 problems\.$/);
});

t.test('text that cannot be read', async (t) => {
  const deep = (open: string, close: string, n: number) => open.repeat(n) + close.repeat(n);
  const bomb = [
    'a: &a [x,x,x,x,x,x,x,x,x,x]',
    ...'bcdefghi'.split('').map((c, i) => `${c}: &${c} [${Array(10).fill(`*${'abcdefghi'[i]}`).join(',')}]`),
  ].join('\n');
  const cases: readonly (readonly [string, SnapshotInput, string, RegExp])[] = [
    ['nothing', bytes(''), 'MALFORMED', /is empty/],
    ['spaces', bytes(' \n\t'), 'MALFORMED', /is empty/],
    [
      'cut JSON',
      bytes('{"kind": "List",\n "items": [{"kind": "Po'),
      'MALFORMED',
      /Line 2, column 24 \(offset 40\): expected the closing double quote of a string, found the end of the text\. The snapshot seems to be cut off/,
    ],
    [
      'a comma too many',
      bytes('{"kind": "List", "items": [1,,2]}'),
      'MALFORMED',
      /Line 1, column 30 .*expected a value, found ","/,
    ],
    [
      'the second document cut',
      bytes('{"kind":"List","items":[]}\n{"kind"'),
      'MALFORMED',
      /Line 2, column 8 .*expected ":"/,
    ],
    ['rubbish after JSON', bytes('{"kind":"List","items":[]}\nerror: timeout'), 'MALFORMED', /Line 2, column 1 /],
    ['YAML', bytes('kind: List\nitems:\n  - a: [1, 2\n'), 'MALFORMED', /not valid YAML\. Line \d+, column \d+: /],
    [
      'an error of kubectl',
      bytes('error: You must be logged in to the server (Unauthorized)'),
      'MALFORMED',
      /this is an error message of kubectl/,
    ],
    ['binary', { bytes: Uint8Array.of(0x80, 0xff, 0x00) }, 'MALFORMED', /not UTF-8/],
    ['gzip', { bytes: Uint8Array.of(0x1f, 0x8b, 8, 0) }, 'MALFORMED', /gzip/],
    ['deep JSON', bytes(deep('[', ']', 10_000)), 'MALFORMED', /more than 200 levels/],
    [
      'deep objects in a field that is not read',
      bytes(`{"kind":"Node","metadata":{"name":"n"},"x":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`),
      'MALFORMED',
      /more than 200 levels/,
    ],
    ['deep parsed JSON', { inline: JSON.parse(deep('[', ']', 10_000)) }, 'MALFORMED', /more than 200 levels/],
    ['deep YAML', bytes(`a: ${deep('[', ']', 10_000)}`), 'MALFORMED', /nested too deeply|more than 200 levels/],
    ['an alias bomb', bytes(bomb), 'TOO_LARGE', /aliases stand for more than 1000000 values/],
    ['an alias of itself', bytes('a: &a [*a]'), 'MALFORMED', /aliases|not valid YAML|more than 200 levels/],
    ['an unknown alias', bytes('a: *b'), 'MALFORMED', /not valid YAML|aliases/],
    [
      '__proto__',
      bytes('{"kind":"List","items":[{"kind":"Secret","data":{"__proto__":{"a":1}}}]}'),
      'INVALID_SNAPSHOT',
      /__proto__/,
    ],
    [
      '__proto__ with escapes',
      bytes('{"kind":"Node","metadata":{"name":"n","labels":{"\\u005f_proto__":"x"}}}'),
      'INVALID_SNAPSHOT',
      /__proto__/,
    ],
    [
      '__proto__ in YAML',
      bytes('kind: Node\nmetadata:\n  name: n\n  labels:\n    "__proto__": x\n'),
      'INVALID_SNAPSHOT',
      /__proto__/,
    ],
    // Never touched: memory that large is only promised.
    [
      'larger than a string can be',
      { bytes: new Uint8Array(0x1fffffe9) },
      'TOO_LARGE',
      /536870889 bytes; at most 536870888 \(512 MiB\)/,
    ],
    [
      'much YAML',
      { bytes: Buffer.concat([Buffer.from('a: '), Buffer.alloc(33 << 20, 'x')]) },
      'TOO_LARGE',
      /Send JSON/,
    ],
  ];
  for (const [name, input, code, detail] of cases) {
    const error = errorOf(input);
    t.equal(error.code, code, name);
    t.match(error.problems[0]?.detail, detail, name);
  }
  t.equal(errorOf(bytes('{"a":[{"__proto__":1}]}')).problems[0]?.pointer, '/a/0/__proto__');
  t.equal(({} as { a?: number }).a, undefined);
});

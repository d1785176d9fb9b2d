/** What moves the packets of Services: agents in the place of kube-proxy, beside it, and before it. */
import t from 'tap';
import { dataplaneOf } from '../../src/cluster/dataplane.js';
import type { PathResult } from '../../src/contract/answers.js';
import type { PathQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { agent, config, pod, type SmallOptions, small } from '../support/small-cluster.js';

const PROXY = agent('kube-system', 'kube-proxy-abcde', { 'k8s-app': 'kube-proxy' });
const DNS = agent('kube-system', 'coredns-abc');
const felix = (bpfEnabled: boolean) => ({
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'FelixConfiguration',
  metadata: { name: 'default' },
  spec: { bpfEnabled },
});
const calico = agent('calico-system', 'calico-node-abcde', { 'k8s-app': 'calico-node' });
const cilium = (value?: string) => [
  agent('cilium', 'cilium-abcde', { 'k8s-app': 'cilium' }),
  ...(value === undefined ? [] : [config('cilium', 'cilium-config', { 'kube-proxy-replacement': value })]),
];
const flags = (program: string, ...args: string[]) => [{ name: program, command: [program], args }];
const router = (value: string) =>
  agent('kube-system', 'kube-router-abcde', { 'k8s-app': 'kube-router' }, [
    { name: 'kube-router', args: [`--run-service-proxy=${value}`] },
  ]);
const antrea = (proxy: string) => [
  agent('kube-system', 'antrea-agent-abcde', { app: 'antrea', component: 'antrea-agent' }),
  config('kube-system', 'antrea-config', { 'antrea-agent.conf': proxy }),
];
const ovn = agent('openshift-ovn-kubernetes', 'ovnkube-node-abcde', { app: 'ovnkube-node' });

/** ALL: nothing of kube-proxy's is left; BESIDE: what pods send; an assumption, or nothing at all. */
const CASES: readonly (readonly [string, SmallOptions, 'ALL' | 'BESIDE' | 'ASSUMED' | 'NONE', RegExp?])[] = [
  ['kube-proxy', { more: [PROXY] }, 'NONE'],
  ['no pods of the system', {}, 'NONE'],
  ['nothing explains it', { more: [DNS] }, 'ASSUMED', /no kube-proxy/],
  ['OVN-Kubernetes', { more: [ovn] }, 'ALL', /^OVN-Kubernetes/],
  [
    'OVN-Kubernetes by its operator’s object',
    {
      more: [
        {
          apiVersion: 'operator.openshift.io/v1',
          kind: 'Network',
          metadata: { name: 'cluster' },
          spec: { defaultNetwork: { type: 'OVNKubernetes' } },
        },
      ],
    },
    'ALL',
    /defaultNetwork/,
  ],
  ['OpenShift SDN', { more: [agent('openshift-sdn', 'sdn-abcde', { app: 'sdn' })] }, 'NONE'],
  [
    'kube-proxy of OpenShift’s operator',
    { more: [agent('openshift-kube-proxy', 'openshift-kube-proxy-abcde', { app: 'kube-proxy' })] },
    'NONE',
  ],
  ['Cilium elsewhere, no kube-proxy', { more: cilium() }, 'ALL', /^Cilium runs in cilium and no kube-proxy does/],
  ['Cilium, true, beside kube-proxy', { more: [...cilium('true'), PROXY] }, 'ALL', /is set up/],
  ['Cilium, strict', { more: cilium('strict') }, 'ALL'],
  ['Cilium, false, beside kube-proxy', { more: [...cilium('false'), PROXY] }, 'BESIDE', /cluster IPs/],
  ['Cilium, partial, beside kube-proxy', { more: [...cilium('partial'), PROXY] }, 'BESIDE'],
  [
    'Cilium by a flag',
    {
      more: [
        PROXY,
        agent('x', 'cilium-abcde', { 'k8s-app': 'cilium' }, flags('cilium-agent', '--kube-proxy-replacement=true')),
      ],
    },
    'ALL',
  ],
  ['Calico, eBPF', { more: [calico, felix(true), PROXY] }, 'ALL', /bpfEnabled/],
  ['Calico, no eBPF', { more: [calico, felix(false), PROXY] }, 'NONE'],
  [
    'Calico, eBPF by its environment',
    {
      more: [
        agent('kube-system', 'calico-node-abcde', { 'k8s-app': 'calico-node' }, [
          { name: 'calico-node', env: [{ name: 'FELIX_BPFENABLED', value: 'true' }] },
        ]),
      ],
    },
    'ALL',
  ],
  ['kube-router, its service proxy', { more: [router('true')] }, 'ALL'],
  ['kube-router for the network alone', { more: [router('false'), PROXY] }, 'NONE'],
  ['kube-ovn', { more: [agent('kube-system', 'kube-ovn-cni-abcde', { app: 'kube-ovn-cni' }), PROXY] }, 'BESIDE'],
  ['Antrea, proxyAll', { more: antrea('antreaProxy:\n  proxyAll: true\n') }, 'ALL'],
  ['Antrea, its proxy', { more: [...antrea('antreaProxy:\n  enable: true\n'), PROXY] }, 'BESIDE'],
  ['Antrea, its proxy off', { more: [...antrea('antreaProxy:\n  enable: false\n'), PROXY] }, 'NONE'],
  ['Azure CNI powered by Cilium', { node: { labels: { 'kubernetes.azure.com/ebpf-dataplane': 'cilium' } } }, 'ALL'],
  ['k3s', { version: '1.30.5+k3s1', more: [DNS] }, 'NONE'],
  ['MicroK8s', { node: { labels: { 'microk8s.io/cluster': 'true' } }, more: [DNS] }, 'NONE'],
  ['RKE2, a static pod', { more: [agent('kube-system', 'kube-proxy-n1', { component: 'kube-proxy' })] }, 'NONE'],
];

t.test('the table of agents', async (t) => {
  for (const [name, options, expected, why] of CASES) {
    const { replaced, beside, assumption } = dataplaneOf(small(options).cluster);
    const found = replaced !== undefined ? 'ALL' : beside.length > 0 ? 'BESIDE' : assumption ? 'ASSUMED' : 'NONE';
    t.equal(found, expected, name);
    if (why !== undefined) t.match(replaced?.why ?? beside[0]?.why ?? assumption?.why ?? '', why, name);
  }
});

t.test('where kube-proxy does not run, no answer reports its rules', async (t) => {
  for (const more of [[ovn], cilium('true'), [calico, felix(true)]]) {
    const snapshot = small({ mode: 'iptables', more });
    const answers = [
      ask('probability', { probability: {} }, snapshot),
      ask('path', { path: { source: { pod: 'default/client' }, destination: { service: WEB } } }, snapshot),
      ask(
        'check',
        { check: {}, changes: [{ scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 0 } }] },
        snapshot,
      ),
    ];
    for (const answer of answers) t.notMatch(JSON.stringify(answer), /KUBE-|kube-proxy['’]s|settings\.kubeProxy/);
    t.throws(() => ask('chains', { chains: {} }, snapshot), { code: 'UNSUPPORTED' });
  }
});

const WEB = { namespace: 'default', name: 'web' };
const CLIENT: PathQuestion['source'] = { pod: 'default/client' };

function verdicts(options: SmallOptions, source: PathQuestion['source'], destination: unknown): readonly string[] {
  const path = { source, destination } as PathQuestion;
  const { result } = ask('path', { path }, small({ mode: 'iptables', ...options })) as { readonly result: PathResult };
  return [
    ...new Set(result.traces.map(({ verdict, cause }) => (cause === undefined ? verdict : `${verdict} ${cause}`))),
  ];
}

const UNKNOWN = ['UNKNOWN UNSUPPORTED_DATAPLANE'];
const DELIVERED = ['DELIVERED'];
const sidecar = (metadata = {}) => ({ metadata, spec: { containers: [{ name: 'c' }, { name: 'istio-proxy' }] } });
const namespace = (labels: Readonly<Record<string, string>>) => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name: 'default', labels },
});
const cache = agent('kube-system', 'node-local-dns-abcde', { 'k8s-app': 'node-local-dns' }, [
  { name: 'node-cache', args: ['-localip', '169.254.20.10,10.96.0.53', '-conf', '/etc/Corefile'] },
]);
const dns = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'kube-system', name: 'kube-dns' },
  spec: {
    clusterIP: '10.96.0.53',
    clusterIPs: ['10.96.0.53'],
    ipFamilies: ['IPv4'],
    ports: [{ port: 53, protocol: 'TCP', targetPort: 8080 }],
  },
};
const dnsSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'kube-system', name: 'kube-dns-1', labels: { 'kubernetes.io/service-name': 'kube-dns' } },
  addressType: 'IPv4',
  ports: [{ name: '', port: 8080, protocol: 'TCP' }],
  endpoints: [{ addresses: ['10.1.2.5'], conditions: { ready: true }, nodeName: 'n2' }],
};
const hostPort = pod('default', 'taken', 'n1', {
  ip: '10.1.1.30',
  spec: { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 30080 }] }] },
});
const at = (node: string) => ({ service: { ...WEB, via: 'NODE_PORT', node } });

t.test('what takes a packet before kube-proxy’s rules', async (t) => {
  const ambient = [namespace({ 'istio.io/dataplane-mode': 'ambient' })];
  for (const [name, options, source, destination, expected] of [
    ['nothing', {}, CLIENT, { service: WEB }, DELIVERED],
    ['a sidecar', { client: sidecar() }, CLIENT, { service: WEB }, UNKNOWN],
    [
      'a native sidecar',
      { client: { spec: { initContainers: [{ name: 'linkerd-proxy', restartPolicy: 'Always' }] } } },
      CLIENT,
      { service: WEB },
      UNKNOWN,
    ],
    [
      'an init container',
      { client: { spec: { initContainers: [{ name: 'istio-proxy' }] } } },
      CLIENT,
      { service: WEB },
      DELIVERED,
    ],
    [
      'a port that the sidecar leaves out',
      { client: sidecar({ annotations: { 'traffic.sidecar.istio.io/excludeOutboundPorts': '80' } }) },
      CLIENT,
      { service: WEB },
      DELIVERED,
    ],
    ['UDP', { protocol: 'UDP', client: sidecar() }, CLIENT, { service: WEB }, DELIVERED],
    ['ambient', { more: ambient }, CLIENT, { service: WEB }, UNKNOWN],
    [
      'a pod out of the ambient mesh',
      { more: ambient, client: { metadata: { labels: { 'istio.io/dataplane-mode': 'none' } } } },
      CLIENT,
      { service: WEB },
      DELIVERED,
    ],
    ['the host is in no mesh', { more: ambient }, { node: 'n1' }, { service: WEB }, DELIVERED],
    ['Cilium beside', { more: [...cilium('false'), PROXY] }, CLIENT, { service: WEB }, UNKNOWN],
    ['Cilium beside, from a host', { more: [...cilium('false'), PROXY] }, { node: 'n1' }, { service: WEB }, DELIVERED],
    [
      'Cilium beside, from outside',
      { more: [...cilium('false'), PROXY] },
      { external: { entersAt: 'n1' } },
      at('n1'),
      DELIVERED,
    ],
    [
      'NodeLocal DNSCache',
      { more: [cache, dns, dnsSlice, PROXY] },
      CLIENT,
      { service: { namespace: 'kube-system', name: 'kube-dns' } },
      UNKNOWN,
    ],
    [
      'a node without the cache',
      { more: [cache, dns, dnsSlice, PROXY] },
      { node: 'n2' },
      { service: { namespace: 'kube-system', name: 'kube-dns' } },
      DELIVERED,
    ],
    ['a hostPort before a node port', { more: [hostPort] }, { external: { entersAt: 'n1' } }, at('n1'), UNKNOWN],
    ['a hostPort of another node', { more: [hostPort] }, { external: { entersAt: 'n2' } }, at('n2'), DELIVERED],
  ] as const) {
    t.same(verdicts(options as SmallOptions, source, destination), expected, name);
  }
  const shares = ask(
    'probability',
    { probability: { services: [WEB], clients: { pod: 'default/client' } } },
    small({ mode: 'iptables', client: sidecar() }),
  );
  t.equal(shares.result.services[0]?.unknown.fraction, '1');
  const some = ask('probability', { probability: { services: [WEB] } }, small({ mode: 'iptables', client: sidecar() }));
  t.match(some.assumptions.find(({ field }) => field === 'clients.mesh')?.why, /^1 of 3 pods are in a mesh/);
});

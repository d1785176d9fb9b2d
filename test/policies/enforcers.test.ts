/** Who enforces policies, by what the snapshot shows; and policies of kinds that are not evaluated. */
import t from 'tap';
import { enforcementOf } from '../../src/policies/enforcer.js';
import { ask } from '../../src/questions/ask.js';
import { prepare } from '../../src/questions/prepare.js';
import { adminPolicy, agents, type BankOptions, bankSnapshot, configMap, policy } from '../support/bank-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const LEDGER = { matchLabels: { role: 'ledger' } };
const CLOSED = policy('bank/guard', { podSelector: LEDGER, policyTypes: ['Ingress'] });
const PATH = { source: { pod: 'lab/bench-0' }, destination: { pod: 'bank/ledger-0', port: 9000 } };
const ALL = { namespaces: {} };
const ANP = adminPolicy('a', { priority: 1, subject: ALL, ingress: [{ action: 'Deny', from: [ALL] }] });
const CNP = adminPolicy(
  'a',
  { tier: 'Admin', priority: 1, subject: ALL, ingress: [{ action: 'Deny', from: [ALL] }] },
  'ClusterNetworkPolicy',
  'v1alpha2',
);

function asked(options: BankOptions) {
  const { result, findings, assumptions } = ask('path', { path: PATH } as never, bankSnapshot(options));
  const verdicts = [...new Set(result.traces.map(({ verdict }) => verdict))].join(' ');
  return { verdicts, codes: findings.map(({ code }) => code), assumptions };
}

const PROXY = agents('kube-proxy', 'registry.k8s.io/kube-proxy:v1.33.2');
const cilium = (data: Readonly<Record<string, string>> = {}) => [
  ...agents('cilium', 'quay.io/cilium/cilium:v1.17.1@sha256:aa', { container: 'cilium-agent' }),
  ...PROXY,
  configMap('cilium-config', { 'kube-proxy-replacement': 'false', ...data }),
];
const CALICO = agents('calico-node', 'docker.io/calico/node:v3.31.2');
const ANTREA = [
  ...agents('antrea-agent', 'antrea/antrea-agent-ubuntu:v2.2.0'),
  configMap('antrea-config', { 'antrea-agent.conf': 'antreaProxy:\n  enable: false\n' }),
];
const KINDNET = (tag: string) => agents('kindnet', `docker.io/kindest/kindnetd:${tag}`, { container: 'kindnet-cni' });
const KUBE_ROUTER = (firewall: string) =>
  agents('kube-router', 'docker.io/cloudnativelabs/kube-router:v2.2', {
    args: [`--run-firewall=${firewall}`, '--run-service-proxy=false'],
  });
const AWS = (on: string) =>
  agents('aws-node', 'amazon/aws-network-policy-agent:v1.1.6', {
    container: 'aws-eks-nodeagent',
    args: [`--enable-network-policy=${on}`],
  });
const K3S = { version: 'v1.33.2+k3s1', more: agents('coredns', 'rancher/mirrored-coredns-coredns:1.12') };
const k3sWith = (text: string) => ({ ...K3S, annotations: { 'k3s.io/node-args': text } });

/** The same pods as a trimmed snapshot may have them: neither owners nor names say what they are. */
const unowned = (pods: ReturnType<typeof agents>) =>
  pods.map(({ metadata: { ownerReferences: _, ...metadata }, ...rest }, index) => ({
    ...rest,
    metadata: { ...metadata, name: `pod-${index}` },
  }));

t.test('agents without owners are seen by labels or images, as data planes are', async (t) => {
  const ROWS: readonly (readonly [name: string, image: string, says: RegExp])[] = [
    ['ovnkube-node', 'ghcr.io/ovn-org/ovn-kubernetes/ovn-kube-u:v1.0.0', /^OVN-Kubernetes enforces them/],
    ['azure-npm', 'mcr.microsoft.com/containernetworking/azure-npm:v1.5', /^Azure NPM enforces them/],
    ['aws-node', 'amazon/aws-network-policy-agent:v1.1.6', /probably ignored/],
    ['x', 'antrea/antrea-agent-ubuntu:v2.2.0', /^Antrea enforces them/],
    ['x', 'docker.io/cloudnativelabs/kube-router:v2.2', /^kube-router enforces them/],
    ['x', 'quay.io/cilium/cilium-ci:latest', /^Cilium enforces them/],
    ['x', 'docker.io/kubeovn/kube-ovn:v1.13.0', /^Kube-OVN enforces them/],
    ['x', 'docker.io/opencontrail/contrail-vrouter-agent:1', /^Contrail enforces them/],
  ];
  const nsx = prepare({}, bankSnapshot({ more: agents('nsx-node-agent', 'nsx/ncp:4.1'), policies: [CLOSED] }));
  t.match(enforcementOf(nsx.cluster, undefined).why, /^the NSX Container Plugin enforces them/, 'NSX');
  for (const [name, image, says] of ROWS) {
    const { cluster, settings } = prepare({}, bankSnapshot({ more: unowned(agents(name, image)), policies: [CLOSED] }));
    t.match(enforcementOf(cluster, settings.network.policies).why, says, image);
  }
});

t.test('a change of pods or resources that shows who enforces is seen, and others cost nothing', async (t) => {
  const { cluster } = prepare({}, bankSnapshot({ more: PROXY, policies: [CLOSED] }));
  const before = enforcementOf(cluster, undefined);
  t.match(before.why, /probably ignored/);
  const [key, plain] = [...cluster.pods.entries()].find(([name]) => name.startsWith('bank/')) as [string, never];
  const pod: Readonly<{ metadata: object }> = plain;
  const labelled = (labels: object) => ({ ...pod, metadata: { ...pod.metadata, labels } }) as never;
  const withPod = (one: never) => enforcementOf(cluster.with({ pods: new Map([[key, one]]) }), undefined);
  t.equal(withPod(labelled({ role: 'other' })), before, 'a label that shows nothing');
  t.match(withPod(labelled({ 'k8s-app': 'calico-node' })).why, /^Calico enforces them/);
  const network = { kind: 'Network', apiVersion: 'config.openshift.io/v1', metadata: { name: 'cluster' } };
  const added = { ...network, spec: { networkType: 'OVNKubernetes' } } as never;
  const withResource = (name: string, one: never) =>
    enforcementOf(cluster.with({ resources: new Map([[name, one]]) }), undefined);
  t.match(withResource('Network.config.openshift.io//cluster', added).why, /^OVN-Kubernetes enforces them/);
  const more = policy('bank/more', { podSelector: {}, policyTypes: ['Ingress'] }) as never;
  t.equal(withResource('NetworkPolicy.networking.k8s.io/bank/more', more), before, 'a policy');
  const system = [...cluster.pods.entries()].filter(([name]) => name.startsWith('kube-system/')).map(([name]) => name);
  const without = cluster.with({ pods: new Map(system.map((name) => [name, undefined])) });
  t.match(enforcementOf(without, undefined).why, /not who enforces/, 'pods of the cluster itself are gone');
});

t.test('OVN-Kubernetes and Azure’s Cilium are seen by what their nodes carry', async (t) => {
  for (const [fields, says] of [
    [{ annotations: { 'k8s.ovn.org/node-subnets': '{}' } }, /^OVN-Kubernetes enforces them \(seen: node .* annotation/],
    [{ labels: { 'kubernetes.azure.com/ebpf-dataplane': 'cilium' } }, /^Cilium enforces them \(seen: node .* label/],
  ] as const) {
    const { cluster } = prepare({}, bankSnapshot({ more: PROXY, policies: [CLOSED] }));
    t.match(enforcementOf(cluster, undefined).why, /probably ignored/, 'before the change');
    const nodes = new Map(
      [...cluster.nodes.entries()].map(([name, node]) => [
        name,
        { ...node, metadata: { ...node.metadata, ...fields } },
      ]),
    );
    t.match(enforcementOf(cluster.with({ nodes }), undefined).why, says);
  }
});

t.test('who enforces', async (t) => {
  const ROWS: readonly (readonly [seen: string, options: BankOptions, verdict: string, says: RegExp])[] = [
    ['Calico', { more: CALICO }, 'DROPPED', /^Calico enforces them \(seen: pod kube-system\/calico-node-/],
    ['Canal', { more: agents('canal', 'calico/node:v3.28') }, 'DROPPED', /^Calico enforces them \(seen: pod .*canal/],
    [
      'flannel in its own namespace',
      { more: agents('kube-flannel-ds', 'ghcr.io/flannel-io/flannel:v0.26', { namespace: 'kube-flannel' }) },
      'DELIVERED',
      /shows nobody who enforces network policies: they are probably ignored/,
    ],
    ['kube-proxy alone', { more: PROXY }, 'DELIVERED', /probably ignored/],
    ['no agents at all', { more: [] }, 'DROPPED', /as if somebody did, as documented/],
    [
      'a DaemonSet of an application',
      { more: agents('logger', 'fluent-bit:3', { namespace: 'lab' }) },
      'DROPPED',
      /as if somebody did, as documented/,
    ],
    ['kube-router', { more: KUBE_ROUTER('true') }, 'REJECTED', /^kube-router enforces them/],
    ['kube-router without its firewall', { more: KUBE_ROUTER('false') }, 'DELIVERED', /probably ignored/],
    ['k3s', K3S, 'REJECTED', /^k3s has a controller built in that enforces them \(seen: node alder\)/],
    [
      'k3s with its controller off',
      k3sWith('["server","--disable-network-policy"]'),
      'DELIVERED',
      /^k3s does not enforce them: --disable-network-policy is set/,
    ],
    ['k3s with it on', k3sWith('["server","--disable-network-policy=false"]'), 'REJECTED', /^k3s has a controller/],
    ['kindnet of kind 0.24', { more: KINDNET('v20240813-c6f155d6') }, 'DROPPED', /^kindnet enforces them/],
    ['kindnet before', { more: KINDNET('v20240513-cd2ac642') }, 'DELIVERED', /probably ignored/],
    ['Azure NPM', { more: agents('azure-npm', 'azure-npm:v1.5') }, 'DROPPED', /^Azure NPM enforces them/],
    ['the AWS agent', { more: AWS('true') }, 'DROPPED', /^the AWS network policy agent enforces them/],
    ['the AWS agent, off', { more: AWS('false') }, 'DELIVERED', /probably ignored/],
    ['Weave Net', { more: agents('weave-net', 'weaveworks/weave-kube:2.8.1') }, 'DROPPED', /^Weave Net enforces them/],
    ['Cilium', { more: cilium() }, 'DROPPED', /^Cilium enforces them/],
    ['Cilium, never', { more: cilium({ 'enable-policy': 'never' }) }, 'DELIVERED', /enable-policy is never/],
  ];
  for (const [seen, options, verdict, says] of ROWS) {
    const { verdicts, assumptions, codes } = asked({ ...options, policies: [CLOSED] });
    t.equal(verdicts, verdict, seen);
    const said = assumptions.find(({ field }) => field === 'settings.network.policies');
    t.match(said?.why, says, `${seen}: the assumption`);
    const ignored = verdict === 'DELIVERED';
    t.equal(codes.includes('NETWORK_POLICIES_NOT_ENFORCED'), ignored, `${seen}: a finding where nobody enforces`);
  }
});

t.test('policies of administrators count where the plugin’s version knows them', async (t) => {
  const router = (tag: string) =>
    agents('kube-network-policies', `registry.k8s.io/networking/kube-network-policies:${tag}`);
  const flag = agents('kube-network-policies', 'registry.k8s.io/networking/kube-network-policies:v0.2.0', {
    args: ['-v=2', '-admin-network-policy=true', '-baseline-admin-network-policy=true'],
  });
  const calico = (tag: string) => agents('calico-node', `docker.io/calico/node:${tag}`);
  const ROWS: readonly (readonly [seen: string, more: readonly unknown[], anp: boolean, cnp: boolean])[] = [
    ['Calico 3.28', calico('v3.28.2'), false, false],
    ['Calico 3.29', calico('v3.29.0'), true, false],
    ['Calico 3.31', calico('v3.31.2'), true, false],
    ['Calico 3.32', calico('v3.32.0'), false, true],
    ['Calico of a version that is not known', calico('master'), true, true],
    ['Calico of GKE', agents('calico-node', 'gke.gcr.io/calico/node:v3.26.3-gke.5'), false, false],
    ['kube-network-policies', router('v1.0.0'), false, false],
    ['for AdminNetworkPolicy', router('v1.0.0-npa-v1alpha1'), true, false],
    ['for ClusterNetworkPolicy', router('v1.0.0-npa-v1alpha2'), false, true],
    ['with flags', flag, true, false],
    ['Cilium', cilium(), false, false],
    ['Antrea', ANTREA, true, false],
    ['nobody seen', [], true, true],
  ];
  for (const [seen, more, anp, cnp] of ROWS) {
    for (const [one, counts] of [
      [ANP, anp],
      [CNP, cnp],
    ] as const) {
      const { verdicts, codes } = asked({ more, policies: [one] });
      t.equal(verdicts, counts ? 'DROPPED' : 'DELIVERED', `${seen}: ${one.kind}`);
      t.equal(codes.includes('NETWORK_POLICY_KIND_NOT_ENFORCED'), !counts, `${seen}: ${one.kind}, the finding`);
    }
  }
});

const foreign = (apiVersion: string, kind: string, spec: Fields, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name: 'f', ...(namespace === undefined ? {} : { namespace }) },
  spec,
});
const CILIUM_V2 = 'cilium.io/v2';
const CALICO_V3 = 'projectcalico.org/v3';
const ANTREA_V1 = 'crd.antrea.io/v1beta1';
const GKE = 'networking.gke.io/v1alpha1';
const EKS = 'networking.k8s.aws/v1alpha1';
const APPLICATION = { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [{ domainNames: ['example.com'] }] }] };
const FIREWALL = foreign('k8s.ovn.org/v1', 'EgressFirewall', { egress: [{ type: 'Deny' }] }, 'lab');
const DATAPLANE_V2 = cilium();
const OWN = foreign(CILIUM_V2, 'CiliumNetworkPolicy', { endpointSelector: LEDGER, ingress: [{}] }, 'bank');
const global = (selector: string, more: Fields = {}) =>
  foreign(CALICO_V3, 'GlobalNetworkPolicy', { selector, ingress: [{ action: 'Deny' }], ...more });

t.test('policies of kinds that are not evaluated', async (t) => {
  const ROWS: readonly (readonly [why: string, policies: readonly unknown[], more: readonly unknown[], is: string])[] =
    [
      ['Cilium’s selects who is asked', [OWN], cilium(), 'UNKNOWN'],
      ['it may let through what a NetworkPolicy denies', [OWN, CLOSED], cilium(), 'UNKNOWN'],
      ['Calico does not read it', [OWN], CALICO, 'DELIVERED'],
      ['nor does it help against a NetworkPolicy', [OWN, CLOSED], CALICO, 'DROPPED'],
      [
        'it selects who asks',
        [
          foreign(
            CILIUM_V2,
            'CiliumNetworkPolicy',
            { endpointSelector: { matchLabels: { 'k8s:role': 'bench' } } },
            'lab',
          ),
        ],
        cilium(),
        'UNKNOWN',
      ],
      [
        'it selects others',
        [foreign(CILIUM_V2, 'CiliumNetworkPolicy', { endpointSelector: { matchLabels: { role: 'teller' } } }, 'bank')],
        cilium(),
        'DELIVERED',
      ],
      [
        'Cilium’s for nodes',
        [foreign(CILIUM_V2, 'CiliumClusterwideNetworkPolicy', { nodeSelector: {}, ingress: [{}] })],
        cilium(),
        'DELIVERED',
      ],
      ['Calico’s for all', [global('all()'), CLOSED], CALICO, 'UNKNOWN'],
      ['Calico’s for some', [global("role in {'ledger', 'x'} && !has(gone)")], CALICO, 'UNKNOWN'],
      ['Calico’s for others', [global("role in {'teller', 'x'} || has(gone)")], CALICO, 'DELIVERED'],
      [
        'Calico’s for pods of other namespaces',
        [global('all()', { namespaceSelector: "env == 'test'" })],
        CALICO,
        'DELIVERED',
      ],
      ['Calico’s for hosts', [global('all()', { namespaceSelector: 'global()' })], CALICO, 'DELIVERED'],
      ['a selector that is not understood may match', [global('role =~ "x"')], CALICO, 'UNKNOWN'],
      ['Calico’s under Cilium', [global('all()')], cilium(), 'DELIVERED'],
      [
        'Antrea’s',
        [
          foreign(ANTREA_V1, 'ClusterNetworkPolicy', {
            appliedTo: [{ podSelector: LEDGER }],
            ingress: [{ action: 'Drop' }],
          }),
        ],
        ANTREA,
        'UNKNOWN',
      ],
      [
        'Antrea’s for others',
        [foreign(ANTREA_V1, 'NetworkPolicy', { appliedTo: [{ podSelector: { matchLabels: { role: 'x' } } }] }, 'bank')],
        ANTREA,
        'DELIVERED',
      ],
      ['where it is not known who enforces all count', [OWN], [], 'UNKNOWN'],
      [
        'GKE’s by names, of who asks',
        [foreign(GKE, 'FQDNNetworkPolicy', { podSelector: {} }, 'lab')],
        DATAPLANE_V2,
        'UNKNOWN',
      ],
      [
        'GKE’s is about what pods send',
        [foreign(GKE, 'FQDNNetworkPolicy', { podSelector: {} }, 'bank')],
        DATAPLANE_V2,
        'DELIVERED',
      ],
      [
        'GKE’s for others',
        [foreign(GKE, 'FQDNNetworkPolicy', { podSelector: LEDGER }, 'lab')],
        DATAPLANE_V2,
        'DELIVERED',
      ],
      ['GKE’s under Calico', [foreign(GKE, 'FQDNNetworkPolicy', { podSelector: {} }, 'lab')], CALICO, 'DELIVERED'],
      ['AWS’s of who asks', [foreign(EKS, 'ApplicationNetworkPolicy', APPLICATION, 'lab')], AWS('true'), 'UNKNOWN'],
      [
        'AWS’s of who is asked, about what it sends',
        [foreign(EKS, 'ApplicationNetworkPolicy', APPLICATION, 'bank')],
        AWS('true'),
        'DELIVERED',
      ],
      [
        'AWS’s without directions',
        [foreign(EKS, 'ApplicationNetworkPolicy', { podSelector: LEDGER }, 'bank')],
        AWS('true'),
        'UNKNOWN',
      ],
      ['AWS’s under Calico', [foreign(EKS, 'ApplicationNetworkPolicy', APPLICATION, 'lab')], CALICO, 'DELIVERED'],
      ['OVN-Kubernetes’ firewall leaves pods alone', [FIREWALL], [], 'DELIVERED'],
    ];
  for (const [why, policies, more, is] of ROWS) {
    const { verdicts, codes } = asked({ more, policies });
    t.equal(verdicts, is, why);
    if (is === 'UNKNOWN') t.ok(codes.includes('NETWORK_POLICY_NOT_EVALUATED'), `${why}: a warning`);
  }
});

t.test('an egress firewall is about what leaves the cluster', async (t) => {
  for (const [address, is] of [
    ['192.0.2.9', 'UNKNOWN NETWORK_POLICY'],
    ['192.0.2.9', 'UNKNOWN MISSING_DATA'],
  ] as const) {
    const policies = is === 'UNKNOWN NETWORK_POLICY' ? [FIREWALL] : [];
    const path = { source: PATH.source, destination: { address, port: 443 } };
    const { result } = ask('path', { path } as never, bankSnapshot({ more: [], policies }));
    t.same(
      result.traces.map(({ verdict, cause }) => `${verdict} ${cause}`),
      [is],
    );
  }
});

t.test('definitions of custom resources say who enforces where no agent is shown', async (t) => {
  const definition = (name: string) => ({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name },
    spec: { group: 'x', names: {}, versions: [] },
  });
  const calico = definition('felixconfigurations.crd.projectcalico.org');
  const aws = definition('policyendpoints.networking.k8s.aws');
  const ROWS: readonly (readonly [seen: string, more: readonly unknown[], verdict: string, says: RegExp])[] = [
    ['Calico’s', [calico], 'DROPPED', /: probably Calico does \(seen: CustomResourceDefinition felixconfigurations\./],
    ['AWS’s', [aws], 'DROPPED', /: probably the AWS network policy agent does /],
    ['of others', [definition('certificates.cert-manager.io')], 'DROPPED', /as if somebody did/],
    ['agents say more', [calico, ...AWS('true')], 'DROPPED', /^the AWS network policy agent enforces them/],
    ['an agent that is switched off', [aws, ...AWS('false')], 'DELIVERED', /probably ignored/],
  ];
  for (const [seen, more, verdict, says] of ROWS) {
    const { assumptions, verdicts } = asked({ more, policies: [CLOSED] });
    const assumption = assumptions.find(({ field }) => field === 'settings.network.policies');
    t.match(assumption?.why, says, seen);
    t.equal(verdicts, verdict, seen);
  }
});

import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import { flagsOf } from '../../src/cluster/proxy-command.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { formatVersion, type Settings } from '../../src/cluster/settings.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import { CHECKED_PATCHES, parseVersion } from '../../src/cluster/versions.js';

interface NodeFields {
  readonly version?: string;
  readonly proxyVersion?: string;
  readonly podCIDRs?: readonly string[];
  readonly providerID?: string;
  readonly labels?: object;
  readonly os?: string;
}

const node = (name: string, fields: NodeFields = {}) => ({
  kind: 'Node',
  metadata: { name, labels: fields.labels ?? {} },
  spec: {
    ...(fields.podCIDRs ? { podCIDRs: fields.podCIDRs } : {}),
    ...(fields.providerID ? { providerID: fields.providerID } : {}),
  },
  status: {
    nodeInfo: {
      kubeletVersion: fields.version ?? 'v1.30.5',
      kubeProxyVersion: fields.proxyVersion ?? '',
      operatingSystem: fields.os ?? 'linux',
    },
  },
});
const systemPod = (name: string, nodeName: string, container: object = {}, labels: object = {}) => ({
  kind: 'Pod',
  metadata: { name, namespace: 'kube-system', labels },
  spec: { nodeName, containers: [{ name: 'main', ...container }] },
});
const proxyPod = (nodeName: string, ...args: string[]) =>
  systemPod(`kube-proxy-${nodeName}`, nodeName, args.length ? { command: ['kube-proxy', ...args] } : {}, {
    'k8s-app': 'kube-proxy',
  });
const configMap = (yaml: string, name = 'kube-proxy', key = 'config.conf') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'kube-system' },
  data: { 'a-kubeconfig.conf': 'kind: Config', [key]: yaml },
});
const daemonSet = (name: string, namespace = 'kube-system') => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace },
});

const settle = (items: readonly unknown[], override?: SettingsOverride): Settings =>
  inferSettings(readSnapshot({ inline: { kind: 'List', items } }).cluster, override);
const assumed = (settings: Settings, field: string) => settings.assumptions.filter((one) => one.field === field);

function errorOf(act: () => unknown): QuestionError {
  try {
    act();
  } catch (error) {
    if (error instanceof QuestionError) return error;
    throw error;
  }
  throw new Error('no error');
}

t.test('versions', async (t) => {
  for (const [text, expected] of [
    ['1.30', [30, undefined]],
    ['v1.30.5', [30, 5]],
    ['v1.30.5-gke.1014001', [30, 5]],
    ['v1.27.3+k3s1', [27, 3]],
    ['v1.33.0-rc.0', [33, 0]],
    ['v1.28.5-eks-5e0fdde', [28, 5]],
  ] as const) {
    const read = parseVersion(text);
    t.same([read?.minor, read?.patch], expected, text);
  }
  for (const text of ['', '1', '1.30.', '1.30.5.1', 'latest', '1.30 ', 'x1.30', '1.-3'])
    t.equal(parseVersion(text), undefined, text);

  for (const [minor, patch] of CHECKED_PATCHES) {
    const settings = settle([node('n')], { kubernetesVersion: `1.${minor}` });
    t.equal(formatVersion(settings.proxyOf('n').version), `1.${minor}.${patch}`);
    t.match(assumed(settings, 'settings.kubernetesVersion'), [
      { value: `1.${minor}.${patch}`, why: /The patch that was checked/ },
    ]);
  }
  const exact = settle([node('n', { version: 'v1.20.0' })], { kubernetesVersion: 'v1.33.6' });
  t.same(exact.proxyOf('n').version, { major: 1, minor: 33, patch: 6 });
  t.same(assumed(exact, 'settings.kubernetesVersion'), [], 'what the request says is not assumed');

  const nodes = [
    ...Array.from({ length: 6 }, (_, i) => node(`a${i}`, { version: 'v1.30.5-gke.100' })),
    node('b', { version: 'v1.29.1', proxyVersion: 'v1.28.3' }),
    node('c', { version: '' }),
    node('old', { version: 'v1.19.3' }),
  ];
  const mixed = settle(nodes);
  t.match(assumed(mixed, 'settings.kubernetesVersion'), [
    { value: '1.30.5', why: 'Read from the nodes: kubelet version v1.30.5-gke.100 (a0, a1, a2 and 3 more).' },
    { value: '1.28.3', why: /kube-proxy version v1\.28\.3 \(b\)/ },
    { value: '1.36.2', why: /newest version that is modelled: nodes report none \(c\)/ },
    { value: '1.19.3' },
  ]);
  t.match(mixed.asUsed, { kubernetesVersion: { a0: '1.30.5', b: '1.28.3', c: '1.36.2', old: '1.19.3' } });
  t.equal(mixed.proxyOf('b').version.minor, 28);
  const old = errorOf(() => mixed.proxyOf('old'));
  t.match(old, {
    code: 'UNSUPPORTED',
    problems: [
      {
        pointer: '/settings/kubernetesVersion',
        detail: /Node old runs Kubernetes 1\.19\.3, which is not modelled; versions 1\.20 to 1\.36 are/,
      },
    ],
  });
  t.equal(
    settle(nodes, { kubernetesVersion: '1.30' }).proxyOf('old').version.minor,
    30,
    'the request can say otherwise',
  );
  t.equal(settle([node('n')]).asUsed.kubernetesVersion, '1.30.5');
  t.equal(mixed.proxyOf('a1'), mixed.proxyOf('a1'), 'remembered');
  t.match(
    errorOf(() => mixed.proxyOf('a9')),
    { code: 'NOT_FOUND', message: /Did you mean a0/ },
  );
});

t.test('the kube-proxy ConfigMap', async (t) => {
  const settings = settle([
    node('n', { podCIDRs: ['10.9.0.0/24'] }),
    configMap(`
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: ipvs
clusterCIDR: 10.244.0.0/16,fd00:10:244::/56
detectLocalMode: InterfaceNamePrefix
detectLocal: { bridgeInterface: "", interfaceNamePrefix: veth }
nodePortAddresses: [10.0.0.0/8]
iptables: { masqueradeAll: true, masqueradeBit: 10, localhostNodePorts: false }
ipvs: { scheduler: lc, strictARP: true }
conntrack: { tcpBeLiberal: true }
featureGates: { ProxyTerminatingEndpoints: false }
`),
  ]);
  t.same(settings.proxyOf('n'), {
    version: { major: 1, minor: 30, patch: 5 },
    mode: 'ipvs',
    clusterCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'],
    detectLocalMode: 'InterfaceNamePrefix',
    bridgeInterface: '',
    interfaceNamePrefix: 'veth',
    nodePortAddresses: ['10.0.0.0/8'],
    masqueradeAll: true,
    masqueradeBit: 10,
    localhostNodePorts: false,
    ipvsScheduler: 'lc',
    ipvsStrictARP: true,
    featureGates: { ProxyTerminatingEndpoints: false },
    kernel: { randomFully: true, tcpBeLiberal: true, nfacct: false },
  });
  t.match(assumed(settings, 'settings.kubeProxy.mode'), [
    { value: 'ipvs', why: 'Read from ConfigMap kube-system/kube-proxy.' },
  ]);
  t.match(settings.asUsed.kubeProxy, {
    mode: 'ipvs',
    ipvs: { scheduler: 'lc' },
    detectLocal: { interfaceNamePrefix: 'veth' },
  });
  t.match(assumed(settings, 'settings.kernel.tcpBeLiberal'), [{ value: true }]);

  // What kubeadm writes: everything is there, and at its zero value.
  const zeros = settle([
    node('n', { podCIDRs: ['10.9.0.0/24'] }),
    configMap(`
kind: KubeProxyConfiguration
mode: ""
clusterCIDR: ""
detectLocalMode: ""
detectLocal: { bridgeInterface: "", interfaceNamePrefix: "" }
nodePortAddresses: null
iptables: { masqueradeAll: false, masqueradeBit: null, localhostNodePorts: null }
ipvs: { scheduler: "", strictARP: false }
featureGates: null
`),
  ]);
  t.match(zeros.proxyOf('n'), {
    mode: 'iptables',
    clusterCIDR: [],
    detectLocalMode: 'ClusterCIDR',
    nodePortAddresses: [],
    masqueradeBit: 14,
    localhostNodePorts: true,
  });
  t.match(assumed(zeros, 'settings.kubeProxy.clusterCIDR'), [
    { value: '', why: /detection of local traffic is off; ConfigMap kube-system\/kube-proxy does not set it/ },
  ]);

  const eks = settle([
    node('n'),
    configMap(
      'kind: KubeProxyConfiguration\nmode: nftables\nnftables: { masqueradeAll: true, masqueradeBit: 3 }\niptables: { masqueradeBit: 9 }',
      'kube-proxy-config',
      'config',
    ),
    configMap('not: {yaml', 'kube-proxy', 'kubeconfig'),
  ]);
  t.match(eks.proxyOf('n'), { mode: 'nftables', masqueradeAll: true, masqueradeBit: 3 });
  t.match(eks.asUsed.kubeProxy, { nftables: { masqueradeAll: true, masqueradeBit: 3 } });
  const userspace = settle([node('n'), configMap('kind: KubeProxyConfiguration\nmode: userspace')]);
  t.match(userspace.unsupportedDataplane, /mode userspace, which is not modelled/);
  t.equal(
    settle([node('n'), configMap('kind: KubeProxyConfiguration\nmode: userspace')], { kubeProxy: { mode: 'iptables' } })
      .unsupportedDataplane,
    undefined,
  );
  const nameless = settle([node('n'), configMap('kind: KubeProxyConfiguration\ndetectLocalMode: BridgeInterface')]);
  t.equal(nameless.proxyOf('n').detectLocalMode, 'None', 'kube-proxy goes on without a detector');
});

t.test('command lines', async (t) => {
  const gke = systemPod('kube-proxy-gke-pool-1', 'a', {
    command: [
      '/bin/sh',
      '-c',
      'exec kube-proxy --master=https://10.0.0.2 --kubeconfig=/var/lib/kube-proxy/kubeconfig --cluster-cidr=10.4.0.0/14 --oom-score-adj=-998 --v=2 --feature-gates=A=true,B=false --iptables-sync-period=1m --detect-local-mode=NodeCIDR 1>>/var/log/kube-proxy.log 2>&1',
    ],
  });
  const settings = settle([node('a'), node('b'), gke]);
  t.match(settings.proxyOf('a'), {
    clusterCIDR: ['10.4.0.0/14'],
    detectLocalMode: 'NodeCIDR',
    featureGates: { A: true, B: false },
    mode: 'iptables',
  });
  t.equal(
    settings.proxyOf('b').clusterCIDR[0],
    '10.4.0.0/14',
    'a node without a kube-proxy pod in the snapshot is taken to be like the others',
  );
  t.match(assumed(settings, 'settings.kubeProxy.detectLocalMode'), [
    { value: 'NodeCIDR', why: 'Read from the command line of pod kube-system/kube-proxy-gke-pool-1.' },
  ]);

  const many = settle([
    node('a'),
    node('b'),
    node('c'),
    proxyPod('a', '--proxy-mode=ipvs', '--ipvs-scheduler', 'wrr', '--masquerade-all', '--iptables-masquerade-bit=5'),
    proxyPod(
      'b',
      '--proxy-mode',
      'iptables',
      '--iptables-localhost-nodeports=false',
      '--nodeport-addresses=10.0.0.0/8,fd00::/8',
      '--cluster-cidr=10.0.0.0/8',
    ),
    proxyPod(
      'c',
      '--proxy-mode',
      'iptables',
      '--iptables-localhost-nodeports=false',
      '--nodeport-addresses=10.0.0.0/8,fd00::/8',
      '--cluster-cidr=10.0.0.0/8',
    ),
  ]);
  t.match(many.proxyOf('a'), {
    mode: 'ipvs',
    ipvsScheduler: 'wrr',
    masqueradeAll: true,
    masqueradeBit: 5,
    clusterCIDR: [],
  });
  t.match(many.proxyOf('c'), {
    mode: 'iptables',
    localhostNodePorts: false,
    nodePortAddresses: ['10.0.0.0/8', 'fd00::/8'],
  });
  t.match(assumed(many, 'settings.kubeProxy.mode'), [
    { value: 'ipvs', why: /\(a\)\.$/ },
    { value: 'iptables', why: /\(b, c\)\.$/ },
  ]);
  t.match(many.asUsed, { kubeProxy: { mode: 'iptables' }, kubeProxyByNode: { a: { mode: 'ipvs' } } });

  const config = configMap('kind: KubeProxyConfiguration\nmode: ipvs\nclusterCIDR: 10.1.0.0/16');
  t.equal(
    settle([
      node('a'),
      config,
      proxyPod('a', '--config=/var/lib/kube-proxy/config.conf', '--proxy-mode=iptables'),
    ]).proxyOf('a').mode,
    'ipvs',
    'with --config the file counts',
  );
  t.equal(settle([node('a'), config, proxyPod('a')]).proxyOf('a').mode, 'ipvs', 'no command line tells nothing');
  t.equal(
    settle([node('a'), config, proxyPod('a', '--proxy-mode=nftables')]).proxyOf('a').mode,
    'nftables',
    'without --config nobody reads the ConfigMap',
  );
  for (const [container, expected] of [
    [
      { command: ['/usr/local/bin/kube-proxy'], args: ['--a=1', '-b', '2', '--c'] },
      { a: '1', b: '2', c: 'true' },
    ],
    [{ args: ['--a=x y'] }, { a: 'x y' }],
    [{ command: ['sh', '-c', `kube-proxy --a='x y' --b "p \\"q" --c=\\$d > log`] }, { a: 'x y', b: 'p "q', c: '$d' }],
    [{ command: ['other'] }, undefined],
    [{}, undefined],
  ] as const) {
    const flags = flagsOf({ name: 'c', ...container }, 'kube-proxy');
    t.same(flags && Object.fromEntries(flags), expected, JSON.stringify(container));
  }
});

t.test('a cluster CIDR that nothing tells', async (t) => {
  for (const [nodes, expected] of [
    [[['10.244.1.0/24'], ['10.244.2.0/24']], ['10.244.0.0/16']],
    [[['10.4.1.0/24'], ['10.7.2.0/24']], ['10.4.0.0/14']],
    [
      [
        ['10.244.1.0/24', 'fd00:10:244:1::/64'],
        ['10.244.2.0/24', 'fd00:10:244:2::/64'],
      ],
      ['10.244.0.0/16', 'fd00:10:244::/48'],
    ],
    [[['10.0.0.0/24'], ['192.168.0.0/24']], ['0.0.0.0/0']],
    [[['10.0.0.0/12']], ['10.0.0.0/12']],
    [[[]], []],
  ] as const) {
    const items = nodes.map((podCIDRs, i) => node(`n${i}`, { podCIDRs }));
    const settings = settle(items);
    t.same(settings.proxyOf('n0').clusterCIDR, expected, JSON.stringify(nodes));
    t.equal(assumed(settings, 'settings.kubeProxy.clusterCIDR')[0]?.value, expected.join(','));
  }
  const manager = systemPod('kube-controller-manager-n', 'n', {
    command: ['kube-controller-manager', '--cluster-cidr=10.244.0.0/14'],
  });
  const settings = settle([node('n', { podCIDRs: ['10.244.1.0/24'] }), manager]);
  t.same(settings.proxyOf('n').clusterCIDR, ['10.244.0.0/14']);
  t.match(assumed(settings, 'settings.kubeProxy.clusterCIDR'), [
    { why: /--cluster-cidr of pod kube-system\/kube-controller-manager-n/ },
  ]);
  const off = settle([node('n', { podCIDRs: ['10.244.1.0/24'] })], { kubeProxy: { clusterCIDR: '' } });
  t.same([off.proxyOf('n').clusterCIDR, assumed(off, 'settings.kubeProxy.clusterCIDR')], [[], []], 'given as empty');
  const none = settle([node('n', { podCIDRs: ['10.244.1.0/24'] })], { kubeProxy: { detectLocalMode: 'None' } });
  t.match(none.proxyOf('n'), { detectLocalMode: 'None', clusterCIDR: [] });
});

t.test('what the request says wins, and is not assumed', async (t) => {
  const override: SettingsOverride = {
    kubernetesVersion: '1.31.2',
    platform: 'gke',
    kubeProxy: {
      mode: 'nftables',
      clusterCIDR: '10.0.0.0/8, fd00::/48',
      detectLocalMode: 'BridgeInterface',
      detectLocal: { bridgeInterface: 'cni0' },
      nodePortAddresses: ['primary'],
      iptables: { masqueradeAll: false, masqueradeBit: 1, localhostNodePorts: false },
      nftables: { masqueradeAll: true, masqueradeBit: 0 },
      ipvs: { scheduler: 'sh', strictARP: true },
      featureGates: { A: true },
    },
    kernel: { randomFully: false, tcpBeLiberal: false, nfacct: true },
    network: {
      podNetwork: 'BRIDGE',
      bridgeAddress: '10.244.0.1',
      hairpin: false,
      forwardPolicy: 'DROP',
      podMasquerade: [{ source: '10.0.0.0/8' }],
      ipMasq: { writer: 'NONE' },
      routes: [
        { destination: '0.0.0.0/0', via: 'outside' },
        { destination: '10.9.0.1', via: 'node/n' },
      ],
    },
    kubelet: false,
    clusterDomain: 'example.org',
  };
  const settings = settle(
    [node('n'), configMap('kind: KubeProxyConfiguration\nmode: ipvs\nconntrack: { tcpBeLiberal: true }')],
    override,
  );
  t.same(
    settings.assumptions.map(({ field }) => field),
    [],
  );
  t.match(settings, {
    platform: 'gke',
    kubelet: false,
    clusterDomain: 'example.org',
    network: { forwardPolicy: 'DROP', podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: [] }] },
  });
  t.match(settings.proxyOf('n'), {
    mode: 'nftables',
    clusterCIDR: ['10.0.0.0/8', 'fd00::/48'],
    masqueradeBit: 0,
    masqueradeAll: true,
    bridgeInterface: 'cni0',
    nodePortAddresses: ['primary'],
    kernel: { randomFully: false, tcpBeLiberal: false, nfacct: true },
  });
  t.match(assumed(settle([node('n')], { kernel: { nfacct: true } }), 'settings.kernel'), [
    { value: { randomFully: true, tcpBeLiberal: false } },
  ]);
  const again = settle([node('n')], settle([node('n')]).asUsed as SettingsOverride);
  t.same(again.asUsed, settle([node('n')]).asUsed, 'the settings as used are settings of a request');
  t.same(again.assumptions, []);
});

t.test('settings that cannot be', async (t) => {
  const cases: readonly (readonly [SettingsOverride, string, string, RegExp, object?])[] = [
    [{ kubernetesVersion: 'latest' }, 'INVALID_REQUEST', '/settings/kubernetesVersion', /write "1\.30" or "1\.30\.5"/],
    [
      { kubernetesVersion: '1.19' },
      'UNSUPPORTED',
      '/settings/kubernetesVersion',
      /1\.19 is not modelled; versions 1\.20 to 1\.36 are/,
    ],
    [{ kubernetesVersion: '1.37.0' }, 'UNSUPPORTED', '/settings/kubernetesVersion', /1\.37\.0/],
    [{ kubernetesVersion: '2.30' }, 'UNSUPPORTED', '/settings/kubernetesVersion', /2\.30/],
    [
      { platform: 'azure' } as unknown as SettingsOverride,
      'INVALID_REQUEST',
      '/settings/platform',
      /one of generic, gke, eks, aks/,
    ],
    [
      { kubeProxy: { detectLocalMode: 'clusterCIDR' } } as unknown as SettingsOverride,
      'INVALID_REQUEST',
      '/settings/kubeProxy/detectLocalMode',
      /one of ClusterCIDR, NodeCIDR/,
    ],
    [
      { kubeProxy: { detectLocalMode: 'BridgeInterface' } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/detectLocal/bridgeInterface',
      /needs detectLocal\.bridgeInterface/,
    ],
    [
      { kubeProxy: { detectLocalMode: 'InterfaceNamePrefix', detectLocal: { interfaceNamePrefix: '' } } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/detectLocal/interfaceNamePrefix',
      /needs/,
    ],
    // The name of an interface is unquoted in rules: one that Linux does not allow counts as none.
    [
      { kubeProxy: { detectLocalMode: 'BridgeInterface' } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/detectLocal/bridgeInterface',
      /needs detectLocal\.bridgeInterface/,
      configMap('kind: KubeProxyConfiguration\ndetectLocal: { bridgeInterface: "cni0\\n-A X" }\n'),
    ],
    [
      { kubeProxy: { clusterCIDR: '10.0.0.0' } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/clusterCIDR',
      /"10\.0\.0\.0" is no CIDR/,
    ],
    [
      { kubeProxy: { clusterCIDR: '10.0.0.0/8,11.0.0.0/8' } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/clusterCIDR',
      /one of each family/,
    ],
    [
      { kubeProxy: { nodePortAddresses: ['10.0.0.0/8', 'primary'] } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/nodePortAddresses/1',
      /must be alone/,
    ],
    [
      { kubeProxy: { nodePortAddresses: ['10.0.0.1'] } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/nodePortAddresses/0',
      /no CIDR/,
    ],
    [
      { kubeProxy: { iptables: { masqueradeBit: 32 } } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/iptables/masqueradeBit',
      /from 0 to 31/,
    ],
    [
      { kubeProxy: { nftables: { masqueradeBit: -1 } } },
      'INVALID_REQUEST',
      '/settings/kubeProxy/nftables/masqueradeBit',
      /from 0 to 31/,
    ],
    [{ network: { bridgeAddress: 'br0' } }, 'INVALID_REQUEST', '/settings/network/bridgeAddress', /no IP address/],
    [
      { network: { podMasquerade: [{ source: '10.0.0.0/8', exceptDestinations: ['x'] }] } },
      'INVALID_REQUEST',
      '/settings/network/podMasquerade/0/exceptDestinations/0',
      /"x"/,
    ],
    [
      { network: { routes: [{ destination: '10.0.0.0/8', via: 'n' }] } },
      'INVALID_REQUEST',
      '/settings/network/routes/0/via',
      /"node\/NAME", "outside" or "unreachable"/,
    ],
    [
      { network: { routes: [{ destination: '10.0.0.0/8', via: 'node/m' }] } },
      'NOT_FOUND',
      '/settings/network/routes/0/via',
      /Node "m"/,
    ],
  ];
  for (const [override, code, pointer, detail, more] of cases) {
    const error = errorOf(() => settle([node('n'), ...(more === undefined ? [] : [more])], override));
    t.match(error, { code, problems: [{ pointer, in: 'request', detail }] }, JSON.stringify(override));
  }
  const both = errorOf(() =>
    settle([node('n')], { platform: 'x', kubeProxy: { clusterCIDR: 'y' } } as unknown as SettingsOverride),
  );
  t.equal(both.problems.length, 2);
  t.match(both.message, /have 2 problems/);
});

t.test('platforms', async (t) => {
  for (const [fields, expected] of [
    [{}, 'generic'],
    [{ providerID: 'gce://p/z/i', version: 'v1.30.5-gke.100' }, 'gke'],
    [{ providerID: 'gce://p/z/i' }, 'generic'],
    [{ labels: { 'cloud.google.com/gke-nodepool': 'default' } }, 'gke'],
    [{ providerID: 'aws:///eu-1a/i-1', version: 'v1.30.5-eks-1' }, 'eks'],
    [{ providerID: 'aws:///eu-1a/i-1' }, 'generic'],
    [{ labels: { 'eks.amazonaws.com/nodegroup': 'x' } }, 'eks'],
    [{ providerID: 'azure:///subscriptions/x' }, 'aks'],
    [{ providerID: 'kind://docker/kind/kind-worker' }, 'kind'],
    [{ providerID: 'k3s://n' }, 'k3s'],
    [{ version: 'v1.27.3+k3s1' }, 'k3s'],
    [{ labels: { 'minikube.k8s.io/name': 'minikube' } }, 'minikube'],
    [{ labels: { 'node.openshift.io/os_id': 'rhcos' }, providerID: 'aws:///x' }, 'openshift'],
  ] as const) {
    const settings = settle([node('n', fields)]);
    t.equal(settings.platform, expected, JSON.stringify(fields));
    t.equal(assumed(settings, 'settings.platform')[0]?.value, expected);
    t.equal(settings.network.podNetwork, ['gke', 'eks', 'aks'].includes(expected) ? 'ROUTED' : 'BRIDGE');
  }
  const calico = settle([node('n'), daemonSet('calico-node')]);
  t.equal(calico.network.podNetwork, 'ROUTED');
  t.match(assumed(calico, 'settings.network.podNetwork'), [{ why: /calico-node runs/ }]);
});

t.test(
  'values with which kube-proxy does not start make the rules unknown, unless the request says others',
  async (t) => {
    const REFUSED: readonly (readonly [string, SettingsOverride['kubeProxy'], RegExp | undefined])[] = [
      [
        'detectLocalMode: Foo',
        undefined,
        /kube-system\/kube-proxy sets detectLocalMode to "Foo", with which kube-proxy/,
      ],
      ['detectLocalMode: Foo', { detectLocalMode: 'ClusterCIDR' }, undefined],
      ['clusterCIDR: 10.0.0.0/8,x', undefined, /sets clusterCIDR to "10\.0\.0\.0\/8,x"/],
      ['clusterCIDR: "10.0.0.0/8,fd00::/8,10.0.0.0/8"', undefined, /sets clusterCIDR/],
      ['clusterCIDR: "10.0.0.0/8,fd00::/8"', undefined, undefined],
      ['clusterCIDR: $(CIDR)', undefined, undefined],
      ['nodePortAddresses: [10.0.0.0/33]', undefined, /sets nodePortAddresses to "10\.0\.0\.0\/33"/],
      ['nodePortAddresses: [10.0.0.0/8, primary]', undefined, /sets nodePortAddresses to "primary"/],
      ['nodePortAddresses: [primary]', undefined, undefined],
    ];
    for (const [text, kubeProxy, why] of REFUSED) {
      const found = settle(
        [node('n'), configMap(`kind: KubeProxyConfiguration\n${text}`)],
        kubeProxy === undefined ? {} : { kubeProxy },
      ).unsupportedDataplane;
      if (why === undefined) t.equal(found, undefined, text);
      else t.match(found, why, text);
    }
    const unreadable = settle([node('n'), configMap('mode: [')]);
    t.match(unreadable.unsupportedDataplane, /sets config\.conf to "mode: \[", with which kube-proxy does not start/);
    const byFlag = settle([node('n'), proxyPod('n', '--detect-local-mode=Foo')]);
    t.match(
      byFlag.unsupportedDataplane,
      /command line of pod kube-system\/kube-proxy-n sets --detect-local-mode to "Foo"/,
    );
  },
);

t.test('dataplanes without kube-proxy', async (t) => {
  const cilium = systemPod('cilium-x7k2p', 'n', {}, { 'k8s-app': 'cilium' });
  const anetd = systemPod('anetd-abcde', 'n');
  const windows = node('w', { os: 'windows' });
  for (const [name, items, expected] of [
    ['Dataplane V2', [anetd], /GKE Dataplane V2 \(anetd\) runs in kube-system and no kube-proxy does/],
    ['Cilium', [cilium], /^Cilium runs/],
    ['Cilium beside kube-proxy', [cilium, proxyPod('n')], undefined],
    ['Cilium beside the kube-proxy DaemonSet', [cilium, daemonSet('kube-proxy')], undefined],
    ['only DaemonSets, which static pods do not have', [daemonSet('cilium')], undefined],
    ['a DaemonSet beside pods', [daemonSet('cilium'), systemPod('coredns-abc', 'n')], /^Cilium runs/],
    ['no agent', [systemPod('coredns-abc', 'n')], undefined],
    ['a kube-proxy on Windows only', [cilium, windows, proxyPod('w')], /^Cilium runs/],
    ['k3s, whose kube-proxy is no pod', [node('k', { providerID: 'k3s://k' }), cilium], undefined],
    ["Cilium's operator alone", [systemPod('cilium-operator-5d8f', 'n')], undefined],
  ] as const) {
    const { unsupportedDataplane } = settle([node('n'), ...items]);
    if (expected === undefined) t.equal(unsupportedDataplane, undefined, name);
    else t.match(unsupportedDataplane, expected, name);
  }
});

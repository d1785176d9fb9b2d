/** Findings about network policies that follow how the network plugin reads them, not the documentation alone. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { adminPolicy, bankSnapshot, policy } from '../support/bank-cluster.js';
import {
  CALICO,
  CLUSTER_DNS,
  enforcer,
  networkPolicy,
  type PolicedOptions,
  policedSnapshot,
} from '../support/policed-cluster.js';
import { config, pod } from '../support/small-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const inspected = (options: PolicedOptions, settings: Fields = {}) =>
  ask('inspect', { settings } as never, policedSnapshot(options)).findings;
const checked = (options: PolicedOptions, ...changes: readonly unknown[]) =>
  ask('check', { changes } as never, policedSnapshot(options)).findings;
const apply = (...manifests: readonly unknown[]) => ({ apply: { manifests } });

const CILIUM = enforcer('cilium', 'quay.io/cilium/cilium:v1.16.0');
const ALWAYS = [CILIUM, config('kube-system', 'cilium-config', { 'enable-policy': 'always' })];
const CNP_ENFORCER = enforcer('kube-network-policies', 'registry.k8s.io/kube-network-policies:v1.0.0-npa-v1alpha2');
const STRICT = pod('kube-system', 'aws-node-x', 'n1', {
  metadata: {
    labels: { 'k8s-app': 'aws-node' },
    ownerReferences: [{ kind: 'DaemonSet', name: 'aws-node', controller: true }],
  },
  spec: {
    hostNetwork: true,
    containers: [
      {
        name: 'aws-node',
        image: 'amazon-k8s-cni:v1.18',
        env: [{ name: 'NETWORK_POLICY_ENFORCING_MODE', value: 'strict' }],
      },
      { name: 'aws-eks-nodeagent', image: 'aws-network-policy-agent:v1.1', args: ['--enable-network-policy=true'] },
    ],
  },
  ip: '10.0.0.1',
});

const WEB = { matchLabels: { app: 'web' } };
const DB = { matchLabels: { app: 'db' } };
const egressTo = (...to: readonly unknown[]) =>
  networkPolicy('out', { podSelector: WEB, policyTypes: ['Egress'], egress: [{ to }] });
const ingressOf = (rules: readonly unknown[]) =>
  networkPolicy('in', { podSelector: DB, policyTypes: ['Ingress'], ingress: rules });
const ANYWHERE = { ipBlock: { cidr: '0.0.0.0/0' } };

t.test('an ipBlock lets pods ask DNS, but not where it means addresses outside alone', async (t) => {
  const found = (more: readonly unknown[]) =>
    inspected({ policies: [egressTo(ANYWHERE)], more: [...more, ...CLUSTER_DNS] }).filter(
      ({ code }) => code === 'DNS_DENIED',
    );
  t.same(found([CALICO]), []);
  t.match(found([CILIUM]), [{ evidence: { policy: 'shop/out', workloads: ['StatefulSet shop/web'] } }]);
});

t.test('a plugin that denies by default denies DNS to pods without a policy', async (t) => {
  for (const more of [ALWAYS, [STRICT]]) {
    const [found] = inspected({ more: [...more, ...CLUSTER_DNS] }).filter(({ code }) => code === 'DNS_DENIED');
    t.match(found, { evidence: { policies: [], workloadCount: 4 } });
    t.match(found?.message, /no policy selects them/);
  }
});

t.test('that the request says that policies are enforced makes no plugin know a kind', async (t) => {
  const policies = [
    adminPolicy('a', {
      priority: 1,
      subject: { namespaces: {} },
      ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }],
    }),
  ];
  const codes = (stated: string) =>
    inspected({ policies, more: [CILIUM] }, { network: { policies: stated } }).map(({ code }) => code);
  t.ok(codes('ENFORCED').includes('NETWORK_POLICY_KIND_NOT_ENFORCED'));
  t.notOk(codes('IGNORED').includes('NETWORK_POLICY_KIND_NOT_ENFORCED'));
});

t.test('all addresses but those of nodes are a client range that masquerade makes useless', async (t) => {
  const ranges = (block: Fields) =>
    inspected({ policies: [ingressOf([{ from: [{ ipBlock: block }] }])] }).filter(
      ({ code }) => code === 'CLIENT_RANGE_MASQUERADED',
    );
  const [found, ...others] = ranges({ cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] });
  t.match(found, {
    evidence: { service: 'shop/db', nodes: ['n1', 'n2'], passesAt: ['n3'], seenAs: ['10.0.0.1', '10.0.0.2'] },
  });
  t.match(found?.message, /clients of 0\.0\.0\.0\/0 except 10\.0\.0\.0\/8/);
  t.same(others, []);
  t.same(ranges({ cidr: '0.0.0.0/0' }), []);
  t.same(ranges({ cidr: '0.0.0.0/0', except: ['10.244.0.0/16'] }), []);
  t.same(ranges({ cidr: '10.244.0.0/16' }), []);
});

t.test('a native sidecar has ports, and its names are a doubt', async (t) => {
  const side = pod('shop', 'meter-0', 'n1', {
    metadata: { labels: { app: 'meter' }, ownerReferences: [{ kind: 'StatefulSet', name: 'meter', controller: true }] },
    spec: {
      containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }],
      initContainers: [{ name: 's', restartPolicy: 'Always', ports: [{ name: 'metrics', containerPort: 9090 }] }],
    },
    ip: '10.244.1.77',
  });
  const guard = (port: unknown) =>
    networkPolicy('meter', {
      podSelector: { matchLabels: { app: 'meter' } },
      policyTypes: ['Ingress'],
      ingress: [{ ports: [{ port }] }],
    });
  const codes = (port: unknown) =>
    inspected({ policies: [guard(port)], more: [CALICO, side] })
      .filter(({ code }) => code.startsWith('NETWORK_POLICY'))
      .map(({ code, evidence }) => `${code} ${evidence.cause} ${evidence.pointer}`);
  t.same(codes(9090), []);
  t.same(codes('metrics'), ['NETWORK_POLICY_DOUBTFUL SIDECAR_PORT_NAME /spec/ingress/0/ports/0']);
  t.same(codes('http'), []);
  t.same(codes('meterics'), ['NETWORK_POLICY_RULE_NEVER_MATCHES NO_NAMED_PORT /spec/ingress/0/ports/0']);
  const question = { source: { pod: 'shop/web-0' }, destination: { pod: 'shop/meter-0', port: 9090 } };
  const snapshot = policedSnapshot({ policies: [guard('metrics')], more: [CALICO, side] });
  const { findings } = ask('path', { path: question } as never, snapshot);
  t.ok(
    findings.some(({ evidence }) => evidence.cause === 'SIDECAR_PORT_NAME'),
    'a path that it decides says so too',
  );
});

t.test('what a change denies outside is found by whatever port its rules are about', async (t) => {
  const denied = (manifest: unknown, more: readonly unknown[] = [CALICO]) =>
    checked({ more }, apply(manifest)).filter(
      ({ code, evidence }) => code === 'NETWORK_POLICY_CUTS' && evidence.outside === true,
    );
  const cluster = (protocol: Fields) =>
    adminPolicy(
      'd',
      {
        tier: 'Admin',
        priority: 5,
        subject: { namespaces: {} },
        egress: [{ action: 'Deny', to: [{ networks: ['198.51.100.0/24'] }], protocols: [protocol] }],
      },
      'ClusterNetworkPolicy',
      'v1alpha2',
    );
  const [number] = denied(cluster({ tcp: { destinationPort: { number: 5432 } } }), [CNP_ENFORCER]);
  t.match(number?.evidence, { ranges: ['198.51.100.0/24'], ports: ['5432/TCP'] });
  const [range] = denied(cluster({ udp: { destinationPort: { range: { start: 500, end: 600 } } } }), [CNP_ENFORCER]);
  t.match(range?.evidence, { ports: ['500/UDP', '600/UDP'] });
  const [udp] = denied(
    networkPolicy('tcp-only', {
      podSelector: {},
      policyTypes: ['Egress'],
      egress: [{ to: [{ podSelector: {} }], ports: [{ protocol: 'UDP' }] }, { ports: [{ protocol: 'TCP' }] }],
    }),
  );
  t.match(udp?.evidence, { ports: ['443/UDP'] }, 'a protocol without ports');
  const [shorter] = checked(
    {
      policies: [
        networkPolicy('r', {
          podSelector: {},
          policyTypes: ['Egress'],
          egress: [{ ports: [{ port: 8000, endPort: 9000 }] }],
        }),
      ],
    },
    apply(
      networkPolicy('r', {
        podSelector: {},
        policyTypes: ['Egress'],
        egress: [{ ports: [{ port: 8000, endPort: 8500 }] }],
      }),
    ),
  ).filter(({ evidence }) => evidence.outside === true);
  t.match(shorter?.evidence, { ports: ['9000/TCP'] }, 'the end of a range');
});

t.test('where the plugin denies by default a policy opens, and its deletion closes', async (t) => {
  const policies = [ingressOf([{}])];
  const outside = (findings: ReturnType<typeof checked>) =>
    findings.filter(({ evidence }) => evidence.outside === true).map(({ code }) => code);
  const opened = checked({ more: [STRICT] }, apply(...policies));
  t.same(outside(opened), ['NETWORK_POLICY_OPENS']);
  const closed = checked(
    { policies, more: [STRICT] },
    { delete: { kind: 'NetworkPolicy', namespace: 'shop', name: 'in' } },
  );
  t.same(outside(closed), ['NETWORK_POLICY_CUTS']);
  for (const { message } of [...opened, ...closed]) t.notMatch(message, /by \.|which {2}|\(\)/);
  t.ok(closed.some(({ message }) => message.includes("ingress by the network plugin's default")));
});

t.test('health checks of each family are looked at', async (t) => {
  const block = (cidr: string) =>
    policy('bank/only', {
      podSelector: { matchLabels: { role: 'ledger' } },
      policyTypes: ['Ingress'],
      ingress: [{ from: [{ ipBlock: { cidr } }] }],
    });
  const settings = {
    loadBalancer: { services: { 'bank/ledger': { implementation: 'aws-nlb', targetType: 'instance' } } },
  };
  const families = (cidr: string) => {
    const snapshot = bankSnapshot({ policies: [block(cidr)], service: { type: 'LoadBalancer' } });
    return ask('inspect', { settings } as never, snapshot)
      .findings.filter(({ code }) => code === 'HEALTH_CHECK_DENIED')
      .map(({ evidence }) => evidence.family);
  };
  t.same(families('0.0.0.0/0'), ['IPv6']);
  t.same(families('::/0'), ['IPv4']);
});

t.test('clients that stand for any pod are not let through where a policy of the plugin may deny them', async (t) => {
  const byLabels = ingressOf([{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }]);
  const ofCalico = {
    apiVersion: 'crd.projectcalico.org/v1',
    kind: 'GlobalNetworkPolicy',
    metadata: { name: 'baseline' },
    spec: { selector: "app == 'db'", types: ['Ingress'] },
  };
  const shares = (...policies: readonly unknown[]) => {
    const question = { services: [{ namespace: 'shop', name: 'db', port: 80 }] };
    const { result } = ask('probability', { probability: question } as never, policedSnapshot({ policies }));
    return result.services.flatMap(({ delivered, unknown }) => [delivered.fraction, unknown.fraction]);
  };
  t.same(shares(byLabels), ['1', '0']);
  t.same(shares(ofCalico), ['0', '1']);
  t.same(shares(byLabels, ofCalico), ['0', '1']);
});

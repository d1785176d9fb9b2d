/** What policies decide, case by case, each with its reason, on a path of its own. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import {
  adminPolicy,
  agents,
  BANK_NAMESPACES,
  type BankOptions,
  bankNamespace,
  bankSnapshot,
  policy,
} from '../support/bank-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const LEDGER = { matchLabels: { role: 'ledger' } };
const DEV = { matchLabels: { env: 'dev' } };
const PASSES = 'DELIVERED';
const DENIED = 'DROPPED NETWORK_POLICY';
const OPEN = 'UNKNOWN MISSING_DATA';

/** A policy for what connects to ledger. */
const guard = (ingress: unknown) => [policy('bank/guard', { podSelector: LEDGER, policyTypes: ['Ingress'], ingress })];
const from = (...peers: readonly unknown[]) => guard([{ from: peers }]);
const ports = (...list: readonly unknown[]) => guard([{ ports: list }]);
const block = (cidr: string, ...except: readonly string[]) => ({
  ipBlock: { cidr, ...(except.length === 0 ? {} : { except }) },
});

const ALL = { namespaces: {} };
const admin = (rules: Fields, more: Fields = {}) =>
  adminPolicy('admin', { priority: 5, subject: ALL, ...rules, ...more });
const baseline = (rules: Fields, subject: unknown = ALL) =>
  adminPolicy('default', { subject, ...rules }, 'BaselineAdminNetworkPolicy');
const rule = (action: string, ...peers: readonly unknown[]) => ({ ingress: [{ action, from: peers }] });
const toRule = (action: string, ...peers: readonly unknown[]) => ({ egress: [{ action, to: peers }] });

const toService = (key: string, port = 443, more: Fields = {}) => {
  const [namespace, name] = key.split('/');
  return { service: { namespace, name, port, ...more } };
};
const NODE_PORT = { via: 'NODE_PORT' };
const outside = (address: string, entersAt: string) => ({ external: { address, entersAt } });

interface Case {
  readonly why: string;
  readonly policies: readonly unknown[];
  /** Default: lab/bench-0. */
  readonly from?: Fields;
  /** Default: Service bank/ledger. */
  readonly to?: Fields;
  readonly options?: BankOptions;
  readonly protocol?: 'UDP';
  readonly family?: 'IPv6';
  readonly is: string;
}

const UDP = { protocol: 'UDP', to: toService('bank/ledger', 53) } as const;
const NO_NAMESPACES = { namespaces: [] };
const NO_LABELS = {
  namespaces: [...BANK_NAMESPACES.filter((one) => one.metadata.name !== 'edge'), bankNamespace('edge')],
};
const GATE = { pod: 'edge/gate-0' };

const NETWORK_POLICY: readonly Case[] = [
  { why: 'null in the place of rules is no rule', policies: guard(null), is: DENIED },
  { why: 'a rule without peers and ports lets all in', policies: guard([{ from: [], ports: [] }]), is: PASSES },
  {
    why: 'rules of two policies are a union',
    policies: [
      ...guard([]),
      policy('bank/other', { podSelector: {}, ingress: [{ from: [{ namespaceSelector: DEV }] }] }),
    ],
    is: PASSES,
  },
  {
    why: 'a policy of another namespace selects no pod of this one',
    policies: [policy('lab/guard', { podSelector: LEDGER, policyTypes: ['Ingress'] })],
    is: PASSES,
  },
  {
    why: 'podSelector alone means the policy’s namespace',
    policies: from({ podSelector: { matchLabels: { role: 'bench' } } }),
    is: DENIED,
  },
  {
    why: 'both selectors in one peer: both must match',
    policies: from({ namespaceSelector: DEV, podSelector: { matchLabels: { role: 'teller' } } }),
    is: DENIED,
  },
  {
    why: 'in two peers: one is enough',
    policies: from({ namespaceSelector: DEV }, { podSelector: { matchLabels: { role: 'nobody' } } }),
    is: PASSES,
  },
  {
    why: 'NotIn matches a namespace without the label',
    policies: from({ namespaceSelector: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['prod'] }] } }),
    from: GATE,
    is: PASSES,
  },
  {
    why: 'an empty value needs the label all the same',
    policies: from({ namespaceSelector: { matchLabels: { env: '' } } }),
    from: GATE,
    is: DENIED,
  },
  {
    why: 'a namespace whose object has no labels has none',
    policies: from({ namespaceSelector: { matchLabels: { env: 'x' } } }),
    from: GATE,
    options: NO_LABELS,
    is: DENIED,
  },
  {
    why: 'but its name, which the API server gives it',
    policies: from({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'edge' } } }),
    from: GATE,
    options: NO_LABELS,
    is: PASSES,
  },
  { why: 'an exception is taken out of its block', policies: from(block('10.60.0.0/16', '10.60.3.0/24')), is: DENIED },
  {
    why: 'and may be let in by another block',
    policies: from(block('10.60.0.0/16', '10.60.3.0/24'), block('10.60.3.40/32')),
    is: PASSES,
  },
  { why: 'endPort counts', policies: ports({ port: 8999, endPort: 9000 }), is: PASSES },
  { why: 'a name has a protocol', policies: ports({ port: 'dns' }), ...UDP, is: DENIED },
  { why: 'which the rule gives', policies: ports({ port: 'dns', protocol: 'UDP' }), ...UDP, is: PASSES },
  { why: 'a protocol alone is all of its ports', policies: ports({ protocol: 'UDP' }), ...UDP, is: PASSES },
  {
    why: 'names of init containers’ ports do not count',
    policies: ports({ port: 'side' }),
    options: {
      pods: {
        'bank/ledger-0': {
          initContainers: [{ name: 'i', restartPolicy: 'Always', ports: [{ name: 'side', containerPort: 9000 }] }],
        },
      },
    },
    is: DENIED,
  },
  { why: 'IPv6: a block of that family', policies: from(block('fd60:0:0:3::/64')), family: 'IPv6', is: PASSES },
  { why: 'IPv6: a block of the other family', policies: from(block('0.0.0.0/0')), family: 'IPv6', is: DENIED },
  { why: 'IPv6: an exception', policies: from(block('fd60::/16', 'fd60:0:0:3::/64')), family: 'IPv6', is: DENIED },
  { why: 'IPv6: labels know no family', policies: from({ namespaceSelector: DEV }), family: 'IPv6', is: PASSES },
  {
    why: 'IPv6: masqueraded at another node; the client’s address tells the family',
    policies: from(block('2001:db8::/32')),
    from: outside('2001:db8::7', 'alder'),
    to: toService('bank/ledger', 443, NODE_PORT),
    is: DENIED,
  },
  {
    why: 'IPv6: seen as that node',
    policies: from(block('fd00:9::11/128')),
    from: outside('2001:db8::7', 'alder'),
    to: toService('bank/ledger', 443, NODE_PORT),
    is: PASSES,
  },
  {
    why: 'IPv6: not at the pod’s own node',
    policies: from(block('2001:db8::/32')),
    from: outside('2001:db8::7', 'birch'),
    to: toService('bank/ledger', 443, NODE_PORT),
    is: PASSES,
  },
];

const UNKNOWN_NAMESPACES: readonly Case[] = [
  {
    why: 'the name of a namespace is known',
    policies: from({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'edge' } } }),
    is: DENIED,
  },
  { why: 'other labels are not', policies: from({ namespaceSelector: DEV }), is: OPEN },
  {
    why: 'where the pod does not match they do not matter',
    policies: from({ namespaceSelector: DEV, podSelector: LEDGER }),
    is: DENIED,
  },
  {
    why: 'where another rule allows neither',
    policies: from({ namespaceSelector: DEV }, { namespaceSelector: {} }),
    is: PASSES,
  },
  { why: 'an administrator’s Deny by them', policies: [admin(rule('Deny', { namespaces: DEV }))], is: OPEN },
  {
    why: 'a Deny does not matter where NetworkPolicies deny',
    policies: [admin(rule('Deny', { namespaces: DEV })), ...guard([])],
    is: DENIED,
  },
  { why: 'an Allow where nothing denies', policies: [admin(rule('Allow', { namespaces: DEV }))], is: PASSES },
  { why: 'a Pass where nothing comes after it', policies: [admin(rule('Pass', { namespaces: DEV }))], is: PASSES },
  {
    why: 'a Pass before a Deny',
    policies: [admin({ ingress: [...rule('Pass', { namespaces: DEV }).ingress, ...rule('Deny', ALL).ingress] })],
    is: OPEN,
  },
  {
    why: 'an Allow before a rule that allows anyway',
    policies: [
      admin({ ingress: [...rule('Allow', { namespaces: DEV }).ingress, ...rule('Allow', ALL).ingress] }),
      ...guard([]),
    ],
    is: PASSES,
  },
  {
    why: 'whom a policy is about',
    policies: [admin(rule('Deny', ALL), { subject: { namespaces: { matchLabels: { env: 'prod' } } } })],
    is: OPEN,
  },
  {
    why: 'a baseline does not matter to a pod that NetworkPolicies isolate',
    policies: [baseline(rule('Deny', ALL), { namespaces: { matchLabels: { env: 'prod' } } }), ...guard([{}])],
    is: PASSES,
  },
];

const ADMIN: readonly Case[] = [
  {
    why: 'a Deny overrules NetworkPolicies',
    policies: [admin(rule('Deny', { namespaces: DEV })), ...guard([{}])],
    is: DENIED,
  },
  {
    why: 'the first form wraps the selector of namespaces',
    policies: [admin(rule('Deny', { namespaces: { namespaceSelector: DEV } }))],
    is: DENIED,
  },
  {
    why: 'and that of pods',
    policies: [
      admin(
        rule('Deny', {
          pods: { namespaces: { namespaceSelector: DEV }, podSelector: { matchLabels: { role: 'bench' } } },
        }),
      ),
    ],
    is: DENIED,
  },
  {
    why: 'sameLabels of the first form: another value than that of the subject’s namespace',
    policies: [
      admin({
        ingress: [
          { action: 'Allow', from: [{ namespaces: { sameLabels: ['env'] } }] },
          { action: 'Deny', from: [{ namespaces: { namespaceSelector: {} } }] },
        ],
      }),
    ],
    is: DENIED,
  },
  {
    why: 'sameLabels: the same value',
    policies: [admin(rule('Deny', { pods: { namespaces: { sameLabels: ['env'] }, podSelector: {} } }))],
    from: { pod: 'bank/teller-0' },
    is: DENIED,
  },
  {
    why: 'sameLabels: a namespace without the label',
    policies: [admin(rule('Deny', { namespaces: { sameLabels: ['env'] } }))],
    from: GATE,
    is: PASSES,
  },
  {
    why: 'sameLabels: an empty list selects nothing',
    policies: [admin(rule('Deny', { namespaces: { sameLabels: [] } }))],
    from: { pod: 'bank/teller-0' },
    is: PASSES,
  },
  {
    why: 'sameLabels: a namespace that the snapshot does not hold may have the label',
    policies: [admin(rule('Deny', { namespaces: { sameLabels: ['env'] } }))],
    options: { namespaces: [bankNamespace('bank', { env: 'prod' })] },
    is: OPEN,
  },
  {
    why: 'notSameLabels: another value',
    policies: [admin(rule('Deny', { namespaces: { notSameLabels: ['env'] } }))],
    is: DENIED,
  },
  {
    why: 'notSameLabels: the same value',
    policies: [admin(rule('Deny', { namespaces: { notSameLabels: ['env'] } }))],
    from: { pod: 'bank/teller-0' },
    is: PASSES,
  },
  {
    why: 'notSameLabels: a namespace without the label',
    policies: [admin(rule('Deny', { namespaces: { notSameLabels: ['env'] } }))],
    from: GATE,
    is: PASSES,
  },
  {
    why: 'other pods of them do not match',
    policies: [admin(rule('Deny', { pods: { namespaces: { namespaceSelector: DEV }, podSelector: LEDGER } }))],
    is: PASSES,
  },
  {
    why: 'the smaller priority decides, whatever the names',
    policies: [
      admin(rule('Deny', ALL), { priority: 9 }),
      adminPolicy('zz', { priority: 3, subject: ALL, ...rule('Allow', ALL) }),
      ...guard([]),
    ],
    is: PASSES,
  },
  {
    why: 'Pass skips the rest of the tier',
    policies: [
      admin(rule('Pass', ALL)),
      adminPolicy('zz', { priority: 30, subject: ALL, ...rule('Allow', ALL) }),
      ...guard([]),
    ],
    is: DENIED,
  },
  { why: 'Pass comes to the baseline', policies: [admin(rule('Pass', ALL)), baseline(rule('Deny', ALL))], is: DENIED },
  {
    why: 'a client outside matches no rule',
    policies: [baseline(rule('Deny', ALL)), admin(rule('Deny', ALL))],
    from: outside('203.0.113.4', 'birch'),
    to: toService('bank/ledger', 443, NODE_PORT),
    is: PASSES,
  },
  { why: 'networks match pods too', policies: [admin(toRule('Deny', { networks: ['0.0.0.0/0'] }))], is: DENIED },
  {
    why: 'of their family',
    policies: [admin(toRule('Deny', { networks: ['0.0.0.0/0'] }))],
    family: 'IPv6',
    is: PASSES,
  },
  {
    why: 'nodes are their addresses, which pods in their network have',
    policies: [admin(toRule('Deny', { nodes: { matchLabels: { 'kubernetes.io/hostname': 'cedar' } } }))],
    from: GATE,
    to: toService('lab/scan'),
    is: DENIED,
  },
  {
    why: 'a pod in its node’s network is no peer',
    policies: [admin(rule('Deny', { namespaces: DEV }))],
    from: { pod: 'lab/scan-0' },
    is: PASSES,
  },
  { why: 'nor a subject', policies: [admin(toRule('Deny', ALL))], from: { pod: 'lab/scan-0' }, is: PASSES },
  {
    why: 'the port is the pod’s',
    policies: [
      admin({ ingress: [{ action: 'Deny', from: [ALL], ports: [{ portNumber: { protocol: 'TCP', port: 443 } }] }] }),
    ],
    is: PASSES,
  },
  {
    why: 'a name is that of the pod’s port',
    policies: [admin({ ingress: [{ action: 'Deny', from: [ALL], ports: [{ namedPort: 'web' }] }] })],
    is: DENIED,
  },
];

/** ClusterNetworkPolicy, alike in both versions. */
const cluster = (version: string): readonly Case[] => {
  const own = (name: string, tier: string, priority: number, rules: Fields) =>
    adminPolicy(name, { tier, priority, subject: ALL, ...rules }, 'ClusterNetworkPolicy', version);
  const denies = (...protocols: readonly unknown[]) => [
    own('a', 'Admin', 1, { ingress: [{ action: 'Deny', from: [ALL], protocols }] }),
  ];
  const itself = own('a', 'Admin', 1, toRule('Deny', ALL));
  const ledger = { pod: 'bank/ledger-0' };
  return [
    {
      why: 'Accept overrules NetworkPolicies',
      policies: [
        own('a', 'Admin', 1, rule('Accept', { pods: { namespaceSelector: DEV, podSelector: {} } })),
        ...guard([]),
      ],
      is: PASSES,
    },
    {
      why: 'a range',
      policies: denies({ tcp: { destinationPort: { range: { start: 8999, end: 9000 } } } }),
      is: DENIED,
    },
    {
      why: 'another protocol',
      policies: denies({ udp: {} }, { sctp: { destinationPort: { number: 9000 } } }),
      is: PASSES,
    },
    { why: 'a protocol alone', policies: denies({ udp: {} }), ...UDP, is: DENIED },
    { why: 'a name', policies: denies({ destinationNamedPort: 'web' }), is: DENIED },
    {
      why: 'the tier Baseline has priorities, too',
      policies: [
        own('a', 'Baseline', 10, rule('Deny', ALL)),
        own('z', 'Baseline', 2, rule('Accept', { namespaces: DEV })),
      ],
      is: PASSES,
    },
    {
      why: 'and comes after NetworkPolicies',
      policies: [own('a', 'Baseline', 1, rule('Deny', ALL)), ...guard([{}])],
      is: PASSES,
    },
    {
      why: 'it counts where a pod comes back to itself through a Service',
      policies: [itself],
      from: ledger,
      is: DENIED,
    },
    {
      why: 'and not where it asks itself',
      policies: [itself],
      from: ledger,
      to: { pod: 'bank/ledger-0', port: 9000 },
      is: PASSES,
    },
  ];
};

const CALICO_332 = { more: agents('calico-node', 'docker.io/calico/node:v3.32.0') };

const TABLE: readonly (readonly [name: string, cases: readonly Case[], options?: BankOptions])[] = [
  ['NetworkPolicy', NETWORK_POLICY],
  ['without Namespaces', UNKNOWN_NAMESPACES, NO_NAMESPACES],
  ['AdminNetworkPolicy', ADMIN],
  ['ClusterNetworkPolicy v1alpha2', cluster('v1alpha2'), CALICO_332],
  ['ClusterNetworkPolicy v1beta1', cluster('v1beta1'), CALICO_332],
];

for (const [name, cases, common = {}] of TABLE) {
  t.test(name, async (t) => {
    for (const one of cases) {
      const { why, policies, options = {}, family, protocol } = one;
      const path = {
        source: one.from ?? { pod: 'lab/bench-0' },
        destination: one.to ?? toService('bank/ledger'),
        ...(family === undefined ? {} : { family }),
        ...(protocol === undefined ? {} : { protocol }),
      };
      const { result } = ask('path', { path } as never, bankSnapshot({ ...common, ...options, policies }));
      const found = result.traces.map(({ verdict, cause }) => (cause === undefined ? verdict : `${verdict} ${cause}`));
      t.same([...new Set(found)], [one.is], why);
    }
  });
}

t.test('clients of nodes are one group only where policies see them alike', async (t) => {
  const shares = (clients: object | undefined, policies: readonly unknown[], via = 'CLUSTER_IP') => {
    const services = [{ namespace: 'bank', name: 'ledger', port: 443, via }];
    const probability = { services, ...(clients === undefined ? {} : { clients }), families: ['IPv4'] };
    const { result } = ask('probability', { probability } as never, bankSnapshot({ policies }));
    return result.services.map(({ verdicts }) =>
      verdicts.map(({ verdict, share }) => `${verdict} ${share.fraction}`).sort(),
    );
  };
  const PODS = { nodes: { from: 'POD' } };
  const ROWS: readonly (readonly [why: string, clients: object, cidr: string, shares: readonly string[]])[] = [
    ['the pods of one node', PODS, '10.60.1.0/24', ['DELIVERED 1/3', 'DROPPED 2/3']],
    ['of another one', PODS, '10.60.3.0/24', ['DELIVERED 1/3', 'DROPPED 2/3']],
    ['of all nodes', PODS, '10.60.0.0/16', ['DELIVERED 1']],
    ['part of the pods of a node', PODS, '10.60.1.128/25', ['DELIVERED 1/3', 'DROPPED 2/3']],
    // A node that is not the pod's own; the pod's own is never cut off.
    ['a node', { nodes: { from: 'HOST' } }, '10.9.0.11/32', ['DELIVERED 2/3', 'DROPPED 1/3']],
  ];
  for (const [why, clients, cidr, wanted] of ROWS) t.same(shares(clients, from(block(cidr))), [wanted], why);
  const outsideClient = { external: { address: '203.0.113.9', entersAt: undefined } };
  t.same(
    shares(outsideClient, from(block('203.0.113.0/24')), 'NODE_PORT'),
    [['DELIVERED 1/3', 'DROPPED 2/3']],
    'outside',
  );
});

t.test('the address of a client outside chooses the family', async (t) => {
  const services = [{ namespace: 'bank', name: 'ledger', port: 443, via: 'NODE_PORT' }];
  for (const [address, family] of [
    ['203.0.113.9', 'IPv4'],
    ['2001:db8::9', 'IPv6'],
  ] as const) {
    const probability = { services, clients: { external: { address } } };
    const { result } = ask('probability', { probability } as never, bankSnapshot());
    t.same(
      result.services.map((one) => one.family),
      [family],
      address,
    );
  }
});

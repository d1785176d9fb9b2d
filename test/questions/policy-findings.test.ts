/** Findings about network policies: each where it should be, and not where it should not. */
import t from 'tap';
import type { Finding } from '../../src/contract/answers.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { FINDING_CODES, type FindingCode } from '../../src/questions/findings/codes.js';
import { bankSnapshot, policy } from '../support/bank-cluster.js';
import {
  CALICO,
  CLUSTER_DNS,
  enforcer,
  namespace,
  networkPolicy,
  type PolicedOptions,
  policedSnapshot,
} from '../support/policed-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const DB = { podSelector: { matchLabels: { app: 'db' } } };
const ingress = (name: string, rules: readonly unknown[], more: Fields = {}) =>
  networkPolicy(name, { ...DB, policyTypes: ['Ingress'], ingress: rules, ...more });
const egress = (name: string, rules: readonly unknown[], selector: Fields = { matchLabels: { app: 'web' } }) =>
  networkPolicy(name, { podSelector: selector, policyTypes: ['Egress'], egress: rules });

const DNS = [CALICO, ...CLUSTER_DNS];

const admin = (name: string, spec: Fields, kind = 'AdminNetworkPolicy', version = 'v1alpha1') => ({
  apiVersion: `policy.networking.k8s.io/${version}`,
  kind,
  metadata: { name },
  spec,
});
const DENY_OPS = {
  priority: 10,
  subject: { namespaces: { matchLabels: { team: 'a' } } },
  ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { team: 'b' } } }] }],
};

const inspected = (options: PolicedOptions, settings: Fields = {}) =>
  ask('inspect', { settings } as never, policedSnapshot(options)).findings;
const checked = (options: PolicedOptions, ...changes: readonly unknown[]) =>
  ask('check', { changes: changes as readonly Change[] } as never, policedSnapshot(options)).findings;
const apply = (...manifests: readonly unknown[]) => ({ apply: { manifests } });

/** The nodes and pods of the cluster, by address. */
const PRIVATE = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'].map((cidr) => ({ ipBlock: { cidr } }));
const OUTSIDE = [{ from: [{ ipBlock: { cidr: '198.51.100.0/24' } }] }];
const balanced = { type: 'LoadBalancer', externalTrafficPolicy: 'Cluster' };

interface Case {
  readonly code: FindingCode;
  readonly what: string;
  readonly found: () => readonly Finding[];
  readonly evidence: Fields;
  readonly message?: RegExp;
  /** Another severity than that of the table. */
  readonly severity?: string;
  readonly without: readonly (readonly [string, () => readonly Finding[]])[];
}

const CASES: readonly Case[] = [
  {
    code: 'NETWORK_POLICY_SELECTS_NOTHING',
    what: 'a label that no pod has',
    found: () => inspected({ policies: [networkPolicy('typo', { podSelector: { matchLabels: { app: 'dbb' } } })] }),
    evidence: { policy: 'NetworkPolicy shop/typo' },
    without: [
      ['a pod has the label', () => inspected({ policies: [ingress('ok', [{}])] })],
      [
        'a workload without pods would make some',
        () =>
          inspected({
            policies: [networkPolicy('later', { podSelector: { matchLabels: { app: 'later' } } })],
            more: [
              CALICO,
              {
                apiVersion: 'apps/v1',
                kind: 'Deployment',
                metadata: { name: 'later', namespace: 'shop' },
                spec: {
                  replicas: 0,
                  selector: { matchLabels: { app: 'later' } },
                  template: { metadata: { labels: { app: 'later' } }, spec: { containers: [{ name: 'c' }] } },
                },
              },
            ],
          }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_SELECTS_NOTHING',
    what: 'an admin policy about no namespace',
    found: () =>
      inspected({
        policies: [admin('none', { ...DENY_OPS, subject: { namespaces: { matchLabels: { team: 'z' } } } })],
      }),
    evidence: { policy: 'AdminNetworkPolicy none' },
    without: [['its subject is there', () => inspected({ policies: [admin('some', DENY_OPS)] })]],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a namespace that is not there',
    found: () =>
      inspected({ policies: [ingress('ns', [{ from: [{ namespaceSelector: { matchLabels: { team: 'z' } } }] }])] }),
    evidence: { cause: 'NO_NAMESPACE', pointer: '/spec/ingress/0/from/0' },
    without: [
      [
        'it is there',
        () =>
          inspected({ policies: [ingress('ns', [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }])] }),
      ],
      [
        'labels of namespaces are not known',
        () =>
          inspected({
            namespaces: [],
            policies: [ingress('ns', [{ from: [{ namespaceSelector: { matchLabels: { team: 'z' } } }] }])],
          }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a pod that is not there',
    found: () =>
      inspected({ policies: [ingress('p', [{ from: [{ podSelector: { matchLabels: { app: 'apii' } } }] }])] }),
    evidence: { cause: 'NO_POD' },
    without: [
      [
        'it is',
        () => inspected({ policies: [ingress('p', [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }])] }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a name that no port has',
    found: () => inspected({ policies: [ingress('n', [{ ports: [{ port: 'https' }] }])] }),
    evidence: { cause: 'NO_NAMED_PORT', pointer: '/spec/ingress/0/ports/0', what: 'https/TCP' },
    without: [['a port has it', () => inspected({ policies: [ingress('n', [{ ports: [{ port: 'http' }] }])] })]],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a name that no port in the cluster has, to anybody',
    found: () => inspected({ policies: [egress('n', [{ ports: [{ port: 'https' }] }])] }),
    evidence: { cause: 'NO_NAMED_PORT', pointer: '/spec/egress/0/ports/0' },
    without: [['some pod has it', () => inspected({ policies: [egress('n', [{ ports: [{ port: 'http' }] }])] })]],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a name of a port, to addresses outside',
    found: () =>
      inspected({
        policies: [egress('n', [{ to: [{ ipBlock: { cidr: '198.51.100.0/24' } }], ports: [{ port: 'http' }] }])],
      }),
    evidence: { cause: 'NO_NAMED_PORT', pointer: '/spec/egress/0/ports/0' },
    without: [
      [
        'addresses of pods',
        () =>
          inspected({
            policies: [egress('n', [{ to: [{ ipBlock: { cidr: '10.244.0.0/16' } }], ports: [{ port: 'http' }] }])],
          }),
      ],
      [
        'a number',
        () =>
          inspected({
            policies: [egress('n', [{ to: [{ ipBlock: { cidr: '198.51.100.0/24' } }], ports: [{ port: 443 }] }])],
          }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a rule of an administrator about a namespace that is not there',
    found: () =>
      inspected({
        policies: [
          admin('typo', {
            ...DENY_OPS,
            ingress: [{ action: 'Deny', from: [{ namespaces: { matchLabels: { team: 'z' } } }] }],
          }),
        ],
      }),
    evidence: { policy: 'AdminNetworkPolicy typo', cause: 'NO_NAMESPACE', pointer: '/spec/ingress/0/from/0' },
    without: [['it is', () => inspected({ policies: [admin('ok', DENY_OPS)] })]],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a rule of an administrator about a port that no pod has',
    found: () =>
      inspected({
        policies: [
          admin('port', {
            ...DENY_OPS,
            ingress: [{ action: 'Deny', from: [{ namespaces: {} }], ports: [{ namedPort: 'https' }] }],
          }),
        ],
      }),
    evidence: { policy: 'AdminNetworkPolicy port', cause: 'NO_NAMED_PORT', pointer: '/spec/ingress/0/ports/0' },
    without: [
      [
        'some pod has it',
        () =>
          inspected({
            policies: [
              admin('port', {
                ...DENY_OPS,
                ingress: [{ action: 'Deny', from: [{ namespaces: {} }], ports: [{ namedPort: 'http' }] }],
              }),
            ],
          }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'a rule of an administrator about nodes that are not there',
    found: () =>
      inspected({
        policies: [
          admin('nodes', {
            ...DENY_OPS,
            ingress: [],
            egress: [{ action: 'Deny', to: [{ nodes: { matchLabels: { pool: 'edge' } } }] }],
          }),
        ],
      }),
    evidence: { cause: 'NO_NODE', pointer: '/spec/egress/0/to/0' },
    without: [],
  },
  {
    code: 'NETWORK_POLICY_RULE_NEVER_MATCHES',
    what: 'the port of the Service instead of the pod',
    found: () => inspected({ policies: [ingress('n', [{ ports: [{ port: 80 }] }])] }),
    evidence: { cause: 'NO_PORT', what: '80/TCP' },
    without: [
      ['the port of the pod', () => inspected({ policies: [ingress('n', [{ ports: [{ port: 8080 }] }])] })],
      ['a range with it', () => inspected({ policies: [ingress('n', [{ ports: [{ port: 80, endPort: 9000 }] }])] })],
      ['egress to anybody', () => inspected({ policies: [egress('n', [{ ports: [{ port: 80 }] }])] })],
    ],
  },
  {
    code: 'NETWORK_POLICY_DOUBTFUL',
    what: 'rules of a direction that policyTypes leaves out',
    found: () => inspected({ policies: [ingress('d', [{}], { egress: [{}] })] }),
    evidence: { cause: 'RULES_NOT_READ', pointer: '/spec/egress' },
    without: [
      [
        'both are named',
        () => inspected({ policies: [ingress('d', [{}], { policyTypes: ['Ingress', 'Egress'], egress: [{}] })] }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_DOUBTFUL',
    what: 'equal priorities',
    found: () => inspected({ policies: [admin('a', DENY_OPS), admin('b', DENY_OPS)] }),
    evidence: { policy: 'AdminNetworkPolicy a', cause: 'EQUAL_PRIORITIES' },
    without: [
      [
        'different ones',
        () => inspected({ policies: [admin('a', DENY_OPS), admin('b', { ...DENY_OPS, priority: 11 })] }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_DOUBTFUL',
    what: 'host bits',
    found: () => inspected({ policies: [ingress('h', [{ from: [{ ipBlock: { cidr: '10.1.2.3/8' } }] }])] }),
    evidence: { cause: 'HOST_BITS', pointer: '/spec/ingress/0/from/0/ipBlock/cidr' },
    without: [
      ['none', () => inspected({ policies: [ingress('h', [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }])] })],
    ],
  },
  ...['010.0.0.0/8', '10.0.00.0/16', '::ffff:10.0.0.0/104'].map((cidr) => ({
    code: 'NETWORK_POLICY_DOUBTFUL' as const,
    what: `an address that plugins read in different ways: ${cidr}`,
    found: () => inspected({ policies: [ingress('h', [{ from: [{ ipBlock: { cidr } }] }])] }),
    evidence: { cause: 'SPELLING', pointer: '/spec/ingress/0/from/0/ipBlock/cidr' },
    without: [
      ['none', () => inspected({ policies: [ingress('h', [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }])] })],
      ['IPv6', () => inspected({ policies: [ingress('h', [{ from: [{ ipBlock: { cidr: 'fd00::/8' } }] }])] })],
    ] as const,
  })),
  {
    code: 'NETWORK_POLICY_DOUBTFUL',
    what: 'a baseline for a pod that is isolated in the other direction',
    found: () =>
      inspected({
        policies: [
          ingress('db', []),
          admin(
            'default',
            { subject: { namespaces: {} }, egress: [{ action: 'Deny', to: [{ namespaces: {} }] }] },
            'BaselineAdminNetworkPolicy',
          ),
        ],
      }),
    evidence: { cause: 'BASELINE_OTHER_DIRECTION', pointer: '/spec/egress' },
    without: [
      [
        'it is isolated in both',
        () =>
          inspected({
            policies: [
              ingress('db', [], { policyTypes: ['Ingress', 'Egress'] }),
              admin(
                'default',
                { subject: { namespaces: {} }, egress: [{ action: 'Deny', to: [{ namespaces: {} }] }] },
                'BaselineAdminNetworkPolicy',
              ),
            ],
          }),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICIES_NOT_ENFORCED',
    what: 'flannel alone',
    found: () =>
      inspected({ policies: [ingress('x', [])], more: [enforcer('kube-flannel', 'docker.io/flannel/flannel:v0.25')] }),
    evidence: { policies: ['NetworkPolicy shop/x'] },
    without: [
      ['Calico', () => inspected({ policies: [ingress('x', [])] })],
      ['no policy', () => inspected({ more: [enforcer('kube-flannel', 'docker.io/flannel/flannel:v0.25')] })],
      [
        'the request says so',
        () =>
          inspected(
            { policies: [ingress('x', [])], more: [enforcer('kube-flannel', 'docker.io/flannel/flannel:v0.25')] },
            { network: { policies: 'IGNORED' } },
          ),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_KIND_NOT_ENFORCED',
    what: 'an admin policy with kube-router',
    found: () =>
      inspected({
        policies: [admin('a', DENY_OPS)],
        more: [enforcer('kube-router', 'cloudnativelabs/kube-router:v2')],
      }),
    evidence: { kind: 'AdminNetworkPolicy', enforcer: 'kube-router' },
    without: [['with Calico', () => inspected({ policies: [admin('a', DENY_OPS)] })]],
  },
  {
    code: 'NETWORK_POLICY_KIND_NOT_ENFORCED',
    what: 'a policy of Cilium with Calico',
    found: () =>
      inspected({
        policies: [
          {
            apiVersion: 'cilium.io/v2',
            kind: 'CiliumNetworkPolicy',
            metadata: { name: 'c', namespace: 'shop' },
            spec: { endpointSelector: { matchLabels: { app: 'nobody' } } },
          },
        ],
      }),
    evidence: { kind: 'CiliumNetworkPolicy', enforcer: 'Calico' },
    without: [],
  },
  {
    code: 'DNS_DENIED',
    what: 'egress that forgot DNS',
    found: () => inspected({ policies: [egress('only-db', [{ to: [DB] }])], more: DNS }),
    evidence: { direction: 'EGRESS', policies: ['shop/only-db'], workloads: ['StatefulSet shop/web'], podCount: 2 },
    without: [
      [
        'DNS is let through',
        () =>
          inspected({
            policies: [
              egress('db-dns', [
                { to: [DB] },
                { to: [{ namespaceSelector: {} }], ports: [{ port: 53, protocol: 'UDP' }] },
              ]),
            ],
            more: DNS,
          }),
      ],
      [
        'policies are ignored',
        () => inspected({ policies: [egress('only-db', [])], more: DNS }, { network: { policies: 'IGNORED' } }),
      ],
    ],
  },
  {
    code: 'DNS_DENIED',
    what: 'egress that forgot DNS, which the snapshot does not have',
    found: () => inspected({ policies: [egress('only-db', [{ to: [DB] }])] }),
    evidence: { direction: 'EGRESS', policies: ['shop/only-db'], assumed: true },
    without: [
      ['nothing is let through, so that no names are needed', () => inspected({ policies: [egress('none', [])] })],
      [
        'port 53 is let through',
        () => inspected({ policies: [egress('dns', [{ to: [DB] }, { ports: [{ port: 53, protocol: 'UDP' }] }])] }),
      ],
      [
        'the usual pods are let through',
        () =>
          inspected({
            policies: [
              egress('dns', [
                {
                  to: [
                    {
                      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
                      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
                    },
                  ],
                },
              ]),
            ],
          }),
      ],
    ],
  },
  {
    code: 'DNS_DENIED',
    what: 'DNS over TCP alone',
    found: () => inspected({ policies: [egress('tcp', [{ ports: [{ port: 53, protocol: 'TCP' }] }])], more: DNS }),
    evidence: { direction: 'EGRESS' },
    without: [],
  },
  {
    code: 'DNS_DENIED',
    what: 'policies of the DNS pods',
    found: () =>
      inspected({
        policies: [
          networkPolicy(
            'dns-in',
            {
              podSelector: {},
              policyTypes: ['Ingress'],
              ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }],
            },
            'kube-system',
          ),
        ],
        more: DNS,
      }),
    evidence: { direction: 'INGRESS', workloads: ['StatefulSet ops/probe'] },
    without: [],
  },
  {
    code: 'CLIENT_RANGE_MASQUERADED',
    what: 'a client range behind externalTrafficPolicy Cluster',
    found: () => inspected({ policies: [ingress('range', OUTSIDE)] }),
    evidence: {
      service: 'shop/db',
      address: '198.51.100.0/24',
      policy: 'shop/range',
      nodes: ['n1', 'n2'],
      passesAt: ['n3'],
      seenAs: ['10.0.0.1', '10.0.0.2'],
    },
    without: [
      [
        'Local',
        () => inspected({ policies: [ingress('range', OUTSIDE)], service: { externalTrafficPolicy: 'Local' } }),
      ],
      [
        'nodes are let in too',
        () =>
          inspected({ policies: [ingress('range', [...OUTSIDE, { from: [{ ipBlock: { cidr: '10.0.0.0/24' } }] }])] }),
      ],
      [
        'no way in from outside',
        () => inspected({ policies: [ingress('range', OUTSIDE)], service: { type: 'ClusterIP' } }),
      ],
      [
        'a network of pods',
        () => inspected({ policies: [ingress('range', [{ from: [{ ipBlock: { cidr: '10.244.1.0/24' } }] }])] }),
      ],
    ],
  },
  {
    code: 'HEALTH_CHECK_DENIED',
    what: 'probes of node ports that lead to pods of other nodes',
    found: () =>
      inspected(
        {
          policies: [ingress('closed', [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }])],
          service: { ...balanced },
        },
        { loadBalancer: { services: { 'shop/db': { implementation: 'aws-nlb', targetType: 'instance' } } } },
      ),
    evidence: { service: 'shop/db' },
    without: [],
  },
  {
    code: 'HEALTH_CHECK_DENIED',
    what: 'probes are no clients: a range of clients outside does not let them in',
    found: () =>
      inspected(
        {
          policies: [ingress('range', [{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }])],
          service: { ...balanced },
        },
        { loadBalancer: { services: { 'shop/db': { implementation: 'aws-nlb', options: { targetType: 'IP' } } } } },
      ),
    evidence: { service: 'shop/db', address: '192.0.2.1' },
    without: [
      [
        'the address that the balancer has is let in',
        () =>
          inspected(
            {
              policies: [ingress('range', [{ from: [{ ipBlock: { cidr: '172.31.0.0/16' } }] }])],
              service: { ...balanced },
            },
            {
              loadBalancer: {
                services: {
                  'shop/db': { implementation: 'aws-nlb', options: { targetType: 'IP', proxyAddress: '172.31.0.9' } },
                },
              },
            },
          ),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_CUTS',
    what: 'a workload is denied',
    found: () => checked({}, apply(ingress('db', [{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }]))),
    evidence: { service: 'shop/db', port: 80, policies: ['shop/db'], direction: 'INGRESS', share: '1' },
    message:
      /^The change denies the connections of .*StatefulSet ops\/probe and 1 more to shop\/db:80: ingress by shop\/db\.$/,
    without: [
      ['all are let in', () => checked({}, apply(ingress('db', [{}])))],
      ['it was denied before', () => checked({ policies: [ingress('db', [])] }, apply(ingress('db2', [])))],
      [
        'nobody enforces policies',
        () =>
          checked({ more: [enforcer('kube-flannel', 'docker.io/flannel/flannel:v0.25')] }, apply(ingress('db', []))),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_CUTS',
    what: 'a label is taken from a pod that a policy lets in',
    found: () =>
      checked(
        { policies: [ingress('db', [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }])] },
        apply(namespace('ops', { team: 'c' })),
      ),
    evidence: { service: 'shop/db', from: ['StatefulSet ops/probe'] },
    without: [],
  },
  {
    code: 'NETWORK_POLICY_OPENS',
    what: 'another namespace is let in',
    found: () =>
      checked(
        { policies: [ingress('db', [])] },
        apply(ingress('db', [{ from: [{ namespaceSelector: { matchLabels: { team: 'b' } } }] }])),
      ),
    evidence: { service: 'shop/db', namespaces: ['ops'], from: ['StatefulSet ops/probe'] },
    without: [
      [
        'the same namespace is',
        () => checked({ policies: [ingress('db', [])] }, apply(ingress('db', [{ from: [{ podSelector: {} }] }]))),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_CUTS',
    what: 'workloads are denied addresses outside',
    found: () =>
      checked(
        { policies: [] },
        apply(
          egress('out', [
            { to: [{ namespaceSelector: {} }, ...PRIVATE] },
            { to: [{ ipBlock: { cidr: '198.51.100.0/24', except: ['198.51.100.128/25'] } }] },
          ]),
        ),
      ),
    severity: 'WARNING',
    evidence: {
      direction: 'EGRESS',
      outside: true,
      ranges: ['anywhere', '198.51.100.128/25'],
      ports: ['443/TCP'],
      policies: ['shop/out'],
    },
    message: /Whether they open such connections is not in the snapshot\.$/,
    without: [
      ['everything stays allowed', () => checked({ policies: [] }, apply(egress('out', [{}])))],
      [
        'it was denied before',
        () => checked({ policies: [egress('out', [])] }, apply(egress('out', [{ to: [{ namespaceSelector: {} }] }]))),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_OPENS',
    what: 'workloads are let out to a range, on one port',
    found: () =>
      checked(
        { policies: [egress('out', [{ to: [{ namespaceSelector: {} }] }])] },
        apply(
          egress('out', [
            { to: [{ namespaceSelector: {} }] },
            { to: [{ ipBlock: { cidr: '198.51.100.0/24' } }], ports: [{ port: 8443 }] },
          ]),
        ),
      ),
    evidence: { direction: 'EGRESS', outside: true, ranges: ['198.51.100.0/24'], ports: ['8443/TCP'] },
    without: [],
  },
  {
    code: 'NETWORK_POLICY_OPENS',
    what: 'clients outside are let in',
    found: () =>
      checked(
        { policies: [ingress('db', [{ from: [{ podSelector: {} }] }])] },
        apply(ingress('db', [{ from: [{ podSelector: {} }] }, ...OUTSIDE])),
      ),
    evidence: { outside: true, ranges: ['198.51.100.0/24'], workloads: ['StatefulSet shop/db'], services: ['shop/db'] },
    without: [],
  },
  {
    code: 'NETWORK_POLICY_OPENS',
    what: 'a range outside that holds the address of clients elsewhere is not anywhere',
    found: () =>
      checked(
        { policies: [ingress('db', [{ from: [{ podSelector: {} }] }])] },
        apply(ingress('db', [{ from: [{ podSelector: {} }, { ipBlock: { cidr: '203.0.113.0/24' } }] }])),
      ),
    evidence: { outside: true, ranges: ['203.0.113.0/24'] },
    without: [],
  },
  {
    code: 'NETWORK_POLICY_CUTS',
    what: 'clients of a range outside are denied',
    found: () =>
      checked(
        { policies: [ingress('db', [...OUTSIDE, { from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }])] },
        apply(ingress('db', [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }])),
      ),
    evidence: {
      outside: true,
      ranges: ['198.51.100.0/24'],
      policies: ['shop/db'],
      workloads: ['StatefulSet shop/db'],
      services: ['shop/db'],
    },
    message:
      /^The change denies clients outside of the cluster \(198\.51\.100\.0\/24\) their connections to .*shop\/db/,
    without: [
      [
        'no Service leads there from outside',
        () =>
          checked(
            { policies: [ingress('db', OUTSIDE)], service: { type: 'ClusterIP' } },
            apply(ingress('db', [{ from: [{ podSelector: {} }] }])),
          ).filter(({ evidence }) => 'outside' in evidence),
      ],
    ],
  },
  {
    code: 'NETWORK_POLICY_ESTABLISHED',
    what: 'Calico keeps what runs',
    severity: 'INFO',
    found: () => checked({}, apply(ingress('db', []))),
    evidence: { established: 'KEPT', enforcer: 'Calico' },
    without: [['nothing is cut', () => checked({}, apply(ingress('db', [{}])))]],
  },
  {
    code: 'NETWORK_POLICY_ESTABLISHED',
    what: 'kindnet cuts what runs',
    found: () => checked({ more: [enforcer('kindnet', 'kindest/kindnetd:v20250512')] }, apply(ingress('db', []))),
    evidence: { established: 'CUT', enforcer: 'kindnet' },
    without: [],
  },
];

for (const { code, what, found, evidence, message, severity, without } of CASES) {
  t.test(`${code}: ${what}`, async (t) => {
    const all = found();
    const own = all.find((one) => one.code === code);
    t.ok(own, 'is found', { found: all.map((one) => `${one.code} ${one.message}`) });
    if (own === undefined) return;
    t.equal(own.severity, severity ?? FINDING_CODES[code].severity);
    t.match(own.evidence, evidence);
    if (message !== undefined) t.match(own.message, message);
    for (const one of all) {
      const known: readonly string[] = FINDING_CODES[one.code].evidence;
      for (const field of Object.keys(one.evidence)) t.ok(known.includes(field), `${one.code} ${field}`);
      t.match(one.message, /^\S.*\.$/, 'a sentence');
    }
    for (const [name, other] of without) {
      const others = other().filter((one) => one.code === code);
      t.same(others, [], `not where ${name}`);
    }
  });
}

t.test('DNS comes first of what a change cuts', async (t) => {
  const cuts = checked({ more: DNS }, apply(egress('none', []))).filter(({ code }) => code === 'NETWORK_POLICY_CUTS');
  t.match(cuts[0], {
    evidence: { dns: true, service: 'kube-system/kube-dns' },
    message: /to DNS \(kube-system\/kube-dns:53\/UDP\)/,
  });
  t.ok(cuts.length > 1);
});

t.test('a cut of one family of two names it', async (t) => {
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] };
  const { findings } = ask('check', { changes: [apply(policy('bank/v4', spec))] } as never, bankSnapshot());
  const cuts = findings.filter(({ code, evidence }) => code === 'NETWORK_POLICY_CUTS' && !('outside' in evidence));
  t.ok(cuts.length > 0);
  for (const { message, evidence } of cuts) {
    t.equal(evidence.family, 'IPv6');
    t.match(message, / over IPv6: /);
  }
});

t.test('labels that a policy nobody enforces asks for are not said to decide', async (t) => {
  const deny = admin('d', DENY_OPS, 'ClusterNetworkPolicy', 'v1alpha2');
  const spec = { ...deny.spec, tier: 'Admin' };
  const codesWith = (image: string) =>
    inspected({ policies: [{ ...deny, spec }], more: [enforcer('calico-node', image)] }).map(({ code }) => code);
  t.notOk(codesWith('docker.io/calico/node:v3.30.0').includes('NETWORK_POLICY_NOT_EVALUATED'));
  t.ok(codesWith('docker.io/calico/node:v3.32.0').includes('NETWORK_POLICY_NOT_EVALUATED'));
});

t.test('what was so before a change is reported as INFO', async (t) => {
  const policies = [networkPolicy('typo', { podSelector: { matchLabels: { app: 'dbb' } } })];
  const all = checked({ policies }, apply(ingress('db', [])));
  const own = all.find(({ code }) => code === 'NETWORK_POLICY_SELECTS_NOTHING');
  t.match(own, { severity: 'INFO', evidence: { before: true } });
});

t.test('a path has no findings about policies elsewhere', async (t) => {
  const policies = [networkPolicy('typo', { podSelector: { matchLabels: { app: 'dbb' } } })];
  const path = { source: { pod: 'shop/web-0' }, destination: { service: { namespace: 'shop', name: 'db', port: 80 } } };
  const { findings } = ask('path', { path }, policedSnapshot({ policies }));
  t.same(
    findings.filter(({ code }) => code.includes('POLICY')),
    [],
  );
});

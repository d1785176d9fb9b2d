/**
 * What would let a packet pass that policies deny: each remedy delivers when it is made, and says what else it opens.
 */
import t from 'tap';
import type { PathResult } from '../../src/contract/answers.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import {
  enforcer,
  networkPolicy,
  type PolicedOptions,
  policedSnapshot,
  WORKLOADS,
} from '../support/policed-cluster.js';

const DB = { podSelector: { matchLabels: { app: 'db' } } };
const ingress = (rules: readonly unknown[]) => networkPolicy('in', { ...DB, policyTypes: ['Ingress'], ingress: rules });
const egress = (rules: readonly unknown[], labels: object = { app: 'web' }) =>
  networkPolicy('out', { podSelector: { matchLabels: labels }, policyTypes: ['Egress'], egress: rules });

/** A policy of an administrator about all pods. */
const admin = (name: string, spec: object, isCluster = false) => ({
  apiVersion: `policy.networking.k8s.io/${isCluster ? 'v1alpha2' : 'v1alpha1'}`,
  kind: isCluster ? 'ClusterNetworkPolicy' : 'AdminNetworkPolicy',
  metadata: { name },
  spec: { subject: { namespaces: {} }, ...spec },
});

const SHOP = { 'kubernetes.io/metadata.name': 'shop' };
const OPS = { 'kubernetes.io/metadata.name': 'ops' };

const baseline = (ingress: readonly unknown[], egress: readonly unknown[] = []) => ({
  apiVersion: 'policy.networking.k8s.io/v1alpha1',
  kind: 'BaselineAdminNetworkPolicy',
  metadata: { name: 'default' },
  spec: { subject: { namespaces: {} }, ingress, egress },
});

/** A list that has each of these texts. */
const has =
  (...wanted: readonly (string | RegExp)[]) =>
  (list: readonly string[]) =>
    wanted.every((one) => list.some((text) => (typeof one === 'string' ? text === one : one.test(text))));

/** Of no version that is known: it knows every kind. */
const ANY_CALICO = enforcer('calico-node', 'docker.io/calico/node');

const ANTREA = [
  enforcer('antrea-agent', 'antrea/antrea-agent:v1'),
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'antrea-config', namespace: 'kube-system' },
    data: { 'antrea-agent.conf': 'antreaProxy:\n  enable: false\n' },
  },
];

const to = (namespace: string, name: string, via?: string) => ({
  service: { namespace, name, port: 80, ...(via === undefined ? {} : { via }) },
});

interface Case {
  readonly what: string;
  readonly policies: readonly unknown[];
  readonly options?: PolicedOptions;
  readonly source?: object;
  readonly destination?: object;
  readonly remedies: readonly (readonly [what: RegExp, more?: object])[];
  /** What becomes of the packet when the change is made; by default it is delivered. */
  readonly made?: string;
}

const CASES: readonly Case[] = [
  {
    what: 'nobody is let in',
    policies: [ingress([])],
    remedies: [
      [
        /^a new NetworkPolicy shop\/allow-ingress: app=db takes connections from app=web, TCP port 8080$/,
        {
          opensCount: 0,
          change: {
            apply: {
              manifests: [
                {
                  kind: 'NetworkPolicy',
                  metadata: { namespace: 'shop', name: 'allow-ingress' },
                  spec: {
                    podSelector: { matchLabels: { app: 'db' } },
                    policyTypes: ['Ingress'],
                    ingress: [
                      {
                        from: [{ podSelector: { matchLabels: { app: 'web' } } }],
                        ports: [{ port: 8080, protocol: 'TCP' }],
                      },
                    ],
                  },
                },
              ],
            },
          },
        },
      ],
    ],
  },
  {
    what: 'a name that is taken',
    policies: [ingress([]), networkPolicy('allow-ingress', { podSelector: { matchLabels: { app: 'api' } } })],
    remedies: [[/shop\/allow-ingress-2: app=db/]],
  },
  {
    what: 'egress that leads nowhere',
    policies: [egress([])],
    remedies: [
      [/^a new NetworkPolicy shop\/allow-egress: app=web may connect to app=db, TCP port 8080$/, { opensCount: 0 }],
    ],
  },
  {
    what: 'both sides deny',
    policies: [ingress([]), egress([])],
    remedies: [[/^new policies: NetworkPolicy shop\/allow-egress: .*; NetworkPolicy shop\/allow-ingress: /]],
  },
  {
    what: 'a client of another namespace',
    policies: [ingress([])],
    source: { pod: 'ops/probe-0' },
    remedies: [[/takes connections from app=probe of namespace ops, TCP port 8080$/]],
  },
  {
    what: 'one label is missing on the pod',
    policies: [ingress([{ from: [{ podSelector: { matchLabels: { tier: 'front', role: 'client' } } }] }])],
    remedies: [[/^label role=client on pod shop\/web-0 .* as rule 0 of shop\/in asks for$/], [/^a new NetworkPolicy/]],
  },
  {
    what: 'a label that would have to be another is not missing',
    policies: [ingress([{ from: [{ podSelector: { matchLabels: { app: 'api' } } }] }])],
    remedies: [[/^a new NetworkPolicy/]],
  },
  {
    what: 'two labels are missing',
    policies: [ingress([{ from: [{ podSelector: { matchLabels: { a: 'b', role: 'client' } } }] }])],
    remedies: [[/^a new NetworkPolicy/]],
  },
  {
    what: 'a label is missing on the namespace',
    policies: [ingress([{ from: [{ namespaceSelector: { matchLabels: { access: 'db' } } }] }])],
    source: { pod: 'ops/probe-0' },
    remedies: [[/^label access=db on namespace ops, as rule 0 of shop\/in asks for$/], [/^a new NetworkPolicy/]],
  },
  {
    what: 'a label by an expression',
    policies: [
      ingress([
        { from: [{ podSelector: { matchExpressions: [{ key: 'role', operator: 'In', values: ['x', 'y'] }] } }] },
      ]),
    ],
    remedies: [[/^label role=x on pod/], [/^a new NetworkPolicy/]],
  },
  {
    what: 'the policy opens more where labels cannot tell workloads apart',
    policies: [egress([], { app: 'back' })],
    source: { pod: 'shop/api-0' },
    destination: to('ops', 'probe'),
    options: {
      workloads: [
        { namespace: 'shop', name: 'api', nodes: ['n2'], labels: { app: 'back' } },
        { namespace: 'shop', name: 'other', nodes: ['n1'], labels: { app: 'back' } },
        { namespace: 'ops', name: 'probe', nodes: ['n1'], labels: { app: 'probe' } },
      ],
    },
    remedies: [
      [
        /app=back may connect to app=probe of namespace ops/,
        { opens: ['StatefulSet shop/other to ops/probe:80'], opensCount: 1 },
      ],
    ],
  },
  {
    what: 'an administrator denies it: a policy of the kind that comes before',
    policies: [admin('deny', { priority: 5, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] })],
    options: { more: [ANY_CALICO] },
    remedies: [
      [
        /^a new AdminNetworkPolicy allow-ingress \(priority 4\): app=db of namespace shop takes connections from app=web of namespace shop, TCP port 8080$/,
        {
          opensCount: 0,
          change: {
            apply: {
              manifests: [
                {
                  kind: 'AdminNetworkPolicy',
                  spec: {
                    priority: 4,
                    subject: {
                      pods: {
                        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
                        podSelector: { matchLabels: { app: 'db' } },
                      },
                    },
                    ingress: [{ action: 'Allow', ports: [{ portNumber: { port: 8080, protocol: 'TCP' } }] }],
                  },
                },
              ],
            },
          },
        },
      ],
    ],
  },
  {
    what: 'an administrator denies it, priorities are taken, and so is the name',
    policies: [
      admin('deny', { priority: 5, egress: [{ action: 'Deny', to: [{ namespaces: {} }] }] }),
      admin('allow-egress', { priority: 4 }),
      admin('other', { priority: 3 }),
    ],
    options: { more: [ANY_CALICO] },
    remedies: [
      [/^a new AdminNetworkPolicy allow-egress-2 \(priority 2\): app=web of namespace shop may connect to app=db/],
    ],
  },
  {
    what: 'an administrator denies it, and nothing comes before',
    policies: [admin('deny', { priority: 0, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] })],
    options: { more: [ANY_CALICO] },
    remedies: [],
  },
  {
    what: 'an administrator denies what comes in, and a namespace what goes out',
    policies: [admin('deny', { priority: 5, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }), egress([])],
    options: { more: [ANY_CALICO] },
    remedies: [[/^new policies: AdminNetworkPolicy allow-ingress .*; NetworkPolicy shop\/allow-egress: /]],
  },
  {
    what: 'a ClusterNetworkPolicy denies it',
    policies: [
      admin('deny', { tier: 'Admin', priority: 9, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] }, true),
    ],
    options: { more: [ANY_CALICO] },
    remedies: [
      [
        /^a new ClusterNetworkPolicy allow-ingress \(priority 8\): /,
        {
          change: {
            apply: {
              manifests: [
                {
                  apiVersion: 'policy.networking.k8s.io/v1alpha2',
                  spec: {
                    tier: 'Admin',
                    ingress: [{ action: 'Accept', protocols: [{ tcp: { destinationPort: { number: 8080 } } }] }],
                  },
                },
              ],
            },
          },
        },
      ],
    ],
  },
  {
    what: 'the baseline denies it: a NetworkPolicy, which closes what the baseline let pass',
    policies: [
      {
        apiVersion: 'policy.networking.k8s.io/v1alpha1',
        kind: 'BaselineAdminNetworkPolicy',
        metadata: { name: 'default' },
        spec: {
          subject: { namespaces: {} },
          ingress: [
            {
              action: 'Deny',
              from: [{ pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: 'web' } } } }],
            },
          ],
        },
      },
    ],
    options: { more: [ANY_CALICO] },
    remedies: [
      [
        /^a new NetworkPolicy shop\/allow-ingress: app=db takes connections from app=web, TCP port 8080$/,
        {
          opensCount: 0,
          closes: [
            'DaemonSet kube-system/calico-node to shop/db:80',
            'StatefulSet ops/agent to shop/db:80',
            'StatefulSet ops/probe to shop/db:80',
            'StatefulSet shop/api to shop/db:80',
          ],
        },
      ],
    ],
  },
  {
    what: 'a client outside that is masqueraded: the address of the node',
    policies: [ingress([])],
    source: { external: { address: '203.0.113.9', entersAt: 'n1' } },
    destination: to('shop', 'db', 'NODE_PORT'),
    remedies: [[/takes connections from 10\.0\.0\.1\/32, TCP port 8080$/]],
  },
  {
    what: 'a client range, at a node that masquerades: the nodes from which it passes',
    policies: [ingress([{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }])],
    source: { external: { address: '203.0.113.9', entersAt: 'n1' } },
    destination: to('shop', 'db', 'NODE_PORT'),
    remedies: [[/^n3 instead of n1$/], [/takes connections from 10\.0\.0\.1\/32, TCP port 8080$/]],
  },
  {
    what: 'a client range at the node port of a node that masquerades: that of another node',
    policies: [ingress([{ from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] }])],
    source: { external: { address: '203.0.113.9' } },
    destination: { service: { namespace: 'shop', name: 'db', port: 80, via: 'NODE_PORT', node: 'n1' } },
    remedies: [
      [/^n3 instead of n1$/],
      [
        /takes connections from 10\.0\.0\.1\/32, TCP port 8080$/,
        {
          opens: ['every client outside that comes in at n1 to shop/db:80', 'processes of node n1 to shop/db:80'],
        },
      ],
    ],
  },
  {
    what: 'a client outside that Antrea sees as the gateway of the node: all that come in there are let in',
    policies: [ingress([])],
    options: { more: ANTREA },
    source: { external: { address: '203.0.113.9', entersAt: 'n3' } },
    destination: to('shop', 'db', 'NODE_PORT'),
    remedies: [
      [
        /takes connections from 10\.244\.3\.1\/32, TCP port 8080$/,
        { opens: ['every client outside that comes in at n3 to shop/db:80'] },
      ],
    ],
  },
  {
    what: 'a pod that the policy sees as its node: all that comes from there is let in',
    policies: [ingress([{ from: [{ podSelector: {} }] }])],
    destination: { service: { namespace: 'shop', name: 'db', via: 'NODE_PORT', node: 'n1' } },
    remedies: [
      [
        /takes connections from 10\.0\.0\.1\/32, TCP port 8080$/,
        {
          opens: ['every client outside that comes in at n1 to shop/db:80', 'processes of node n1 to shop/db:80'],
        },
      ],
    ],
  },
  {
    what: 'the node port of another node: others that the new policy selects may connect to it too',
    policies: [
      networkPolicy('out', { podSelector: {}, policyTypes: ['Egress'], egress: [] }),
      networkPolicy('out', { podSelector: {}, policyTypes: ['Egress'], egress: [] }, 'ops'),
    ],
    source: { pod: 'ops/probe-0' },
    destination: { service: { namespace: 'shop', name: 'db', port: 80, via: 'NODE_PORT', node: 'n3' } },
    options: {
      workloads: [
        ...WORKLOADS.filter(({ name }) => name !== 'probe'),
        { namespace: 'ops', name: 'probe', nodes: ['n1'], labels: { app: 'probe' } },
        { namespace: 'ops', name: 'probes', nodes: ['n2'], labels: { app: 'probe' } },
      ],
    },
    remedies: [
      [
        /^a new NetworkPolicy ops\/allow-egress: app=probe may connect to 10\.0\.0\.3\/32/,
        { opens: [/^StatefulSet ops\/probes to 10\.0\.0\.3, TCP port 3000\d$/] },
      ],
    ],
  },
  {
    what: 'an address outside of the cluster: policies let it pass, and what is there is not known',
    policies: [egress([])],
    destination: { address: '203.0.113.9', port: 443 },
    remedies: [
      [
        /^a new NetworkPolicy shop\/allow-egress: app=web may connect to 203\.0\.113\.9\/32, TCP port 443$/,
        { outcome: /^Policies let it pass: no rule of n1 translates 203\.0\.113\.9: the packet leaves the cluster/ },
      ],
    ],
    made: 'UNKNOWN',
  },
  {
    what: 'the baseline alone denies: a new NetworkPolicy isolates its pods, and nodes and clients outside are cut off',
    policies: [baseline([{ action: 'Deny', from: [{ namespaces: { matchLabels: OPS } }] }])],
    options: { more: [ANY_CALICO] },
    source: { pod: 'ops/probe-0' },
    remedies: [
      [
        /^a new NetworkPolicy shop\/allow-ingress: app=db takes connections from app=probe of namespace ops/,
        {
          alsoCloses: has(
            'processes of other nodes to StatefulSet shop/db',
            'clients outside (anywhere) to StatefulSet shop/db',
          ),
        },
      ],
    ],
  },
  {
    what: 'the baseline alone denies what a pod sends: a new NetworkPolicy cuts it off from addresses outside',
    policies: [baseline([], [{ action: 'Deny', to: [{ namespaces: { matchLabels: SHOP } }] }])],
    options: { more: [ANY_CALICO] },
    remedies: [
      [
        /^a new NetworkPolicy shop\/allow-egress: app=web may connect to app=db/,
        { alsoCloses: has(/^(?:StatefulSet|Deployment) shop\/web to addresses outside \(anywhere; /) },
      ],
    ],
  },
  {
    what: 'one label is missing for all endpoints',
    policies: [
      networkPolicy('api', {
        podSelector: { matchLabels: { app: 'api' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ podSelector: { matchLabels: { role: 'client' } } }] }],
      }),
    ],
    destination: to('shop', 'api'),
    remedies: [[/^label role=client on pod shop\/web-0 /], [/^a new NetworkPolicy/]],
  },
  {
    what: 'a label is missing on the namespace of all endpoints',
    policies: [
      networkPolicy(
        'out',
        {
          podSelector: {},
          policyTypes: ['Egress'],
          egress: [{ to: [{ namespaceSelector: { matchLabels: { reached: 'yes' } } }] }],
        },
        'ops',
      ),
    ],
    source: { pod: 'ops/probe-0' },
    destination: to('shop', 'api'),
    remedies: [[/^label reached=yes on namespace shop, /], [/^a new NetworkPolicy/]],
  },
  {
    what: 'nobody enforces',
    policies: [ingress([])],
    options: { more: [enforcer('kube-flannel', 'docker.io/flannel/flannel:v0.25')] },
    remedies: [],
  },
  {
    what: 'some of the endpoints are denied',
    policies: [
      networkPolicy('one', {
        podSelector: { matchLabels: { app: 'api' } },
        policyTypes: ['Ingress'],
        ingress: [{ from: [{ ipBlock: { cidr: '10.244.9.0/24' } }] }],
      }),
    ],
    destination: to('shop', 'api'),
    remedies: [[/app=api takes connections from app=web/]],
  },
];

for (const {
  what,
  policies,
  options = {},
  source = { pod: 'shop/web-0' },
  destination = to('shop', 'db'),
  remedies,
  made = 'DELIVERED',
} of CASES) {
  t.test(what, async (t) => {
    const snapshot = policedSnapshot({ ...options, policies });
    const path = { source, destination } as never;
    const result: PathResult = ask('path', { path }, snapshot).result;
    const found = result.remedies ?? [];
    t.equal(found.length, remedies.length, JSON.stringify(found.map((one) => one.what)));
    for (const [index, [text, more = {}]] of remedies.entries()) {
      const { alsoCloses, ...others } = more as { readonly alsoCloses?: ReturnType<typeof has> };
      t.match(found[index], { what: text, ...others });
      t.ok(alsoCloses?.(found[index]?.closes ?? []) ?? true, JSON.stringify(found[index]?.closes));
      const { change } = found[index] ?? {};
      if (change === undefined) continue;
      const again = ask('path', { path, changes: [change] }, snapshot).result;
      t.same([...new Set(again.traces.map(({ verdict }) => verdict))], [made], 'so it is when the change is made');
    }
  });
}

t.test(
  'in a large cluster what a new policy opens is worked out; what a label opens is not, and the answer says so',
  async (t) => {
    const many = Array.from({ length: 60 }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: `more-${index}`, namespace: 'shop' },
      spec: {
        clusterIP: `10.96.1.${index + 1}`,
        clusterIPs: [`10.96.1.${index + 1}`],
        ipFamilies: ['IPv4'],
        selector: { app: 'api' },
        ports: [{ port: 80, targetPort: 8080 }],
      },
    }));
    const remediesOf = (more: readonly unknown[]) => {
      const snapshot = policedSnapshot({
        policies: [ingress([{ from: [{ podSelector: { matchLabels: { app: 'web', role: 'client' } } }] }])],
        more: [enforcer('calico-node', 'docker.io/calico/node:v3.29.0'), ...more],
      });
      const path = { source: { pod: 'shop/web-0' }, destination: to('shop', 'db') };
      return (ask('path', { path } as unknown as QuestionRequest, snapshot).result as PathResult).remedies ?? [];
    };
    const [few, large] = [remediesOf([]), remediesOf(many)];
    t.ok(few.length > 0 && few.every(({ opensCount }) => opensCount !== undefined));
    t.equal(large.length, few.length);
    for (const [index, { opensCount, outcome, change }] of large.entries()) {
      if (change?.apply !== undefined) {
        t.equal(opensCount, few[index]?.opensCount);
        continue;
      }
      t.equal(opensCount, undefined);
      t.match(outcome, /What else it opens is not worked out here: ask reach before and after it\.$/);
    }
    t.ok(
      large.some(({ change }) => change?.apply !== undefined) &&
        large.some(({ change }) => change?.patch !== undefined),
    );
  },
);

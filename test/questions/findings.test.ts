/** Findings: each code is found where it should be and not where it should not, documented, and in the contract. */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Finding } from '../../src/contract/answers.js';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import type { Change, Clients, QuestionRequest, ServiceDestination } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { FINDING_CODES, type FindingCode } from '../../src/questions/findings/codes.js';
import type { FindingsSpec } from '../../src/questions/findings/wanted.js';
import { validateRequest } from '../../src/questions/validate-request.js';
import { type BalancedOptions, balanced, balancedList, VIP } from '../support/balanced.js';
import { type LabService, lab } from '../support/lab.js';
import { zones } from '../support/zones.js';

const SVC = { namespace: 'default', name: 'svc' };
const WEB = 'default/svc';
const outside: Clients = { external: {} };

interface Asked {
  readonly via?: ServiceDestination['via'];
  readonly clients?: Clients;
  readonly findings?: FindingsSpec;
}

function request({ via, clients, findings }: Asked = {}): QuestionRequest {
  const service = via === undefined ? SVC : { ...SVC, via };
  return {
    ...(findings === undefined ? {} : { findings }),
    probability: { services: [service], ...(clients === undefined ? {} : { clients }) },
  };
}

const one = (service: LabService, options: { zones?: readonly string[]; nodes?: number } = {}): Snapshot =>
  lab({ services: [service], ...options });
const NODE_PORT = { type: 'NodePort', ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }] };
const LOCAL = { ...NODE_PORT, externalTrafficPolicy: 'Local' };
const AFFINITY = {
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } },
};
const THREE_ZONES = { zones: ['a', 'b', 'c'] };
const HINTED = [1, 2, 3].map((on) => ({ on, zones: [['a', 'b', 'c'][on - 1] as string] }));
const HINTS = { 'service.kubernetes.io/topology-mode': 'Auto' };

const toAddress: QuestionRequest = {
  path: { source: { pod: 'default/client-1' }, destination: { address: '198.51.100.1', port: 80 } },
};

const state = (snapshot: Snapshot, asked: Asked = {}) => ask('probability', request(asked), snapshot).findings;
const difference = (before: Snapshot, after: Snapshot, asked: Asked = {}) =>
  ask('what-if', request(asked), before, after).findings;
const changed = (snapshot: Snapshot, rest: QuestionRequest) =>
  ask('what-if', { ...request(), ...rest }, snapshot).findings;

const BALANCED: QuestionRequest = {
  probability: { services: [{ namespace: 'default', name: 'web' }], clients: { loadBalancer: {} } },
};
const ONE_LESS: Change = { pods: { namespace: 'default', names: ['web-1-1'], state: 'DELETED' } };
const TO_LOCAL: Change = { service: { namespace: 'default', name: 'web', externalTrafficPolicy: 'Local' } };
const REMOVED: Change = { node: { name: 'n1', action: 'REMOVE', reschedule: false } };
const balancedState = (options: BalancedOptions) => ask('probability', BALANCED, balanced(options)).findings;
const balancedChange = (options: BalancedOptions, change: Change) =>
  ask('what-if', { ...BALANCED, changes: [change] }, balanced(options)).findings;

interface Shop {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly ready?: boolean;
  readonly more?: readonly unknown[];
}

/** A node, a pod with a container port http of 8080, and Service default/svc before it, whose slices are derived. */
function shop({ spec = {}, labels = { app: 'web' }, ready = true, more = [] }: Shop = {}): Snapshot {
  const meta = (name: string, rest = {}) => ({ name, namespace: 'default', ...rest });
  const items = [
    {
      kind: 'Node',
      apiVersion: 'v1',
      metadata: { name: 'n1' },
      spec: { podCIDR: '10.1.1.0/24', podCIDRs: ['10.1.1.0/24'] },
      status: {
        addresses: [{ type: 'InternalIP', address: '192.168.0.1' }],
        conditions: [{ type: 'Ready', status: 'True' }],
        nodeInfo: { kubeletVersion: 'v1.30.5', operatingSystem: 'linux' },
      },
    },
    {
      kind: 'Pod',
      apiVersion: 'v1',
      metadata: meta('web-1', { labels }),
      spec: { nodeName: 'n1', containers: [{ name: 'c', ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: {
        phase: 'Running',
        podIP: '10.1.1.5',
        podIPs: [{ ip: '10.1.1.5' }],
        conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      },
    },
    {
      kind: 'Service',
      apiVersion: 'v1',
      metadata: meta('svc', { annotations: { team: 'shop' } }),
      spec: {
        type: 'ClusterIP',
        clusterIP: '10.96.0.10',
        clusterIPs: ['10.96.0.10'],
        ipFamilies: ['IPv4'],
        selector: { app: 'web' },
        ports: [{ port: 80, protocol: 'TCP', targetPort: 8080 }],
        ...spec,
      },
    },
    ...more,
  ];
  return readSnapshot({ inline: { kind: 'List', apiVersion: 'v1', items } });
}

/** Service default/api with one pod, whose external IP is the node's and whose port is the node port of default/svc. */
const beforeNodePort = (externalIP: string): Snapshot => {
  const meta = (name: string) => ({ name, namespace: 'default', labels: { app: 'api' } });
  const status = { phase: 'Running', podIP: '10.1.1.6', conditions: [{ type: 'Ready', status: 'True' }] };
  const pod = {
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: meta('api-1'),
    spec: { nodeName: 'n1', containers: [] },
    status,
  };
  const spec = {
    ...{ type: 'ClusterIP', clusterIP: '10.96.0.11', clusterIPs: ['10.96.0.11'], ipFamilies: ['IPv4'] },
    selector: { app: 'api' },
    externalIPs: [externalIP],
    ports: [{ port: 30080, protocol: 'TCP', targetPort: 8080 }],
  };
  const service = { kind: 'Service', apiVersion: 'v1', metadata: meta('api'), spec };
  const ports = [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080 }];
  return shop({ spec: { type: 'NodePort', ports }, more: [pod, service] });
};
const atNodePort = (externalIP: string) =>
  ask(
    'path',
    {
      path: {
        source: { external: { entersAt: 'n1' } },
        destination: { service: { namespace: 'default', name: 'svc', via: 'NODE_PORT', node: 'n1' } },
      },
    },
    beforeNodePort(externalIP),
  );

const patched = (spec: Readonly<Record<string, unknown>>): Change => ({
  patch: { kind: 'Service', namespace: 'default', name: 'svc', patch: { spec } },
});
const checked = (snapshot: Snapshot, change: Change) =>
  ask('check', { check: {}, changes: [change] }, snapshot).findings;
const HEADLESS = { clusterIP: 'None', clusterIPs: ['None'] };
const POLICY = {
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name: 'deny', namespace: 'default' },
  spec: { endpointSelector: {} },
};
const SHARED = { 'metallb.io/allow-shared-ip': 'one', 'metallb.io/ip-allocated-from-pool': 'p' };

/** A second Service on the load balancer's address of `balanced`, which MetalLB has given to both. */
const sharing = (annotations: Readonly<Record<string, string>>): Snapshot => {
  const own = balancedList({ pods: [1, 1], annotations: SHARED });
  const other = {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'other', namespace: 'default', annotations },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '10.96.3.3',
      clusterIPs: ['10.96.3.3'],
      selector: { app: 'other' },
      ports: [{ port: 81, protocol: 'TCP', targetPort: 8080, nodePort: 30081 }],
    },
    status: { loadBalancer: { ingress: [{ ip: VIP }] } },
  };
  return readSnapshot({ inline: { ...own, items: [...own.items, other] } });
};

interface Case {
  readonly code: FindingCode;
  readonly what: string;
  readonly found: () => readonly Finding[];
  readonly evidence: Readonly<Record<string, unknown>>;
  /** The finding must not be there. */
  readonly without?: () => readonly Finding[];
}

/** What is found when a Deployment of three zones, whose nodes take 110 pods each, gets so many replicas. */
function scaledTo(replicas: number): readonly Finding[] {
  const changes = [{ scale: { kind: 'Deployment' as const, namespace: 'default', name: 'web', replicas } }];
  const question = { changes, probability: { services: [{ namespace: 'default', name: 'web' }] } };
  return ask('what-if', question, zones({ pods: [1, 1, 1] })).findings;
}

const CASES: readonly Case[] = [
  {
    code: 'SERVICE_WITHOUT_ENDPOINTS',
    what: 'no endpoint at all',
    found: () => state(one({ endpoints: [] })),
    evidence: { service: WEB, port: 80, notReady: 0 },
    without: () => state(one({})),
  },
  {
    code: 'SERVICE_WITHOUT_ENDPOINTS',
    what: 'an endpoint that is not ready',
    found: () => state(one({ endpoints: [{ on: 1, ready: false }] })),
    evidence: { service: WEB, notReady: 1 },
    without: () => state(one({ endpoints: [{ on: 1, ready: false, serving: true, terminating: true }] })),
  },
  {
    code: 'SERVICE_WITHOUT_ENDPOINTS',
    what: 'a headless Service',
    found: () => state(one({ spec: { clusterIP: 'None', clusterIPs: ['None'] }, endpoints: [] })),
    evidence: { service: WEB, family: 'IPv4' },
    without: () => state(one({ spec: { clusterIP: 'None', clusterIPs: ['None'] } })),
  },
  {
    code: 'SERVICE_WITHOUT_ENDPOINTS',
    what: 'chains too',
    found: () => ask('chains', { chains: { services: [WEB] } }, one({ endpoints: [] })).findings,
    evidence: { service: WEB },
  },
  {
    code: 'LOCAL_POLICY_WITHOUT_ENDPOINTS',
    what: 'external policy',
    found: () => state(one({ spec: LOCAL, endpoints: [1, 2] })),
    evidence: { policy: 'externalTrafficPolicy', nodes: ['node-3'], nodeCount: 1, ofNodes: 3 },
    without: () => state(one({ spec: LOCAL })),
  },
  {
    code: 'LOCAL_POLICY_WITHOUT_ENDPOINTS',
    what: 'internal policy',
    found: () => state(one({ spec: { internalTrafficPolicy: 'Local' }, endpoints: [1] })),
    evidence: { policy: 'internalTrafficPolicy', nodes: ['node-2', 'node-3'] },
    without: () => state(one({ spec: { externalTrafficPolicy: 'Local' }, endpoints: [1] })),
  },
  {
    code: 'ADDRESS_CLAIMED_TWICE',
    what: 'an external IP',
    found: () =>
      state(
        lab({
          services: [
            { spec: { externalIPs: ['198.51.100.1'] } },
            { name: 'other', spec: { externalIPs: ['198.51.100.1'] } },
          ],
        }),
      ),
    evidence: { address: '198.51.100.1', port: 80, services: ['default/other', WEB] },
    without: () =>
      state(
        lab({
          services: [
            { spec: { externalIPs: ['198.51.100.1'] } },
            { name: 'other', spec: { externalIPs: ['198.51.100.2'] } },
          ],
        }),
      ),
  },
  {
    code: 'IMBALANCE',
    what: 'two nodes share an endpoint, the third has its own',
    found: () =>
      state(one({ endpoints: HINTED.slice(0, 2), annotations: HINTS }, { zones: ['a', 'a', 'b'] }), {
        findings: { thresholds: { imbalance: '5/4' } },
      }),
    evidence: {
      factor: '4/3',
      threshold: '5/4',
      evenShare: '1/2',
      endpoints: [{ pod: 'default/web-1', share: '2/3' }],
    },
    without: () =>
      state(one({ endpoints: HINTED.slice(0, 2), annotations: HINTS }, { zones: ['a', 'a', 'b'] }), {
        findings: { thresholds: { imbalance: '4/3' } },
      }),
  },
  {
    code: 'CROSS_ZONE_SHARE',
    what: 'three zones alike',
    found: () => state(one({}, THREE_ZONES)),
    evidence: { share: '2/3', threshold: '1/2' },
    without: () => state(one({ endpoints: HINTED, annotations: HINTS }, THREE_ZONES)),
  },
  {
    code: 'TRAFFIC_DROPPED',
    what: 'outside clients at a node without endpoint',
    found: () => state(one({ spec: LOCAL, endpoints: [1, 2] }), { via: 'NODE_PORT', clients: outside }),
    evidence: { share: '1/3', cause: 'NO_LOCAL_ENDPOINTS', from: ['node-3'], fromCount: 1, via: 'NODE_PORT' },
    without: () =>
      state(one({ spec: LOCAL, endpoints: [1, 2] }), {
        via: 'NODE_PORT',
        clients: outside,
        findings: { thresholds: { droppedShare: '1/3' } },
      }),
  },
  {
    code: 'TRAFFIC_REJECTED',
    what: 'no endpoint',
    found: () => state(one({ endpoints: [] })),
    evidence: { share: '1', cause: 'NO_ENDPOINTS', from: ['node-1', 'node-2', 'node-3'] },
    without: () => state(one({})),
  },
  {
    code: 'TRAFFIC_UNREACHABLE',
    what: 'a headless name without address',
    found: () => state(one({ spec: { clusterIP: 'None', clusterIPs: ['None'] }, endpoints: [] })),
    evidence: { share: '1', cause: 'NO_ROUTE', via: 'DNS' },
    without: () => state(one({ spec: { clusterIP: 'None', clusterIPs: ['None'] } })),
  },
  {
    code: 'TRAFFIC_UNKNOWN',
    what: 'an address outside',
    found: () => ask('path', toAddress, one({})).findings,
    evidence: { share: '1', cause: 'MISSING_DATA', via: 'ADDRESS' },
    without: () => ask('path', toAddress, one({ spec: { externalIPs: ['198.51.100.1'] } })).findings,
  },
  {
    code: 'SESSION_AFFINITY',
    what: 'ClientIP',
    found: () => state(one({ spec: AFFINITY })),
    evidence: { service: WEB, timeoutSeconds: 600 },
    without: () => state(one({})),
  },
  {
    code: 'DELIVERED_BEFORE_DROPPED_NOW',
    what: 'a Local policy comes',
    found: () =>
      difference(one({ spec: NODE_PORT, endpoints: [1, 2] }), one({ spec: LOCAL, endpoints: [1, 2] }), {
        via: 'NODE_PORT',
        clients: outside,
      }),
    evidence: {
      share: '1/3',
      delivered: { before: '1', after: '2/3' },
      cause: 'NO_LOCAL_ENDPOINTS',
      from: ['node-3'],
      rule: /has no local endpoints/,
    },
  },
  {
    code: 'DELIVERED_BEFORE_DROPPED_NOW',
    what: 'the only endpoint moves: as much is dropped as before, but of others',
    found: () =>
      difference(one({ spec: LOCAL, endpoints: [1] }), one({ spec: LOCAL, endpoints: [2] }), {
        via: 'NODE_PORT',
        clients: outside,
      }),
    evidence: { share: '1/3', delivered: { before: '1/3', after: '1/3' }, from: ['node-1'] },
    without: () =>
      difference(one({ spec: LOCAL, endpoints: [1] }), one({ spec: LOCAL, endpoints: [1, 2] }), {
        via: 'NODE_PORT',
        clients: outside,
      }),
  },
  {
    code: 'DELIVERED_BEFORE_REJECTED_NOW',
    what: 'the endpoints go',
    found: () => difference(one({}), one({ endpoints: [] })),
    evidence: { share: '1', cause: 'NO_ENDPOINTS', fromCount: 3, rule: /REJECT/ },
    without: () => difference(one({ endpoints: [] }), one({ endpoints: [] })),
  },
  {
    code: 'DELIVERED_BEFORE_UNREACHABLE_NOW',
    what: 'a headless Service loses its endpoints',
    found: () =>
      difference(
        one({ spec: { clusterIP: 'None', clusterIPs: ['None'] } }),
        one({ spec: { clusterIP: 'None', clusterIPs: ['None'] }, endpoints: [] }),
      ),
    evidence: { share: '1', cause: 'NO_ROUTE' },
  },
  {
    code: 'DELIVERED_BEFORE_UNKNOWN_NOW',
    what: 'an external IP goes',
    found: () => ask('what-if', toAddress, one({ spec: { externalIPs: ['198.51.100.1'] } }), one({})).findings,
    evidence: { share: '1', cause: 'MISSING_DATA', delivered: { before: '1', after: '0' } },
  },
  {
    code: 'DOOR_REMOVED',
    what: 'the node port goes with the type',
    found: () => difference(one({ spec: NODE_PORT }), one({}), { via: 'NODE_PORT', clients: outside }),
    evidence: { via: 'NODE_PORT', delivered: { before: '1', after: '0' } },
    without: () => difference(one({}), one({ spec: NODE_PORT })),
  },
  {
    code: 'DOOR_REMOVED',
    what: 'the cluster IP becomes another',
    found: () => difference(one({}), one({ spec: { clusterIP: '172.30.0.9', clusterIPs: ['172.30.0.9'] } })),
    evidence: { destination: '172.30.0.1:80', now: '172.30.0.9:80' },
  },
  {
    code: 'SOURCE_ADDRESS_LOST',
    what: 'Local becomes Cluster',
    found: () => difference(one({ spec: LOCAL }), one({ spec: NODE_PORT }), { via: 'NODE_PORT', clients: outside }),
    evidence: { kept: { before: '1', after: '0' }, fromCount: 3 },
    without: () =>
      difference(one({ spec: NODE_PORT }), one({ spec: NODE_PORT, endpoints: [1] }), {
        via: 'NODE_PORT',
        clients: outside,
      }),
  },
  {
    code: 'SOURCE_ADDRESS_GAINED',
    what: 'Cluster becomes Local',
    found: () => difference(one({ spec: NODE_PORT }), one({ spec: LOCAL }), { via: 'NODE_PORT', clients: outside }),
    evidence: { kept: { before: '0', after: '1' } },
  },
  {
    code: 'HINTS_LOST',
    what: 'one endpoint has no hint',
    found: () =>
      difference(
        one({ endpoints: HINTED, annotations: HINTS }, THREE_ZONES),
        one({ endpoints: [...HINTED.slice(0, 2), 3], annotations: HINTS }, THREE_ZONES),
      ),
    evidence: { nodes: ['node-1', 'node-2', 'node-3'], nodeCount: 3 },
    without: () => difference(one({ endpoints: HINTED }, THREE_ZONES), one({ endpoints: [1, 2, 3] }, THREE_ZONES)),
  },
  {
    code: 'HINTS_GAINED',
    what: 'every endpoint has a hint',
    found: () =>
      difference(one({ annotations: HINTS }, THREE_ZONES), one({ endpoints: HINTED, annotations: HINTS }, THREE_ZONES)),
    evidence: { nodeCount: 3 },
  },
  {
    code: 'CROSS_ZONE_SHARE_GROWN',
    what: 'with the hints',
    found: () =>
      difference(
        one({ endpoints: HINTED, annotations: HINTS }, THREE_ZONES),
        one({ endpoints: [1, 2, 3], annotations: HINTS }, THREE_ZONES),
      ),
    evidence: { share: { before: '0', after: '2/3' }, threshold: '1/2' },
    without: () => difference(one({}, THREE_ZONES), one({ endpoints: [1] }, THREE_ZONES)),
  },
  {
    code: 'IMBALANCE_GROWN',
    what: 'two nodes to one endpoint, one to the other',
    found: () =>
      difference(
        one({ endpoints: [1, 2], annotations: HINTS }, { zones: ['a', 'a', 'b'] }),
        one({ endpoints: HINTED.slice(0, 2), annotations: HINTS }, { zones: ['a', 'a', 'b'] }),
        { findings: { thresholds: { imbalance: '5/4' } } },
      ),
    evidence: { factor: { before: '1', after: '4/3' }, threshold: '5/4' },
    without: () =>
      difference(
        one({ endpoints: [1, 2], annotations: HINTS }, { zones: ['a', 'a', 'b'] }),
        one({ endpoints: HINTED.slice(0, 2), annotations: HINTS }, { zones: ['a', 'a', 'b'] }),
      ),
  },
  {
    code: 'AFFINITY_BROKEN',
    what: 'one of three endpoints goes',
    found: () => difference(one({ spec: AFFINITY }), one({ spec: AFFINITY, endpoints: [1, 2] })),
    evidence: { share: '1/3', endpoints: ['10.180.3.2:8080'] },
    without: () => difference(one({ spec: AFFINITY, endpoints: [1, 2] }), one({ spec: AFFINITY })),
  },
  {
    code: 'AFFINITY_REMOVED',
    what: 'ClientIP becomes None',
    found: () => difference(one({ spec: AFFINITY }), one({})),
    evidence: { timeoutSeconds: { before: 600, after: 0 } },
  },
  {
    code: 'AFFINITY_ADDED',
    what: 'None becomes ClientIP',
    found: () => difference(one({}), one({ spec: AFFINITY })),
    evidence: { timeoutSeconds: { before: 0, after: 600 } },
  },
  {
    code: 'AFFINITY_TIMEOUT_CHANGED',
    what: 'another timeout',
    found: () =>
      difference(
        one({ spec: AFFINITY }),
        one({ spec: { ...AFFINITY, sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } } }),
      ),
    evidence: { timeoutSeconds: { before: 600, after: 60 } },
  },
  {
    code: 'CONNECTIONS_LOST',
    what: 'a pod is deleted',
    found: () =>
      changed(one({}), { changes: [{ pods: { namespace: 'default', names: ['web-3'], state: 'DELETED' } }] }),
    evidence: { share: '1/3', endpoints: [{ pod: 'default/web-3' }] },
    without: () =>
      changed(one({}), {
        findings: { thresholds: { lostConnections: '1/3' } },
        changes: [{ pods: { namespace: 'default', names: ['web-3'], state: 'DELETED' } }],
      }),
  },
  {
    code: 'PODS_NOT_PLACED',
    what: 'more replicas than the nodes take',
    found: () => scaledTo(331),
    evidence: {
      pointer: '/changes/0',
      change: 'scale',
      pods: 1,
      reasons: ['0/3 nodes are available: 3 Too many pods.'],
    },
    without: () => scaledTo(330),
  },
  {
    code: 'CHANGE_WITHOUT_EFFECT',
    what: 'a policy that is so already',
    found: () => changed(one({ spec: LOCAL }), { changes: [{ service: { ...SVC, externalTrafficPolicy: 'Local' } }] }),
    evidence: { pointer: '/changes/0', change: 'service' },
    without: () =>
      changed(one({ spec: LOCAL }), { changes: [{ service: { ...SVC, externalTrafficPolicy: 'Cluster' } }] }),
  },
  {
    code: 'CHANGE_WITHOUT_EFFECT',
    what: 'manifests of what is there',
    found: () =>
      changed(one({ spec: LOCAL }), {
        changes: [
          {
            apply: {
              manifests: [
                {
                  apiVersion: 'v1',
                  kind: 'Service',
                  metadata: { name: 'svc' },
                  spec: { externalTrafficPolicy: 'Local' },
                },
              ],
            },
          },
        ],
      }),
    evidence: { pointer: '/changes/0', change: 'apply', objects: ['Service default/svc'] },
  },
  {
    code: 'CHANGE_WITHOUT_EFFECT',
    what: 'of a plain question',
    found: () =>
      ask(
        'path',
        {
          changes: [{ service: { ...SVC, externalTrafficPolicy: 'Local' } }],
          path: { source: { pod: 'default/client-1' }, destination: { service: SVC } },
        },
        one({ spec: LOCAL }),
      ).findings,
    evidence: { pointer: '/changes/0' },
  },
  {
    code: 'CHANGE_WITHOUT_EFFECT',
    what: 'the same snapshot again',
    found: () => difference(one({}), one({})),
    evidence: { pointer: '/after' },
    without: () => difference(one({}), one({ endpoints: [1] })),
  },
  {
    code: 'ONLY_AFTER',
    what: 'a node port comes',
    found: () => difference(one({}), one({ spec: NODE_PORT }), { via: 'NODE_PORT', clients: outside }),
    evidence: { pointer: '/probability/services/0' },
  },
  {
    code: 'ONLY_BEFORE',
    what: 'a node port goes',
    found: () => difference(one({ spec: NODE_PORT }), one({}), { via: 'NODE_PORT', clients: outside }),
    evidence: { pointer: '/probability/services/0' },
  },
  {
    code: 'MORE_FINDINGS',
    what: 'of one code more than are listed',
    found: () => {
      const services = Array.from({ length: 120 }, (_, index) => ({ name: `s-${index}`, endpoints: [] }));
      return ask('chains', {}, lab({ services })).findings;
    },
    evidence: { code: 'SERVICE_WITHOUT_ENDPOINTS', count: 120, told: 100 },
  },
  {
    code: 'NODE_PORTS_UNGUARDED',
    what: 'source ranges and a node port',
    found: () => balancedState({ pods: [1], spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } }),
    evidence: { service: 'default/web', ranges: ['192.0.2.0/24'], ports: [30080] },
    without: () => balancedState({ pods: [1], spec: { loadBalancerSourceRanges: ['0.0.0.0/0'] } }),
  },
  {
    code: 'LOAD_BALANCER_CHANGED',
    what: 'another provider',
    found: () => balancedChange({ pods: [1] }, { loadBalancer: { implementation: 'gke-external-passthrough' } }),
    evidence: { implementation: { before: 'generic', after: 'gke-external-passthrough' } },
    without: () => balancedChange({ pods: [1] }, { loadBalancer: { implementation: 'generic' } }),
  },
  {
    code: 'HEALTH_CHECK_CHANGED',
    what: 'policy Local',
    found: () => balancedChange({ pods: [1], gke: true }, TO_LOCAL),
    evidence: { check: { before: /^HTTP 10256/, after: /^HTTP 30000/ } },
    without: () => balancedChange({ pods: [1], gke: true, policy: 'Local' }, TO_LOCAL),
  },
  {
    code: 'BACKENDS_CHANGED',
    what: 'a node that leaves',
    found: () => balancedChange({ pods: [1, 0], gke: true }, { node: { name: 'n2', action: 'REMOVE' } }),
    evidence: { backends: { before: 2, after: 1 }, removed: ['n2'] },
    without: () => balancedChange({ pods: [1, 0], gke: true }, TO_LOCAL),
  },
  {
    code: 'LOST_UNTIL_CONVERGED',
    what: 'policy Local, a node without pods',
    found: () => balancedChange({ pods: [1, 1, 0], gke: true }, TO_LOCAL),
    evidence: { share: '1/3', seconds: 6, nodes: ['n3'] },
    without: () => balancedChange({ pods: [1, 1, 1], gke: true }, TO_LOCAL),
  },
  {
    code: 'RULE_COMMENTS_CHANGE',
    what: 'a pod is deleted, and the cluster has 1,000 endpoints',
    found: () => balancedChange({ pods: [90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 11] }, ONE_LESS),
    evidence: { endpoints: { before: 1001, after: 1000 }, limit: 1000 },
    without: () => balancedChange({ pods: [90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 90, 10] }, ONE_LESS),
  },
  {
    code: 'LOAD_BALANCER_IMBALANCE',
    what: 'policy Local, nodes with more pods than others',
    found: () => balancedChange({ pods: [2, 1] }, TO_LOCAL),
    evidence: { factor: { before: '1', after: '3/2' } },
    without: () => balancedChange({ pods: [1, 1] }, TO_LOCAL),
  },
  {
    code: 'CONNECTIONS_CROSS_NODE',
    what: 'a node without endpoints is removed',
    found: () => balancedChange({ pods: [0, 1], gke: true }, REMOVED),
    evidence: { share: '1/2', nodes: ['n1'], nodeCount: 1 },
    without: () =>
      balancedChange({ pods: [1, 1], gke: true, policy: 'Local' }, { node: { name: 'n1', action: 'REMOVE' } }),
  },
  {
    code: 'NODE_PORTS_OPENED',
    what: 'a health check node port',
    found: () => balancedChange({ pods: [1] }, TO_LOCAL),
    evidence: { ports: ['30000/TCP (health check)'] },
    without: () => balancedChange({ pods: [1], policy: 'Local' }, TO_LOCAL),
  },
  {
    code: 'FIREWALL_OPENED',
    what: 'wider source ranges',
    found: () =>
      balancedChange(
        { pods: [1], spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: [] } },
      ),
    evidence: { ranges: { before: ['192.0.2.0/24'], after: ['0.0.0.0/0', '::/0'] } },
    without: () =>
      balancedChange(
        { pods: [1] },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: ['192.0.2.0/24'] } },
      ),
  },
  {
    code: 'FIREWALL_OPENED',
    what: 'a range that only half was in before',
    found: () =>
      balancedChange(
        { pods: [1], spec: { loadBalancerSourceRanges: ['192.0.2.0/25', '198.51.100.0/24'] } },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: ['192.0.2.0/24'] } },
      ),
    evidence: { ranges: { before: ['192.0.2.0/25', '198.51.100.0/24'], after: ['192.0.2.0/24'] } },
    without: () =>
      balancedChange(
        { pods: [1], spec: { loadBalancerSourceRanges: ['192.0.2.0/25', '192.0.2.128/25'] } },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: ['192.0.2.0/24', '192.0.2.64/26'] } },
      ),
  },
  {
    code: 'FIREWALL_CLOSED',
    what: 'half of a range',
    found: () =>
      balancedChange(
        { pods: [1], spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: ['192.0.2.0/25'] } },
      ),
    evidence: { ranges: { before: ['192.0.2.0/24'], after: ['192.0.2.0/25'] } },
    without: () =>
      balancedChange(
        { pods: [1], spec: { loadBalancerSourceRanges: ['192.0.2.0/24'] } },
        {
          service: {
            namespace: 'default',
            name: 'web',
            loadBalancerSourceRanges: ['192.0.2.0/25', '192.0.2.128/26', '192.0.2.192/26'],
          },
        },
      ),
  },
  {
    code: 'FIREWALL_CLOSED',
    what: 'narrower source ranges, whether or not the usual client is in them',
    found: () =>
      balancedChange(
        { pods: [1] },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: ['203.0.113.0/24'] } },
      ),
    evidence: { ranges: { before: ['0.0.0.0/0', '::/0'], after: ['203.0.113.0/24'] } },
    without: () =>
      balancedChange(
        { pods: [1], spec: { loadBalancerSourceRanges: ['203.0.113.128/25'] } },
        { service: { namespace: 'default', name: 'web', loadBalancerSourceRanges: ['203.0.113.0/24'] } },
      ),
  },
  {
    code: 'NETWORK_POLICY_NOT_EVALUATED',
    what: 'a policy that selects an endpoint',
    found: () => state(shop({ more: [POLICY] })),
    evidence: { policy: 'CiliumNetworkPolicy default/deny', pods: ['default/web-1'], podCount: 1 },
    without: () => state(shop({ more: [{ ...POLICY, metadata: { name: 'deny', namespace: 'other' } }] })),
  },
  {
    code: 'NETWORK_POLICY_NOT_EVALUATED',
    what: 'a policy that a change brings',
    found: () => changed(shop(), { changes: [{ apply: { manifests: [POLICY] } }] }),
    evidence: { policy: 'CiliumNetworkPolicy default/deny' },
  },
  {
    code: 'CHECK_UNKNOWN',
    what: 'a policy that a change brings',
    found: () => checked(shop(), { apply: { manifests: [POLICY] } }),
    evidence: { services: [WEB], serviceCount: 1 },
    without: () => checked(shop(), patched({ selector: { app: 'x' } })),
  },
  {
    code: 'SELECTOR_MATCHES_NO_POD',
    what: 'a label by another key',
    found: () => state(shop({ spec: { selector: { name: 'web' } } })),
    evidence: { service: WEB, selector: ['name=web'], nearest: 'app=web', pod: 'default/web-1' },
    without: () => state(shop()),
  },
  {
    code: 'PORT_NAME_WITHOUT_ENDPOINT',
    what: 'a named target port that no pod has',
    found: () => state(shop({ spec: { ports: [{ port: 80, targetPort: 'web' }] } })),
    evidence: { service: WEB, port: 80, targetPort: 'web', names: ['http'] },
    without: () => state(shop({ spec: { ports: [{ port: 80, targetPort: 'http' }] } })),
  },
  {
    code: 'HEADLESS_PORT_NOT_MAPPED',
    what: 'another target port',
    found: () => state(shop({ spec: HEADLESS })),
    evidence: { service: WEB, port: 80, endpointPorts: [8080] },
    without: () => state(shop({ spec: { ...HEADLESS, ports: [{ port: 8080, targetPort: 'http' }] } })),
  },
  {
    code: 'NOT_READY_PUBLISHED',
    what: 'a pod that is not ready',
    found: () => state(shop({ ready: false, spec: { publishNotReadyAddresses: true } })),
    evidence: { service: WEB, pods: ['default/web-1'], ofEndpoints: 1 },
    without: () => state(shop({ spec: { publishNotReadyAddresses: true } })),
  },
  {
    code: 'EXTERNAL_IP_TAKEN',
    what: 'the address of a node',
    found: () => state(shop({ spec: { externalIPs: ['192.168.0.1'] } })),
    evidence: { service: WEB, address: '192.168.0.1', owner: 'node n1' },
    without: () => state(shop({ spec: { externalIPs: ['192.168.0.9'] } })),
  },
  {
    code: 'OTHER_SERVICE_REACHED',
    what: 'an external IP that is the address of a node, at a node port',
    found: () => atNodePort('192.168.0.1').findings,
    evidence: { service: WEB, via: 'NODE_PORT', share: '1', services: ['default/api'] },
    without: () => atNodePort('192.168.0.9').findings,
  },
  {
    code: 'LOAD_BALANCER_ADDRESS_LOST',
    what: 'policy Local on one of two',
    found: () => ask('what-if', { ...BALANCED, changes: [TO_LOCAL] }, sharing(SHARED)).findings,
    evidence: { service: 'default/web', services: ['default/other', 'default/web'], address: VIP },
    without: () => ask('probability', BALANCED, sharing(SHARED)).findings,
  },
  {
    code: 'LOAD_BALANCER_ADDRESS_LOST',
    what: 'no common key',
    found: () => ask('probability', BALANCED, sharing({})).findings,
    evidence: { address: VIP },
  },
  {
    code: 'ENDPOINTS_BY_ACCIDENT',
    what: 'two ports of one address up to 1.21',
    found: () => ask('probability', TWO_SLICES('1.21.1'), shop({ more: twoSlices() })).findings,
    evidence: { service: WEB, endpoints: ['10.1.1.5:8080', '10.1.1.5:9090'], endpointCount: 2 },
    without: () => ask('probability', TWO_SLICES('1.22.0'), shop({ more: twoSlices() })).findings,
  },
  {
    code: 'TARGET_PORT_LOST',
    what: 'a target port that no container has',
    found: () => checked(shop(), patched({ ports: [{ port: 80, targetPort: 9090 }] })),
    evidence: { service: WEB, port: 80, targetPort: { before: 8080, after: 9090 }, containerPorts: ['8080/TCP'] },
    without: () => checked(shop(), patched({ ports: [{ port: 81, targetPort: 8080 }] })),
  },
  {
    code: 'SERVICE_DELETED',
    what: 'a second snapshot without it',
    found: () => ask('check', { check: {} }, shop({ more: [] }), withoutService()).findings,
    evidence: { service: WEB, addresses: ['10.96.0.10'] },
    without: () => ask('check', { check: {} }, shop(), shop({ ready: false })).findings,
  },
  {
    code: 'MANIFEST_LOSES',
    what: 'a second protocol of one port, which apply merges by number',
    found: () =>
      checked(
        shop(),
        manifest([
          { name: 'a', port: 80 },
          { name: 'b', port: 80, protocol: 'UDP' },
        ]),
      ),
    evidence: { service: WEB, object: 'Service default/svc' },
    without: () => checked(shop(), manifest([{ name: 'a', port: 80, targetPort: 8080 }])),
  },
  {
    code: 'MANIFEST_LOSES',
    what: 'a second name of one port, of which apply keeps one',
    found: () =>
      checked(
        shop(),
        manifest([
          { name: 'a', port: 80 },
          { name: 'b', port: 80 },
        ]),
      ),
    evidence: { service: WEB, notApplied: ['80/TCP'] },
    without: () => checked(shop(), manifest([{ name: 'a', port: 80, targetPort: 8080 }])),
  },
];

const TWO_SLICES = (kubernetesVersion: string): QuestionRequest => ({ ...request(), settings: { kubernetesVersion } });

/** Two slices of default/svc that give one address other ports. */
function twoSlices(): readonly unknown[] {
  return [8080, 9090].map((port) => ({
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { name: `svc-${port}`, namespace: 'default', labels: { 'kubernetes.io/service-name': 'svc' } },
    addressType: 'IPv4',
    ports: [{ name: '', port, protocol: 'TCP' }],
    endpoints: [{ addresses: ['10.1.1.5'], conditions: { ready: true }, nodeName: 'n1' }],
  }));
}

function manifest(ports: readonly unknown[]): Change {
  const metadata = { name: 'svc', namespace: 'default' };
  const service = { apiVersion: 'v1', kind: 'Service', metadata, spec: { selector: { app: 'web' }, ports } };
  return { apply: { manifests: [service] } } as Change;
}

function withoutService(): Snapshot {
  const items = [...shop().cluster.nodes.values(), ...shop().cluster.pods.values()];
  return readSnapshot({ inline: { kind: 'List', apiVersion: 'v1', items } });
}

const seen = new Set<FindingCode>();

/** Codes whose cases are in tests of their own. */
const ELSEWHERE: ReadonlySet<FindingCode> = new Set([
  'CHECK_INCOMPLETE',
  'LOST_BEFORE_SCALING',
  // test/questions/nftables.test.ts
  'PROXY_MODE_NOT_AVAILABLE',
  'NODE_PORT_ADDRESSES_LOST',
  'LOOPBACK_NODE_PORTS_LOST',
  'UNKNOWN_PORTS_CHANGED',
  'PROXY_CHAINS_GONE',
  'PROXY_RULES_LEFT_BEHIND',
  'MASQUERADE_ALL_LOST',
  // test/questions/policy-findings.test.ts
  'NETWORK_POLICY_SELECTS_NOTHING',
  'NETWORK_POLICY_RULE_NEVER_MATCHES',
  'NETWORK_POLICY_DOUBTFUL',
  'NETWORK_POLICIES_NOT_ENFORCED',
  'NETWORK_POLICY_KIND_NOT_ENFORCED',
  'DNS_DENIED',
  'HEALTH_CHECK_DENIED',
  'CLIENT_RANGE_MASQUERADED',
  'NETWORK_POLICY_CUTS',
  'NETWORK_POLICY_OPENS',
  'NETWORK_POLICY_ESTABLISHED',
  // test/questions/load.test.ts
  'OVER_CAPACITY',
  'IDLE_PODS',
  'CONNECTION_PINNING',
  'LOSS_NOT_SURVIVABLE',
  'ROLLOUT_BELOW_CAPACITY',
  'AUTOSCALER_BLIND',
  // test/questions/ipvs.test.ts
  'IPVS_SCHEDULER_LOST',
  'STRICT_ARP_LEFT',
  'STRICT_ARP_NEEDED',
  'LOCAL_FALLBACK_LOST',
  'LOOPBACK_NODE_PORTS_OPENED',
  'CLUSTER_IP_PING_LOST',
  'SOURCE_RANGES_CHANGED',
  'IDLE_TIMEOUTS_CHANGED',
  'IPVS_CONNECTIONS_LOST',
  'IPVS_DEPRECATED',
  // test/questions/autoscalers.test.ts
  'REPLICAS_OF_AUTOSCALER',
]);

t.test('each is found where it should be', async (t) => {
  for (const { code, what, found, evidence, without } of CASES) {
    const all = found();
    const own = all.filter((finding) => finding.code === code);
    t.ok(own.length > 0, `${code}: ${what}`, { found: all.map((finding) => finding.code) });
    const [first] = own;
    if (first === undefined) continue;
    seen.add(code);
    const { severity, ...entry } = FINDING_CODES[code];
    t.equal(first.severity, severity, `${code}: ${what}: severity`);
    t.match(first.evidence, evidence, `${code}: ${what}: evidence`);
    for (const finding of all) {
      const known: readonly string[] = FINDING_CODES[finding.code].evidence;
      for (const field of Object.keys(finding.evidence)) t.ok(known.includes(field), `${finding.code} ${field}`);
      t.match(finding.message, /^\S.*\.$/, 'a sentence');
    }
    t.ok(entry.meaning.endsWith('.'), 'a sentence');
    if (without !== undefined)
      t.notOk(
        without().some((finding) => finding.code === code),
        `${code}: not ${what}`,
      );
  }
});

t.test('the table is complete: each code is found by a case, documented, and in the contract', async (t) => {
  const codes = Object.keys(FINDING_CODES) as FindingCode[];
  t.same(
    codes.filter((code) => !seen.has(code) && !ELSEWHERE.has(code)),
    [],
    'codes without a case',
  );
  const { schemas } = (DOCUMENT as { components: { schemas: { FindingCode: { enum: string[] } } } }).components;
  t.same([...schemas.FindingCode.enum].sort(), [...codes].sort(), 'the enum of the contract');
  const page = readFileSync('docs/findings.md', 'utf8');
  for (const code of codes) {
    const { severity, meaning } = FINDING_CODES[code];
    t.ok(page.includes(`| \`${code}\` | ${severity} | ${meaning} |`), `docs/findings.md: ${code}`);
  }
  const documented = [...page.matchAll(/^\| `([A-Z_]+)` \|/gm)].map(([, code]) => code);
  t.same(documented.sort(), [...codes].sort(), 'nothing else is documented');
});

t.test('what was so before a change is reported, but not compared with it', async (t) => {
  const found = difference(one({ endpoints: [] }), one({ endpoints: [], spec: AFFINITY }));
  t.match(
    found.find(({ code }) => code === 'SERVICE_WITHOUT_ENDPOINTS'),
    { severity: 'INFO', evidence: { before: true } },
  );
  t.match(
    difference(one({}), one({ endpoints: [] })).find(({ code }) => code === 'SERVICE_WITHOUT_ENDPOINTS'),
    { severity: 'WARNING', evidence: { before: undefined } },
  );
});

t.test('the worst is reported first', async (t) => {
  const severities = difference(one({ spec: AFFINITY }), one({ endpoints: [] })).map(({ severity }) => severity);
  t.same(
    severities,
    [...severities].sort((a, b) => ['ERROR', 'WARNING', 'INFO'].indexOf(a) - ['ERROR', 'WARNING', 'INFO'].indexOf(b)),
  );
  t.equal(severities[0], 'ERROR');
});

t.test('a request says what it does not want to hear of, and how bad something is', async (t) => {
  const codes = (findings: FindingsSpec) => state(one({ endpoints: [] }), { findings }).map(({ code }) => code);
  t.same(codes({}), ['SERVICE_WITHOUT_ENDPOINTS', 'TRAFFIC_REJECTED']);
  t.same(codes({ ignore: ['TRAFFIC_REJECTED'] }), ['SERVICE_WITHOUT_ENDPOINTS']);
  t.same(codes({ ignore: [{ code: 'TRAFFIC_REJECTED', service: WEB }] }), ['SERVICE_WITHOUT_ENDPOINTS']);
  t.equal(codes({ ignore: [{ code: 'TRAFFIC_REJECTED', service: 'default/other' }] }).length, 2);
  t.equal(codes({ ignore: [{ code: 'TRAFFIC_REJECTED' }] }).length, 1);
  t.same(codes({ thresholds: { rejectedShare: 1 } }), ['SERVICE_WITHOUT_ENDPOINTS'], 'not more than all');
  const severe = state(one({ endpoints: [] }), { findings: { severities: { TRAFFIC_REJECTED: 'ERROR' } } });
  t.match(severe[0], { code: 'TRAFFIC_REJECTED', severity: 'ERROR' });
  const refused = (findings: unknown): string => {
    try {
      validateRequest('probability', { findings }, 'apart');
      return '';
    } catch (error) {
      return (error as { problems: readonly { pointer: string }[] }).problems.map(({ pointer }) => pointer).join(' ');
    }
  };
  t.equal(refused({ thresholds: { imbalance: '3/2', droppedShare: 0 }, ignore: ['IMBALANCE'] }), '');
  for (const [findings, place] of [
    [{ thresholds: { imbalance: 1.5 } }, '/findings/thresholds/imbalance'],
    [{ thresholds: { imbalance: '1/0' } }, '/findings/thresholds/imbalance'],
    [{ thresholds: { imbalance: -1 } }, '/findings/thresholds/imbalance'],
    [{ thresholds: { imbalances: 1 } }, '/findings/thresholds/imbalances'],
    [{ ignore: ['NO_SUCH_CODE'] }, '/findings/ignore/0'],
    [{ ignore: [{ service: WEB }] }, '/findings/ignore/0'],
    [{ severities: { IMBALANCE: 'FATAL' } }, '/findings/severities/IMBALANCE'],
  ] as const) {
    t.ok(refused(findings).includes(place), JSON.stringify(findings), { found: refused(findings) });
  }
});

t.test('the summary says that another Service is reached', async (t) => {
  t.match(
    atNodePort('192.168.0.1').summary,
    /But these are endpoints of default\/api, not of the Service asked for\.$/,
  );
  t.notMatch(atNodePort('192.168.0.9').summary, /But/);
});

/** Hand-written answers that the report tests print. */
import type {
  Answer,
  ChainsPart,
  ChainsResult,
  PathResult,
  PathTrace,
  Probability,
  ProbabilityResult,
} from '../../src/contract/answers.js';

export function probability(fraction: string, programmed?: string): Probability {
  const [n = '0', d = '1'] = fraction.split('/');
  const value = Number(n) / Number(d);
  return { fraction, value, programmed: programmed ?? value.toFixed(12) };
}

export function answerOf<R>(result: R, rest: Partial<Answer<R>> = {}): Answer<R> {
  return {
    engine: { name: 'kube-whatif', version: '0.1.0' },
    summary: 'What the answer is.',
    snapshot: { digest: `sha256:${'0'.repeat(64)}`, counts: { Node: 3, Pod: 4, Service: 2 } },
    settings: {},
    changes: [],
    assumptions: [],
    findings: [],
    result,
    ...rest,
  };
}

const SERVICE = { namespace: 'default', name: 'nginx-svc', port: 80, protocol: 'TCP' };
const SVC = 'KUBE-SVC-HL5LMXD5JFHQZ6LN';

export const TEXT_RESTORE = `*nat\n:KUBE-SERVICES - [0:0]\n-A KUBE-SERVICES -m comment --comment "default/nginx-svc cluster IP" -m tcp -p tcp -d 192.168.251.24 --dport 80 -j ${SVC}\nCOMMIT\n`;

export const part = (rest: Partial<ChainsPart>): ChainsPart => ({
  family: 'IPv4',
  mode: 'iptables',
  version: '1.30.5',
  nodes: ['node-1'],
  shared: false,
  ...rest,
});

export const CHAINS_PARTS: Answer<ChainsResult> = answerOf<ChainsResult>({
  format: 'RESTORE',
  parts: [
    part({ nodes: ['node-1', 'node-2', 'node-3'], shared: true, text: TEXT_RESTORE }),
    part({ nodes: ['node-2'], text: '*filter\nCOMMIT\n' }),
  ],
});

export const CHAINS_RULES: Answer<ChainsResult> = answerOf<ChainsResult>(
  {
    format: 'RULES',
    parts: [
      part({
        tables: [
          {
            name: 'nat',
            chains: [
              {
                name: 'PREROUTING',
                hook: 'PREROUTING',
                priority: -100,
                policy: 'ACCEPT',
                rules: [
                  {
                    text: '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
                    written: '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
                    statements: [],
                  },
                ],
              },
              {
                name: SVC,
                rules: [
                  {
                    text: `-A ${SVC} -m comment --comment "default/nginx-svc -> 192.168.0.6:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-7EX3YM24AF6XH4A3`,
                    written: '-A …',
                    position: 2,
                    statements: [],
                    service: SERVICE,
                    endpoint: '192.168.0.6:80',
                    chance: { nominal: '1/3', threshold: '715827883/2147483648', value: 0.333333333488 },
                  },
                ],
              },
            ],
          },
        ],
      }),
    ],
  },
  { assumptions: [{ field: 'settings.kubelet', value: true, why: 'kubelet is there by default' }] },
);

const CLIENT_HEADER = { source: '192.168.0.9', destination: '192.168.251.24', destinationPort: 80, mark: '0x0' };

const delivered: PathTrace = {
  probability: probability('1/3', '0.333333333489'),
  verdict: 'DELIVERED',
  explanation:
    'KUBE-SEP-7EX3YM24AF6XH4A3 translates the destination to 192.168.0.6:80, which is on the same node, and the reply passes this node again on its way back.',
  clientSees: 'a connection',
  client: 'pod default/client',
  endpoint: { address: '192.168.0.6', port: 80, pod: 'default/nginx-1', node: 'node-1', zone: 'a' },
  seenClient: '192.168.0.9',
  clientAddressKept: true,
  hops: [
    {
      kind: 'CLIENT',
      name: 'default/client',
      steps: [{ action: 'SEND', detail: 'a packet to 192.168.251.24:80', after: CLIENT_HEADER }],
    },
    {
      kind: 'NODE',
      name: 'node-1',
      steps: [
        {
          action: 'JUMP',
          hook: 'PREROUTING',
          table: 'nat',
          chain: 'KUBE-SERVICES',
          rule: `-A KUBE-SERVICES -d 192.168.251.24/32 -p tcp -m comment --comment "default/nginx-svc cluster IP" -m tcp --dport 80 -j ${SVC}`,
          detail: `jumps to ${SVC}`,
          service: SERVICE,
        },
        {
          action: 'JUMP',
          hook: 'PREROUTING',
          table: 'nat',
          chain: SVC,
          rule: `-A ${SVC} -m comment --comment "default/nginx-svc -> 192.168.0.6:80" -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-7EX3YM24AF6XH4A3`,
          position: 2,
          detail: 'jumps to KUBE-SEP-7EX3YM24AF6XH4A3',
          chance: { nominal: '1/3', threshold: '715827883/2147483648', value: 0.333333333488 },
        },
        {
          action: 'DNAT',
          hook: 'PREROUTING',
          table: 'nat',
          chain: 'KUBE-SEP-7EX3YM24AF6XH4A3',
          rule: '-A KUBE-SEP-7EX3YM24AF6XH4A3 -p tcp -m comment --comment "default/nginx-svc" -m tcp -j DNAT --to-destination 192.168.0.6:80',
          position: 2,
          detail: 'rewrites the destination to 192.168.0.6:80',
          before: CLIENT_HEADER,
          after: { ...CLIENT_HEADER, destination: '192.168.0.6' },
        },
        { action: 'ROUTE', detail: 'to a pod of this node' },
      ],
    },
    { kind: 'POD', name: 'default/nginx-1', steps: [{ action: 'RECEIVE', detail: 'on port 80' }] },
  ],
  reply: {
    returns: true,
    explanation: 'The reply crosses node-1, which puts the address of the Service back.',
    hops: [
      {
        kind: 'NODE',
        name: 'node-1',
        steps: [
          {
            action: 'CONNTRACK',
            detail: 'the source is put back',
            before: { source: '192.168.0.6', sourcePort: 80, destination: '192.168.0.9', mark: '0x0' },
            after: { source: '192.168.251.24', sourcePort: 80, destination: '192.168.0.9', mark: '0x0' },
          },
        ],
      },
    ],
  },
};

const rejected: PathTrace = {
  probability: probability('2/3', '0.666666666511'),
  verdict: 'REJECTED',
  cause: 'NO_ENDPOINTS',
  explanation: 'KUBE-SERVICES rejects: the Service has no endpoints.',
  clientSees: 'connection refused',
  client: 'pod default/client',
  count: 2,
  hops: [
    {
      kind: 'NODE',
      name: 'node-1',
      steps: [
        {
          action: 'PASSED_OVER',
          hook: 'PREROUTING',
          table: 'nat',
          chain: SVC,
          passedOver: 2,
          detail: '2 random rules do not hit',
        },
        {
          action: 'MARK',
          hook: 'PREROUTING',
          table: 'nat',
          chain: 'KUBE-MARK-MASQ',
          rule: '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
          position: 1,
          detail: 'for masquerading',
          before: CLIENT_HEADER,
          after: { ...CLIENT_HEADER, mark: '0x4000' },
        },
        {
          action: 'REJECT',
          hook: 'FORWARD',
          table: 'filter',
          chain: 'KUBE-SERVICES',
          rule: '-A KUBE-SERVICES -d 192.168.251.24/32 -p tcp -m comment --comment "default/nginx-svc has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
          detail: 'with icmp-port-unreachable',
        },
      ],
    },
  ],
};

export const PATH: Answer<PathResult> = answerOf<PathResult>(
  {
    question: {
      source: 'pod default/client',
      destination: 'service default/nginx-svc',
      protocol: 'TCP',
      family: 'IPv4',
      addresses: ['192.168.251.24'],
      port: 80,
    },
    traces: [delivered, rejected],
    verdicts: [
      { verdict: 'DELIVERED', share: probability('1/3') },
      { verdict: 'REJECTED', cause: 'NO_ENDPOINTS', share: probability('2/3') },
    ],
    omitted: { traces: 3, share: probability('1/1000000') },
  },
  {
    changes: [
      {
        change: { scale: { kind: 'Deployment', namespace: 'default', name: 'nginx', replicas: 2 } },
        choices: [
          {
            what: 'pod removed by ReplicaSet default/nginx-5d',
            taken: 'default/nginx-3',
            alternatives: ['default/nginx-2'],
            why: 'Both rank the same.',
          },
        ],
        consequences: [
          { kind: 'POD_REMOVED', object: 'default/nginx-3', detail: 'default/nginx-3 is removed from node-3' },
          { kind: 'SLICE_CHANGED', object: 'default/nginx-svc-abc', detail: '2 endpoints left' },
        ],
      },
    ],
    findings: [
      { code: 'SESSION_AFFINITY', severity: 'INFO', message: 'Nothing to worry about.', evidence: {} },
      { code: 'IMBALANCE', severity: 'WARNING', message: 'Nodes differ.', evidence: { nodes: ['node-1'] } },
    ],
    assumptions: [
      { field: 'at', value: '2024-03-04T08:10:10Z', why: 'the newest timestamp in the snapshot' },
      {
        field: 'settings.kubeProxy.detectLocalMode',
        value: 'ClusterCIDR',
        why: 'the default of kube-proxy where its configuration does not say',
      },
    ],
  },
);

export const PROBABILITY: Answer<ProbabilityResult> = answerOf<ProbabilityResult>({
  services: [
    {
      service: { namespace: 'default', name: 'web', portName: 'http', port: 80, protocol: 'TCP' },
      via: 'NODE_PORT',
      family: 'IPv4',
      destination: '10.128.0.4:30080',
      clients: 'from outside, entering at every node alike',
      endpoints: [
        {
          address: '192.168.0.6',
          port: 80,
          pod: 'default/web-1',
          node: 'node-1',
          zone: 'a',
          share: probability('1/6'),
        },
        {
          address: '192.168.0.7',
          port: 80,
          pod: 'default/web-2',
          node: 'node-1',
          zone: 'a',
          share: probability('1/6'),
        },
        { address: '192.168.1.6', port: 80, share: probability('1/3') },
      ],
      nodes: [
        { node: 'node-1', share: probability('1/3') },
        { node: '', share: probability('1/3') },
      ],
      zones: [
        { zone: 'a', share: probability('1/3') },
        { zone: '', share: probability('1/3') },
      ],
      delivered: probability('2/3'),
      dropped: probability('1/3'),
      rejected: probability('0'),
      unreachable: probability('0'),
      unknown: probability('0'),
      verdicts: [
        { verdict: 'DELIVERED', share: probability('2/3') },
        { verdict: 'DROPPED', cause: 'NO_LOCAL_ENDPOINTS', share: probability('1/3') },
      ],
      imbalance: { fraction: '3/2', value: 1.5 },
      affinity: {
        type: 'ClientIP',
        timeoutSeconds: 10800,
        returning: [{ endpoint: '192.168.0.6:80', share: probability('1/6'), goesTo: '192.168.0.6:80' }],
        explanation: 'A client keeps its endpoint for 10800 s after its last new connection.',
      },
    },
    {
      service: { namespace: 'default', name: 'nobody', port: 80, protocol: 'TCP' },
      via: 'CLUSTER_IP',
      family: 'IPv6',
      destination: '[fd00::1]:80',
      clients: 'a pod of every node alike',
      endpoints: [],
      nodes: [],
      zones: [],
      delivered: probability('0'),
      dropped: probability('0'),
      rejected: probability('1'),
      unreachable: probability('0'),
      unknown: probability('0'),
      verdicts: [{ verdict: 'REJECTED', cause: 'NO_ENDPOINTS', share: probability('1') }],
    },
  ],
});

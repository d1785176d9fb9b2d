/** Hand-written answers to what-if that the report tests print. */
import type {
  Answer,
  AppliedChange,
  ChainsWhatIf,
  EstablishedShares,
  PathTrace,
  PathWhatIf,
  ProbabilityWhatIf,
  ShiftedShare,
} from '../../src/contract/answers.js';
import { answerOf, CHAINS_PARTS, PATH, PROBABILITY, probability } from './answers.js';

function shift(before: string, after: string, fraction: string): ShiftedShare {
  const [n = '0', d = '1'] = fraction.split('/');
  const value = Number(n) / Number(d);
  return { before: probability(before), after: probability(after), shift: { fraction, value } };
}

const EXPLANATION = 'Established connections keep the endpoint that conntrack has for them.';
const SERVICE = { namespace: 'default', name: 'web', portName: 'http', port: 80, protocol: 'TCP' };
const lost: EstablishedShares = {
  kept: probability('2/3'),
  lost: probability('1/3'),
  lostEndpoints: [{ address: '192.168.1.6', port: 80, pod: 'default/web-3', node: 'node-2' }],
};
const changes: readonly AppliedChange[] = [
  {
    change: { scale: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 2 } },
    choices: [],
    consequences: [{ kind: 'POD_REMOVED', object: 'default/web-3', detail: 'was on node-2' }],
  },
];

const RULE = '-A KUBE-SVC-X -m comment --comment "default/web:http -> 192.168.0.6:80"';

export const WHAT_IF_CHAINS: Answer<ChainsWhatIf> = answerOf<ChainsWhatIf>(
  {
    question: 'chains',
    before: CHAINS_PARTS.result,
    after: CHAINS_PARTS.result,
    difference: {
      unified: [
        {
          nodes: ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'],
          family: 'IPv4',
          text: `--- before\n+++ after\n@@ -3,2 +3,2 @@\n :KUBE-SVC-X - [0:0]\n-${RULE} -m statistic --mode random --probability 0.33333333349 -j KUBE-SEP-Y\n+${RULE} -m statistic --mode random --probability 0.50000000000 -j KUBE-SEP-Y\n`,
        },
        {
          nodes: ['node-6'],
          family: 'IPv6',
          text: `--- before\n+++ after\n@@ -0,0 +1,60 @@\n${'+-A KUBE-SVC-Z -j KUBE-SEP-Z\n'.repeat(60)}`,
        },
      ],
      rules: [
        {
          nodes: ['node-1', 'node-2', 'node-3', 'node-4', 'node-5'],
          family: 'IPv4',
          table: 'nat',
          chain: 'KUBE-SVC-X',
          added: [],
          removed: [{ text: `${RULE} -j KUBE-SEP-Z`, service: SERVICE, endpoint: '192.168.1.6:80' }],
          changed: [{ before: `${RULE} old`, after: `${RULE} new`, service: SERVICE, endpoint: '192.168.0.6:80' }],
        },
      ],
      services: [{ service: { namespace: 'default', name: 'web' }, added: 0, removed: 1, changed: 1 }],
      nodes: { added: ['node-9'], removed: ['node-7', 'node-8'] },
    },
    established: { explanation: EXPLANATION },
  },
  { changes },
);

const client = 'pod/default/client';

export const WHAT_IF_PATH: Answer<PathWhatIf> = answerOf<PathWhatIf>(
  {
    question: 'path',
    before: PATH.result,
    after: PATH.result,
    difference: {
      verdicts: [
        { verdict: 'DELIVERED', ...shift('1', '2/3', '-1/3') },
        { verdict: 'DROPPED', cause: 'NO_LOCAL_ENDPOINTS', ...shift('0', '1/3', '1/3') },
      ],
      traces: [
        {
          client,
          endpoint: { address: '192.168.0.6', port: 80, pod: 'default/web-1', node: 'node-1' },
          verdict: 'DELIVERED',
          change: 'CHANGED',
          before: probability('1/2'),
          after: probability('2/3'),
          steps: { removed: [`${RULE} old`, 'nat KUBE-SVC-X: 2 random rules do not hit'], added: [`${RULE} new`] },
          seenClient: { before: '192.168.0.1', after: '203.0.113.7' },
        },
        {
          client,
          endpoint: { address: 'fd00::6', port: 80 },
          verdict: 'DELIVERED',
          change: 'REMOVED',
          before: probability('1/2'),
          steps: { removed: [], added: [] },
        },
        {
          client,
          verdict: 'DROPPED',
          cause: 'NO_LOCAL_ENDPOINTS',
          change: 'ADDED',
          after: probability('1/3'),
          steps: { removed: [], added: [] },
        },
      ],
      omitted: 2,
    },
    established: { ...lost, explanation: EXPLANATION },
  },
  { changes },
);

export const WHAT_IF_PROBABILITY: Answer<ProbabilityWhatIf> = answerOf<ProbabilityWhatIf>(
  {
    question: 'probability',
    before: PROBABILITY.result,
    after: PROBABILITY.result,
    difference: {
      services: [
        {
          service: SERVICE,
          via: 'NODE_PORT',
          family: 'IPv4',
          change: 'CHANGED',
          endpoints: [
            {
              address: '192.168.0.6',
              port: 80,
              pod: 'default/web-1',
              node: 'node-1',
              zone: 'a',
              ...shift('1/3', '1/2', '1/6'),
            },
            {
              address: '192.168.0.7',
              port: 80,
              pod: 'default/web-2',
              node: 'node-1',
              zone: 'a',
              ...shift('1/3', '1/2', '1/6'),
            },
            { address: '192.168.1.6', port: 80, ...shift('1/3', '0', '-1/3') },
          ],
          verdicts: [{ verdict: 'DELIVERED', ...shift('1', '1', '0') }],
          nodes: [
            { node: 'node-1', ...shift('2/3', '1', '1/3') },
            { node: '', ...shift('1/3', '0', '-1/3') },
          ],
          zones: [
            { zone: 'a', ...shift('2/3', '1', '1/3') },
            { zone: '', ...shift('1/3', '0', '-1/3') },
          ],
          imbalance: { before: { fraction: '3/2', value: 1.5 }, after: { fraction: '1', value: 1 } },
          established: lost,
        },
        {
          service: { namespace: 'default', name: 'new', port: 80, protocol: 'TCP' },
          via: 'CLUSTER_IP',
          family: 'IPv6',
          change: 'ADDED',
          endpoints: [],
          verdicts: [{ verdict: 'REJECTED', cause: 'NO_ENDPOINTS', ...shift('0', '1/100001', '1/100001') }],
          nodes: [],
          zones: [],
          established: { kept: probability('0'), lost: probability('0'), lostEndpoints: [] },
        },
      ],
      unchanged: 7,
    },
    established: { explanation: EXPLANATION },
  },
  { changes },
);

/** The path's traces as they are where nothing changes. */
export const WHAT_IF_NOTHING: Answer<PathWhatIf> = answerOf<PathWhatIf>({
  ...WHAT_IF_PATH.result,
  difference: {
    verdicts: [{ verdict: 'DELIVERED', ...shift('1', '1', '0') }],
    traces: (PATH.result as { readonly traces: readonly PathTrace[] }).traces.map((trace) => ({
      client: trace.client,
      verdict: trace.verdict,
      change: 'SAME',
      before: trace.probability,
      after: trace.probability,
      steps: { removed: [], added: [] },
    })),
  },
});

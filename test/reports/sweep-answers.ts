/** Hand-written answers to a sweep that the report tests print. */
import type { Answer, SweepPoint, SweepResult, SweptShares } from '../../src/contract/answers.js';
import { answerOf, PROBABILITY } from './answers.js';

const share = (fraction: string, value: number) => ({ fraction, value });
const NOTHING = share('0', 0);

function shares(endpoints: number): SweptShares {
  const rest = { rejected: NOTHING, unreachable: NOTHING, unknown: NOTHING };
  if (endpoints === 0)
    return { endpoints, nodes: { count: 0 }, zones: [], delivered: NOTHING, dropped: share('1', 1), ...rest };
  const one = share(`1/${endpoints}`, 1 / endpoints);
  const extreme = { ...one, endpoints, endpoint: '10.0.0.1:80' };
  return {
    endpoints,
    largest: extreme,
    smallest: extreme,
    even: one,
    imbalance: share('1', 1),
    nodes: { count: 1, largest: { node: 'node-1', ...share('1', 1) } },
    zones: [{ zone: 'a', share: share('1', 1) }],
    delivered: share('1', 1),
    dropped: NOTHING,
    ...rest,
  };
}

function point(replicas: number): SweepPoint {
  const running = Math.min(replicas, 60);
  const pods = replicas - running;
  return {
    replicas,
    services: [shares(running)],
    ...(pods === 0
      ? {}
      : { unplaced: { pods, reasons: [{ pods, why: '0/1 nodes are available: 1 Too many pods.' }] } }),
    findings: [],
    satisfied: running >= 20,
  };
}

const service = { namespace: 'default', name: 'web', port: 80, protocol: 'TCP' };

function sweepOf(from: number, to: number): SweepResult {
  return {
    workload: { kind: 'Deployment', namespace: 'default', name: 'web', replicas: 3 },
    services: [
      { service, via: 'CLUSTER_IP', family: 'IPv4', destination: '10.96.0.1:80', clients: 'pods on 3 nodes alike' },
    ],
    points: Array.from({ length: to - from + 1 }, (_, index) => point(from + index)),
    bound: { smallest: 20, lasting: 20, explanation: '20 is the smallest number of replicas.' },
  };
}

/** More points than a report shows, some without a place for all pods. */
export const SWEEP: Answer<SweepResult> = {
  ...answerOf<SweepResult>(sweepOf(0, 80)),
  assumptions: PROBABILITY.assumptions,
};

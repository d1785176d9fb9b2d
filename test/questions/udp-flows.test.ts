/** What becomes of flows that are there, when a Service loses endpoints: by protocol and by kube-proxy's version. */
import t from 'tap';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { small } from '../support/small-cluster.js';

const WEB = { namespace: 'default', name: 'web' };
const scaled = (replicas: number): Change => ({ scale: { kind: 'Deployment', ...WEB, replicas } });
const state = (names: readonly string[], is: 'NOT_READY' | 'TERMINATING' | 'DELETED'): Change => ({
  pods: { namespace: 'default', names, state: is },
});
const ALL = ['web-1', 'web-2'];
const ONE = ['web-1'];

/** Kept, lost, chosen anew, of all flows. */
const CASES: readonly (readonly ['TCP' | 'UDP', string, string, Change, readonly [string, string, string]])[] = [
  ['UDP', '1.31.2', 'all pods gone', scaled(0), ['0', '1', '0']],
  ['UDP', '1.34.1', 'all pods gone', scaled(0), ['0', '1', '0']],
  ['UDP', '1.31.2', 'no pod ready', state(ALL, 'NOT_READY'), ['0', '1', '0']],
  ['UDP', '1.34.1', 'no pod ready', state(ALL, 'NOT_READY'), ['1', '0', '0']],
  ['UDP', '1.31.2', 'one pod not ready', state(ONE, 'NOT_READY'), ['1/2', '0', '1/2']],
  ['UDP', '1.34.1', 'one pod not ready', state(ONE, 'NOT_READY'), ['1/2', '0', '1/2']],
  ['UDP', '1.31.2', 'one pod terminating', state(ONE, 'TERMINATING'), ['1/2', '0', '1/2']],
  ['UDP', '1.34.1', 'one pod terminating, which serves', state(ONE, 'TERMINATING'), ['1', '0', '0']],
  ['UDP', '1.34.1', 'one pod gone', scaled(1), ['1/2', '0', '1/2']],
  ['TCP', '1.34.1', 'one pod gone', scaled(1), ['1/2', '1/2', '0']],
  ['TCP', '1.34.1', 'no pod ready', state(ALL, 'NOT_READY'), ['1', '0', '0']],
];

t.test('flows that are there', async (t) => {
  for (const [protocol, version, what, change, expected] of CASES) {
    const name = `${protocol} ${version}: ${what}`;
    const snapshot = small({ mode: 'iptables', version, protocol });
    const { result, findings } = ask('what-if', { changes: [change], probability: { services: [WEB] } }, snapshot);
    const { kept, lost, rechosen, explanation } = result.established;
    t.same([kept?.fraction, lost?.fraction, rechosen?.fraction ?? '0'], expected, name);
    const reported = findings.find(({ code }) => code === 'CONNECTIONS_LOST');
    t.equal(reported?.evidence.share ?? '0', expected[1], `${name}: the finding says the same`);
    t.equal(/Of UDP/.test(explanation), protocol === 'UDP', `${name}: the sentence`);
    if (protocol === 'UDP') t.equal(/since 1\.32/.test(explanation), version.startsWith('1.34'), name);
    const checked = ask('check', { check: {}, changes: [change] }, snapshot).result.services[0]?.doors[0]?.established;
    t.same([checked?.kept.fraction, checked?.lost.fraction, checked?.rechosen?.fraction ?? '0'], expected, name);
  }
});

/**
 * Health checks that an application answers itself: what it answers is not in the snapshot, and no answer says that
 * they pass.
 */
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { ask } from '../../src/questions/ask.js';
import { render } from '../../src/reports/render.js';
import { balancedList, WEB } from '../support/balanced.js';
import { through } from './through.js';

const PORTS = [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30080, appProtocol: 'http' }];
const AKS = { settings: { platform: 'aks' } } as const;
const OPTIONS = { pods: [1, 1], spec: { ports: PORTS } };

t.test('shares and backends say so', async (t) => {
  const { balancer, assumed } = through(OPTIONS, AKS);
  t.same(
    balancer?.backends.map(({ healthy, assumed: taken }) => [healthy, taken]),
    [
      [true, true],
      [true, true],
    ],
  );
  t.equal(assumed('probesPass'), true);
  const said = through(OPTIONS, { settings: { ...AKS.settings, loadBalancer: { options: { probesPass: true } } } });
  t.same(
    said.balancer?.backends.map(({ healthy, assumed: taken }) => [healthy, taken]),
    [
      [true, undefined],
      [true, undefined],
    ],
  );
  const tcp = through({ pods: [1, 1] }, AKS);
  t.same(
    tcp.balancer?.backends.map(({ assumed: taken }) => taken),
    [undefined, undefined],
    'a TCP probe is walked',
  );
});

t.test('the path of the probes says so, in its first sentence', async (t) => {
  const path = (options: Parameters<typeof balancedList>[0]) => {
    const snapshot = readSnapshot({ inline: balancedList(options) });
    return ask('path', { settings: AKS.settings, path: { source: { healthCheck: { service: WEB } } } }, snapshot);
  };
  t.match(
    path(OPTIONS).summary,
    /^Healthy as far as is known: all 2 probes are answered; the application answers HTTP GET \/ itself/,
  );
  t.ok(path(OPTIONS).result.traces.every(({ healthCheck }) => healthCheck?.assumed === true));
  t.match(path({ pods: [1, 1] }).summary, /^Healthy: all 2 probes pass\.$/);
});

t.test('a load balancer without checks and one that announces are told apart', async (t) => {
  const text = (implementation: string, healthCheck?: 'NONE') => {
    const options = healthCheck === undefined ? {} : { options: { healthCheck } };
    const settings = { loadBalancer: { implementation, ...options } } as never;
    const snapshot = readSnapshot({ inline: balancedList({ pods: [1, 1] }) });
    const question = { services: [WEB], clients: { loadBalancer: {} } };
    return render('probability', ask('probability', { settings, probability: question }, snapshot), 'text', {
      shown: { all: true },
    } as never);
  };
  t.match(text('azure', 'NONE'), /health check: none, every backend gets connections/);
  t.match(text('metallb-l2'), /health check: none, who announces the address gets connections/);
  t.notMatch(text('azure', 'NONE'), /0 seconds/);
});

/** Services of type LoadBalancer that share an address: each has the ports that it lists. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { lab } from '../support/lab.js';

const status = { loadBalancer: { ingress: [{ ip: '198.51.100.7' }] } };
const balanced = (name: string, port: number, on: number, policy: string) => ({
  name,
  status,
  endpoints: [on],
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: policy,
    ...(policy === 'Local' ? { healthCheckNodePort: 31000 } : {}),
    ports: [{ port, protocol: 'TCP', targetPort: 8080, nodePort: 30000 + port }],
  },
});
const snapshot = lab({ services: [balanced('svc', 80, 1, 'Local'), balanced('other', 81, 2, 'Cluster')] });

function from(source: object, port: number) {
  const destination = { address: '198.51.100.7', port };
  const { result } = ask('path', { path: { source, destination } } as never, snapshot);
  return result.traces.map(({ verdict, endpoint }) => `${verdict} ${endpoint?.pod ?? ''}`);
}

t.test('a client outside reaches the Service that has the port', async (t) => {
  t.same(new Set(from({ external: {} }, 80)), new Set(['DELIVERED default/web-1']));
  t.same(new Set(from({ external: {} }, 81)), new Set(['DELIVERED default/web-2']));
  t.same(new Set(from({ external: {} }, 82)), new Set(['UNREACHABLE ']));
});

t.test('so does a pod', async (t) => {
  t.same(from({ podOn: 'node-3' }, 81), ['DELIVERED default/web-2']);
});

/** The address that stands for an outside client which a question does not name: nobody in the cluster has it. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { type LabService, lab } from '../support/lab.js';

const PORTS = [{ port: 80, targetPort: 8080, nodePort: 30001 }];

function clientOf(service: LabService, settings: object = {}): string | undefined {
  const path = {
    source: { external: { entersAt: 'node-1' } },
    destination: { service: { namespace: 'default', name: 'svc', via: 'NODE_PORT' } },
  } as const;
  const { assumptions } = ask('path', { path, settings }, lab({ services: [service] }));
  return assumptions.find(({ field }) => field === 'source.external.address')?.value as string | undefined;
}

t.test('it is of the ranges for documentation', async (t) => {
  t.equal(clientOf({ spec: { type: 'NodePort', ports: PORTS } }), '203.0.113.7');
});

t.test('it is not the address of a load balancer, an external IP, or one that a route holds', async (t) => {
  const ingress = [{ ip: '203.0.113.7' }, { ip: '203.0.113.8' }];
  t.equal(
    clientOf({ spec: { type: 'LoadBalancer', ports: PORTS }, status: { loadBalancer: { ingress } } }),
    '203.0.113.9',
  );
  t.equal(clientOf({ spec: { type: 'NodePort', externalIPs: ['203.0.113.7'], ports: PORTS } }), '203.0.113.8');
  const routes = [{ destination: '203.0.113.0/24', via: 'node/node-2' }];
  t.equal(clientOf({ spec: { type: 'NodePort', ports: PORTS } }, { network: { routes } }), '198.51.100.7');
});

/** Services that a label leaves to another proxy: what becomes of their packets is not known, in every question. */
import t from 'tap';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Change, Destination } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

const LABEL = 'service.kubernetes.io/service-proxy-name';
const NODE_PORT = 30080;

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** The lab with two Services with doors of every kind, the first of them another proxy's. */
function lab(labels: Readonly<Record<string, string>> = { [LABEL]: 'other' }): Snapshot {
  const doors = (last: number) => ({
    spec: {
      ...{ type: 'LoadBalancer', externalIPs: ['198.51.100.9'] },
      ports: [{ port: 80 + last, protocol: 'TCP', targetPort: 8080, nodePort: NODE_PORT + last }],
    },
    status: { loadBalancer: { ingress: [{ ip: '203.0.113.80' }] } },
    endpoints: [1, 2, 3],
  });
  const list = labList({ services: [doors(0), doors(1)] });
  const items = (list.items as Item[]).map((item) =>
    item.kind === 'Service' && item.metadata.name === 'svc'
      ? { ...item, metadata: { ...item.metadata, labels } }
      : item,
  );
  return readSnapshot({ inline: { ...list, items } });
}

function verdictOf(destination: Destination, snapshot = lab(), outside = false) {
  const source = outside ? { external: { entersAt: 'node-1' } } : { podOn: 'node-2' };
  const { result } = ask('path', { path: { source, destination } }, snapshot);
  const [trace] = result.traces;
  return { verdict: trace?.verdict, cause: trace?.cause, why: trace?.explanation };
}

const to = (name: string, via: string): Destination =>
  ({ service: { namespace: 'default', name, via } }) as Destination;
const UNKNOWN = { verdict: 'UNKNOWN', cause: 'UNSUPPORTED_DATAPLANE', why: /leaves Service default\/svc to a proxy/ };
const WAYS = ['CLUSTER_IP', 'NODE_PORT', 'EXTERNAL_IP', 'LOAD_BALANCER'];

t.test('a path to each door of the Service is UNKNOWN', async (t) => {
  for (const via of WAYS) {
    t.match(verdictOf(to('svc', via)), UNKNOWN, `a pod, ${via}`);
    t.match(verdictOf(to('svc', via), lab(), true), UNKNOWN, `an outside client, ${via}`);
  }
  const address = verdictOf(to('svc', 'CLUSTER_IP'), lab({})).verdict;
  t.equal(address, 'DELIVERED', 'without the label kube-proxy serves it');
});

t.test('so is a packet for another port of its cluster IP, and its node port on the loopback address', async (t) => {
  const clusterIP = lab().cluster.services.get('default/svc')?.spec?.clusterIP ?? '';
  t.match(verdictOf({ address: clusterIP, port: 99 }), UNKNOWN);
  const source = { node: 'node-1' };
  const destination = { address: '127.0.0.1', port: NODE_PORT };
  t.match(ask('path', { path: { source, destination } }, lab()).result.traces[0]?.cause, UNKNOWN.cause);
});

t.test('a Service that shares addresses with it is delivered', async (t) => {
  for (const via of WAYS) t.equal(verdictOf(to('svc-2', via)).verdict, 'DELIVERED', via);
});

t.test('shares are UNKNOWN, and a change that sets the label is no loss and not fine', async (t) => {
  const services = [{ namespace: 'default', name: 'svc' }];
  const { result } = ask('probability', { probability: { services } }, lab());
  t.equal(result.services[0]?.unknown.fraction, '1');
  const patch: Change = {
    patch: { kind: 'Service', namespace: 'default', name: 'svc', patch: { metadata: { labels: { [LABEL]: 'x' } } } },
  };
  const codes = ask('check', { changes: [patch], check: {} }, lab({})).findings.map(({ code }) => code);
  t.ok(codes.includes('CHECK_UNKNOWN') && codes.includes('DELIVERED_BEFORE_UNKNOWN_NOW'), codes.join(', '));
  t.notOk(codes.includes('DELIVERED_BEFORE_UNREACHABLE_NOW'));
});

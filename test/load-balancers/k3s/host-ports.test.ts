/**
 * ServiceLB: one host port has one holder on a node. Sources: K3s, "Service Load Balancer"; k3s
 * pkg/cloudprovider/servicelb.go.
 */
import t from 'tap';
import { readSnapshot } from '../../../src/cluster/read-snapshot.js';
import type { Change } from '../../../src/contract/requests.js';
import { ask } from '../../../src/questions/ask.js';
import { type BalancedOptions, balancedList } from '../../support/balanced.js';
import { through } from '../through.js';

const K3S: BalancedOptions = { pods: [1, 1, 1], version: '1.30.5+k3s1', status: {} };
const LABEL = 'svccontroller.k3s.cattle.io/enablelb';
const POOL = 'svccontroller.k3s.cattle.io/lbpool';

function service(name: string, port: number, more: { metadata?: object; spec?: object; status?: object } = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z', ...more.metadata },
    spec: {
      type: 'LoadBalancer',
      clusterIP: '172.30.9.9',
      clusterIPs: ['172.30.9.9'],
      ports: [{ name: 'p', port, protocol: 'TCP', targetPort: 8080, nodePort: 31999 }],
      ...more.spec,
    },
    status: more.status ?? { loadBalancer: { ingress: [{ ip: '10.0.0.1' }] } },
  };
}

const applied = (manifest: object): Change => ({ apply: { manifests: [manifest] } }) as unknown as Change;
const WEB_STATUS = { loadBalancer: { ingress: [{ ip: '10.0.0.1' }, { ip: '10.0.0.2' }, { ip: '10.0.0.3' }] } };

function afterApplying(manifest: object, options: Partial<BalancedOptions> = {}, objects: readonly object[] = []) {
  const list = balancedList({ ...K3S, status: WEB_STATUS, ...options });
  const snapshot = readSnapshot({ inline: { ...list, items: [...list.items, ...objects] } });
  const changes = [applied(manifest)];
  const { findings } = ask('check', { check: {}, changes }, snapshot);
  const question = { services: [{ namespace: 'default', name: 'second' }], clients: { loadBalancer: {} } };
  const nodes = () =>
    ask('probability', { changes, probability: question }, snapshot).result.services[0]?.loadBalancer?.backends.map(
      ({ node }) => node,
    );
  return { lost: findings.filter(({ code }) => code === 'LOAD_BALANCER_ADDRESS_LOST'), nodes };
}

t.test('a second Service of the same port stays pending', async (t) => {
  const second = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'second', namespace: 'default' } };
  const spec = (port: number) => ({
    type: 'LoadBalancer',
    selector: { app: 'web' },
    ports: [{ port, targetPort: 8080 }],
  });
  const all = ['n1', 'n2', 'n3'];
  const same = afterApplying({ ...second, spec: spec(80) });
  const message =
    /default\/second gets no address from ServiceLB: Service default\/web holds host port 80\/TCP on every node/;
  t.match(same.lost, [{ message }]);
  t.throws(same.nodes, { code: 'INVALID_REQUEST' }, 'it is pending: no address is published');
  const other = afterApplying({ ...second, spec: spec(81) });
  t.same(other.lost, []);
  t.same(other.nodes(), all, 'another port is published on every node');
  const ports = [{ port: 80, protocol: 'UDP', targetPort: 8080 }];
  const udp = afterApplying({ ...second, spec: { ...spec(80), ports } });
  t.same([udp.lost, udp.nodes()], [[], all], 'TCP and UDP are two ports');
});

t.test('who holds it, node by node', async (t) => {
  const nodes = (objects: readonly object[], options: Partial<BalancedOptions> = {}) => {
    const { balancer } = through({ ...K3S, status: WEB_STATUS, ...options }, { objects });
    return balancer?.backends.map(({ node }) => node);
  };
  const all = ['n1', 'n2', 'n3'];
  t.same(nodes([]), all);
  t.same(nodes([service('other', 80)]), [], 'one that was made before it, and has an address');
  t.same(nodes([service('other', 80, { status: {} })]), all, 'one without an address comes after one that has one');
  t.same(nodes([service('other', 443)]), all, 'another port');
  t.same(nodes([service('other', 80, { spec: { loadBalancerClass: 'example.com/lb' } })]), all, 'another class');
  t.same(nodes([service('other', 80, { spec: { type: 'NodePort' } })]), all, 'not a load balancer');
  const labelled = {
    n1: { labels: { [LABEL]: 'true', [POOL]: 'a' } },
    n2: { labels: { [LABEL]: 'true', [POOL]: 'b' } },
  };
  const inPool = service('other', 80, { metadata: { labels: { [POOL]: 'a' } } });
  t.same(nodes([inPool], { node: labelled }), ['n2'], 'a pool of nodes of its own is in nobody’s way elsewhere');
  const pod = (hostPort: unknown, more: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'nginx', namespace: 'default', uid: 'u', ...more },
    spec: { nodeName: 'n2', containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort }] }] },
    status: { phase: 'Running', podIP: '10.20.2.77', podIPs: [{ ip: '10.20.2.77' }] },
  });
  t.same(nodes([pod(80)]), ['n1', 'n3'], 'a pod with the host port');
  t.same(nodes([pod(8080)]), all);
  t.same(nodes([pod(80, { labels: { 'svccontroller.k3s.cattle.io/svcname': 'web' } })]), all, 'its own pods');
});

/** A field that is null is absent, to every reader of policies of administrators. */
import t from 'tap';
import { ask } from '../../src/questions/ask.js';
import { enforcer, policedSnapshot } from '../support/policed-cluster.js';

type Fields = Readonly<Record<string, unknown>>;

const CLUSTER = enforcer('kube-network-policies', 'registry.k8s.io/kube-network-policies:v1.0.0-npa-v1alpha2');
const ADMIN = enforcer('kube-network-policies', 'registry.k8s.io/kube-network-policies:v0.9.0-npa-v1alpha1');

const NOBODY = { namespaces: null, nodes: null, networks: null, domainNames: null };
const ALL_PODS = { ...NOBODY, pods: { namespaceSelector: {}, podSelector: {} } };
const ALL_NAMESPACES = { ...NOBODY, pods: null, namespaces: {} };

function verdict(kind: string, spec: Fields): string | undefined {
  const isCluster = kind === 'ClusterNetworkPolicy';
  const policy = {
    apiVersion: `policy.networking.k8s.io/${isCluster ? 'v1alpha2' : 'v1alpha1'}`,
    kind,
    metadata: { name: 'one' },
    spec: { ...(isCluster ? { tier: 'Admin' } : {}), priority: 1, subject: { namespaces: {} }, ...spec },
  };
  const question = { source: { pod: 'shop/web-0' }, destination: { pod: 'shop/db-0', port: 8080 } };
  const snapshot = policedSnapshot({ policies: [policy], more: [isCluster ? CLUSTER : ADMIN] });
  return ask('path', { path: question } as never, snapshot).result.traces?.[0]?.verdict;
}

for (const kind of ['ClusterNetworkPolicy', 'AdminNetworkPolicy']) {
  t.test(kind, async (t) => {
    const deny = (peer: Fields, more: Fields = {}) => ({ egress: [{ action: 'Deny', to: [peer], ...more }] });
    t.equal(verdict(kind, deny(ALL_PODS)), 'DROPPED', 'a peer of pods');
    t.equal(verdict(kind, deny(ALL_NAMESPACES)), 'DROPPED', 'a peer of namespaces');
    t.equal(verdict(kind, deny({ ...NOBODY, pods: null, networks: ['10.0.0.0/8'] })), 'DROPPED', 'a peer of networks');
    const subject = { namespaces: null, pods: { podSelector: {} } };
    t.equal(verdict(kind, { subject, ...deny({ namespaces: {} }) }), 'DROPPED', 'a subject of pods');
    const range = { start: 8000, end: 8100 };
    const ports = { ports: [{ portNumber: null, namedPort: null, portRange: { ...range, protocol: 'TCP' } }] };
    const destinationPort = { number: null, range };
    const protocols = { protocols: [{ udp: null, destinationNamedPort: null, tcp: { destinationPort } }] };
    const more = kind === 'ClusterNetworkPolicy' ? protocols : ports;
    t.equal(verdict(kind, deny({ namespaces: {} }, more)), 'DROPPED', 'a range of ports');
  });
}

import t from 'tap';
import { selectEndpoints } from '../../src/proxy/select-endpoints.js';
import type { ProxyEndpoint, ServicePort } from '../../src/proxy/service-port.js';
import { proxySettings } from '../support/proxy-settings.js';

const PORT: ServicePort = {
  service: 'shop/web',
  namespace: 'shop',
  name: 'web',
  portName: '',
  id: 'shop/web',
  protocol: 'TCP',
  family: 'IPv4',
  type: 'NodePort',
  clusterIP: '10.96.0.10',
  port: 80,
  nodePort: 30100,
  externalIPs: [],
  loadBalancerVIPs: [],
  sourceRanges: [],
  externalPolicyLocal: false,
  internalPolicyLocal: false,
  stickyMaxAge: 0,
  healthCheckNodePort: 0,
  hintsAnnotation: '',
};

/**
 * An endpoint from a few letters: where it is (l: this node, r: another one), its state (R: ready, T: serving and
 * terminating, N: neither), and its hints (z: this zone, y: another one, n: this node, m: another node).
 */
function endpoint(code: string, i: number): ProxyEndpoint {
  const has = (letter: string) => code.includes(letter);
  const id = `${code.replace(/[^a-zA-Z]/g, '')}${i}`;
  return {
    id,
    address: id,
    port: 80,
    node: has('l') ? 'here' : 'there',
    zone: '',
    ready: has('R'),
    serving: has('R') || has('T'),
    terminating: has('T'),
    zoneHints: [...(has('z') ? ['a'] : []), ...(has('y') ? ['b'] : [])],
    nodeHints: [...(has('n') ? ['here'] : []), ...(has('m') ? ['there'] : [])],
    pod: undefined,
  };
}

interface Case {
  readonly name: string;
  /** Minor versions that it holds for. */
  readonly minors: readonly number[];
  readonly port?: Partial<ServicePort>;
  readonly gates?: Readonly<Record<string, boolean>>;
  readonly endpoints: string;
  /** Codes as given, in order; `-` for none. */
  readonly cluster: string;
  readonly local: string;
  readonly reachable: string;
  readonly has: boolean;
}

const upwards = (from: number, to = 36) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
const LOCAL = { externalPolicyLocal: true };

const CASES: readonly Case[] = [
  {
    name: 'ready ones',
    minors: [20, 21, 23, ...upwards(24)],
    endpoints: 'lR rR rN',
    cluster: 'lR rR',
    local: '-',
    reachable: 'lR rR',
    has: true,
  },
  {
    name: '1.22 gives every endpoint a chain',
    minors: [22],
    endpoints: 'lR rN',
    cluster: 'lR',
    local: '-',
    reachable: 'lR rN',
    has: true,
  },
  {
    name: '1.22 takes unready ones for endpoints',
    minors: [22],
    endpoints: 'lN rN',
    cluster: '-',
    local: '-',
    reachable: 'lN rN',
    has: true,
  },
  {
    name: 'nothing ready',
    minors: [21, 23, ...upwards(24)],
    endpoints: 'lN rN',
    cluster: '-',
    local: '-',
    reachable: '-',
    has: false,
  },
  {
    name: 'terminating ones stand in',
    minors: upwards(26),
    endpoints: 'lT rT rN',
    cluster: 'lT rT',
    local: '-',
    reachable: 'lT rT',
    has: true,
  },
  {
    name: 'before 1.26 they do not',
    minors: [21, 23, 24, 25],
    endpoints: 'lT rT',
    cluster: '-',
    local: '-',
    reachable: '-',
    has: false,
  },
  {
    name: 'the gate brings them to 1.24',
    minors: [24, 25],
    gates: { ProxyTerminatingEndpoints: true },
    endpoints: 'rT',
    cluster: 'rT',
    local: '-',
    reachable: 'rT',
    has: true,
  },
  {
    name: 'external Local',
    minors: [20, 21, 23, ...upwards(24)],
    port: LOCAL,
    endpoints: 'lR rR',
    cluster: 'lR rR',
    local: 'lR',
    reachable: 'lR rR',
    has: true,
  },
  {
    name: 'external Local, none here',
    minors: [20, 21, 23, ...upwards(24)],
    port: LOCAL,
    endpoints: 'rR',
    cluster: 'rR',
    local: '-',
    reachable: 'rR',
    has: true,
  },
  {
    name: 'external Local, the one here drains',
    minors: upwards(26),
    port: LOCAL,
    endpoints: 'lT rR',
    cluster: 'rR',
    local: 'lT',
    reachable: 'lT rR',
    has: true,
  },
  {
    name: 'external Local, ready before draining',
    minors: upwards(26),
    port: LOCAL,
    endpoints: 'lR lT',
    cluster: 'lR',
    local: 'lR',
    reachable: 'lR',
    has: true,
  },
  {
    name: 'external Local in 1.23 with the gate',
    minors: [23],
    port: LOCAL,
    gates: { ProxyTerminatingEndpoints: true },
    endpoints: 'lT rR',
    cluster: 'rR',
    local: 'lT',
    reachable: 'lT rR',
    has: true,
  },
  {
    name: 'internal Local of an inner Service',
    minors: upwards(24),
    port: { internalPolicyLocal: true, nodePort: 0 },
    endpoints: 'lR rR',
    cluster: '-',
    local: 'lR',
    reachable: 'lR',
    has: true,
  },
  {
    name: 'internal Local, none here',
    minors: upwards(24),
    port: { internalPolicyLocal: true, nodePort: 0 },
    endpoints: 'rR',
    cluster: '-',
    local: '-',
    reachable: '-',
    has: true,
  },
  {
    name: 'internal Local with a node port',
    minors: upwards(24),
    port: { internalPolicyLocal: true },
    endpoints: 'lR rR',
    cluster: 'lR rR',
    local: 'lR',
    reachable: 'lR rR',
    has: true,
  },
  {
    name: 'internal Local up to 1.23 holds for every destination',
    minors: [23],
    port: { internalPolicyLocal: true },
    endpoints: 'lR rR',
    cluster: 'lR',
    local: '-',
    reachable: 'lR',
    has: true,
  },
  {
    name: 'zone hints without an annotation',
    minors: upwards(31),
    endpoints: 'lRz rRy',
    cluster: 'lRz',
    local: '-',
    reachable: 'lRz',
    has: true,
  },
  {
    name: 'zone hints need the annotation',
    minors: upwards(24, 30),
    endpoints: 'lRz rRy',
    cluster: 'lRz rRy',
    local: '-',
    reachable: 'lRz rRy',
    has: true,
  },
  {
    name: 'zone hints with Auto',
    minors: upwards(24),
    port: { hintsAnnotation: 'Auto' },
    endpoints: 'lRz rRy',
    cluster: 'lRz',
    local: '-',
    reachable: 'lRz',
    has: true,
  },
  {
    name: 'any value since 1.27',
    minors: [27, 30],
    port: { hintsAnnotation: 'maybe' },
    endpoints: 'lRz rRy',
    cluster: 'lRz',
    local: '-',
    reachable: 'lRz',
    has: true,
  },
  {
    name: 'no other value before',
    minors: [24, 26],
    port: { hintsAnnotation: 'maybe' },
    endpoints: 'lRz rRy',
    cluster: 'lRz rRy',
    local: '-',
    reachable: 'lRz rRy',
    has: true,
  },
  {
    name: 'one ready endpoint without hints turns them off',
    minors: upwards(31),
    endpoints: 'lRz rR',
    cluster: 'lRz rR',
    local: '-',
    reachable: 'lRz rR',
    has: true,
  },
  {
    name: 'one that is not ready does not',
    minors: upwards(31),
    endpoints: 'lRz rRy rN',
    cluster: 'lRz',
    local: '-',
    reachable: 'lRz',
    has: true,
  },
  {
    name: 'no hint for this zone',
    minors: upwards(31),
    endpoints: 'lRy rRy',
    cluster: 'lRy rRy',
    local: '-',
    reachable: 'lRy rRy',
    has: true,
  },
  {
    name: 'hints and Local: both lists get chains',
    minors: upwards(31),
    port: LOCAL,
    endpoints: 'lRy rRz',
    cluster: 'rRz',
    local: 'lRy',
    reachable: 'lRy rRz',
    has: true,
  },
  {
    name: 'hints give way to terminating endpoints',
    minors: upwards(31),
    endpoints: 'lTy rTz',
    cluster: 'lTy rTz',
    local: '-',
    reachable: 'lTy rTz',
    has: true,
  },
  {
    name: 'node hints',
    minors: upwards(34),
    endpoints: 'lRzn rRzm',
    cluster: 'lRzn',
    local: '-',
    reachable: 'lRzn',
    has: true,
  },
  {
    name: 'node hints before 1.34 only with the gate',
    minors: [33],
    endpoints: 'lRzn rRzm',
    cluster: 'lRzn rRzm',
    local: '-',
    reachable: 'lRzn rRzm',
    has: true,
  },
  {
    name: 'the gate in 1.33',
    minors: [33],
    gates: { PreferSameTrafficDistribution: true },
    endpoints: 'lRzn rRzm',
    cluster: 'lRzn',
    local: '-',
    reachable: 'lRzn',
    has: true,
  },
  {
    name: 'one without a node hint: back to zones',
    minors: upwards(34),
    endpoints: 'lRzn rRy',
    cluster: 'lRzn',
    local: '-',
    reachable: 'lRzn',
    has: true,
  },
  { name: 'nothing at all', minors: upwards(20), endpoints: '-', cluster: '-', local: '-', reachable: '-', has: false },
];

t.test('selection', async (t) => {
  for (const { name, minors, port, gates, endpoints, cluster, local, reachable, has } of CASES) {
    const codes = endpoints === '-' ? [] : endpoints.split(' ');
    const list = codes.map(endpoint).sort((a, b) => (a.id < b.id ? -1 : 1));
    const spelled = (some: readonly ProxyEndpoint[]) =>
      some.length === 0 ? '-' : some.map(({ id }) => id.replace(/\d/g, '')).join(' ');
    for (const minor of minors) {
      const settings = proxySettings(minor, gates === undefined ? {} : { featureGates: gates });
      const place = { name: 'here', zone: 'a' };
      // Up to 1.20 endpoints that are not ready never get this far.
      const seen = minor > 20 ? list : list.filter(({ ready }) => ready);
      const selection = selectEndpoints(seen, { ...PORT, ...port }, place, settings);
      t.same(
        {
          cluster: spelled(selection.cluster),
          local: spelled(selection.local),
          reachable: spelled(selection.reachable),
          has: selection.hasEndpoints,
        },
        { cluster, local, reachable, has },
        `1.${minor}: ${name}`,
      );
    }
  }
});

t.test('a node without a zone or a name has nothing near', async (t) => {
  const list = ['lRzn', 'rRym'].map(endpoint);
  const selection = selectEndpoints(list, { ...PORT, ...LOCAL }, { name: '', zone: '' }, proxySettings(36));
  t.equal(selection.local.length, 0);
  t.equal(selection.cluster.length, 2);
});

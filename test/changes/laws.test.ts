/** What holds of every change: it can be taken back, and it leaves alone what it is not about. */
import fc from 'fast-check';
import t from 'tap';
import { applyChanges } from '../../src/changes/index.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import type { Node, Pod, Service } from '../../src/cluster/objects.js';
import type { Change, ServiceChange } from '../../src/contract/requests.js';
import { runs } from '../support/runs.js';
import { AT, cluster, node, pod, rulesOf, service } from './fixture.js';

const NAMES = ['s-0', 's-1', 's-2'];

const oneOf = <T>(...values: readonly T[]) => fc.constantFrom(...values);

/** A Service as the API server holds it: no field that its type has no use for. */
const dress = fc.record({
  type: oneOf('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const),
  local: fc.boolean(),
  internalTrafficPolicy: oneOf('Cluster' as const, 'Local' as const),
  affinity: oneOf(undefined, 60, 10800),
  udp: fc.boolean(),
  externalIP: fc.boolean(),
  balanced: fc.boolean(),
  annotated: fc.boolean(),
});

type Dress = typeof dress extends fc.Arbitrary<infer T> ? T : never;

function dressed(index: number, minor: number, worn: Dress): Service {
  // Before 1.29 external IPs alone are not what the API server calls visible from outside.
  const visible = worn.type !== 'ClusterIP' || (worn.externalIP && minor >= 29);
  const base = service(NAMES[index] as string, { app: `app-${index}` });
  const ports = [
    { name: 'a', port: 80, protocol: 'TCP', targetPort: 8080 },
    ...(worn.udp ? [{ name: 'b', port: 53, protocol: 'UDP', targetPort: 53 }] : []),
  ];
  const address = `10.0.0.${10 + index}`;
  const balanced = worn.type === 'LoadBalancer';
  return {
    ...base,
    metadata: {
      ...base.metadata,
      ...(worn.annotated ? { annotations: { 'service.kubernetes.io/topology-mode': 'Auto' } } : {}),
    },
    spec: {
      ...base.spec,
      type: worn.type,
      clusterIP: address,
      clusterIPs: [address],
      internalTrafficPolicy: worn.internalTrafficPolicy,
      ...(visible ? { externalTrafficPolicy: worn.local ? 'Local' : 'Cluster' } : {}),
      ...(worn.externalIP ? { externalIPs: [`198.51.100.${index + 1}`] } : {}),
      ...(balanced && worn.local ? { healthCheckNodePort: 32000 + index } : {}),
      ...(worn.affinity === undefined
        ? { sessionAffinity: 'None' }
        : { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: worn.affinity } } }),
      ports:
        worn.type === 'ClusterIP' ? ports : ports.map((one, at) => ({ ...one, nodePort: 30000 + 10 * at + index })),
    },
    ...(balanced && worn.balanced ? { status: { loadBalancer: { ingress: [{ ip: `203.0.113.${index + 1}` }] } } } : {}),
  };
}

const someCluster = fc
  .record({
    minor: oneOf(24, 27, 29, 30, 33, 36),
    zones: fc.array(oneOf('a', 'b', 'c'), { minLength: 2, maxLength: 4 }),
    pods: fc.array(
      fc.record({ app: fc.nat({ max: 2 }), on: fc.nat({ max: 3 }), ready: oneOf(true, true, true, false) }),
      { maxLength: 12 },
    ),
    dresses: fc.tuple(dress, dress, dress),
  })
  .map(({ minor, zones, pods, dresses }) => {
    const nodes = zones.map((zone, index): Node => {
      const made = node(index, { zone });
      return { ...made, status: { ...made.status, nodeInfo: { kubeletVersion: `v1.${minor}.3` } } };
    });
    const made = pods.map(({ app, on, ready }, index): Pod => {
      const at = on % zones.length;
      const base = pod(`p-${index}`, `node-${at + 1}`, `192.168.${at}.${index + 10}`);
      const conditions = [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: '2026-11-22T10:00:05Z' },
      ];
      return {
        ...base,
        metadata: { ...base.metadata, labels: { app: `app-${app}` } },
        status: { ...base.status, conditions },
      };
    });
    return cluster({ nodes, pods: made, services: dresses.map((worn, index) => dressed(index, minor, worn)) });
  });

function after(before: Cluster, changes: readonly Change[]): Cluster {
  return applyChanges(before, changes, { settings: inferSettings(before, undefined), at: AT }).cluster;
}

const sameRules = (one: Cluster, other: Cluster, services: readonly string[] = []) => {
  const settings = inferSettings(one, undefined);
  return rulesOf(one, settings, ...services) === rulesOf(other, settings, ...services);
};

const to = (name: string, more: Partial<ServiceChange>): Change => ({
  service: { namespace: 'default', name, ...more },
});

/** What gives a Service back what it has now. */
function restoring(one: Service): Change {
  const {
    type,
    externalTrafficPolicy,
    internalTrafficPolicy,
    sessionAffinity,
    sessionAffinityConfig,
    ports,
    externalIPs,
    healthCheckNodePort,
  } = one.spec ?? {};
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  const ingress = one.status?.loadBalancer?.ingress;
  return to(one.metadata.name, {
    type,
    externalIPs: externalIPs ?? [],
    internalTrafficPolicy,
    sessionAffinity,
    ports,
    ...(externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }),
    ...(seconds === undefined ? {} : { sessionAffinityTimeoutSeconds: seconds }),
    ...(healthCheckNodePort === undefined ? {} : { healthCheckNodePort }),
    // Without addresses said, a load balancer would give one.
    ...(ingress || type === 'LoadBalancer' ? { loadBalancerIngress: ingress ?? [] } : {}),
  } as ServiceChange);
}

const serviceChange: fc.Arbitrary<Partial<ServiceChange>> = fc.oneof(
  fc.record({ type: oneOf('ClusterIP' as const, 'NodePort' as const, 'LoadBalancer' as const) }),
  fc.record({ internalTrafficPolicy: oneOf('Cluster' as const, 'Local' as const) }),
  fc.record({
    type: oneOf('NodePort' as const, 'LoadBalancer' as const),
    externalTrafficPolicy: oneOf('Cluster' as const, 'Local' as const),
  }),
  fc.record({ sessionAffinity: oneOf('ClientIP' as const, 'None' as const) }),
  fc.record({
    sessionAffinity: fc.constant('ClientIP' as const),
    sessionAffinityTimeoutSeconds: fc.integer({ min: 1, max: 86400 }),
  }),
  fc.record({ externalIPs: oneOf([], ['198.51.100.200']) }),
);

t.test('a change of a Service can be taken back', async (t) => {
  fc.assert(
    fc.property(someCluster, fc.nat({ max: 2 }), serviceChange, (before, index, change) => {
      const name = NAMES[index] as string;
      const own = before.services.get(`default/${name}`) as Service;
      const there = after(before, [to(name, change)]);
      const back = after(there, [restoring(own)]);
      const others = NAMES.filter((one) => one !== name).map((one) => `default/${one}`);
      return sameRules(before, back) && sameRules(before, there, others);
    }),
    { numRuns: runs(100) },
  );
  t.pass('100 clusters');
});

t.test('cordoning changes no rule, and can be taken back', async (t) => {
  fc.assert(
    fc.property(someCluster, (before) => {
      const off = after(before, [{ node: { name: 'node-1', action: 'CORDON' } }]);
      const on = after(off, [{ node: { name: 'node-1', action: 'UNCORDON' } }]);
      return (
        sameRules(before, off) && JSON.stringify(on.nodes.get('node-1')) === JSON.stringify(before.nodes.get('node-1'))
      );
    }),
    { numRuns: runs(50) },
  );
  t.pass('50 clusters');
});

t.test('pods that were ready become ready again, and other Services see nothing of it', async (t) => {
  fc.assert(
    fc.property(someCluster, fc.nat({ max: 2 }), (before, app) => {
      const names = [...before.pods.values()]
        .filter(
          ({ metadata, status }) => metadata.labels?.app === `app-${app}` && status?.conditions?.[0]?.status === 'True',
        )
        .map(({ metadata }) => metadata.name);
      fc.pre(names.length > 0);
      const pods = (state: 'READY' | 'NOT_READY'): Change => ({ pods: { namespace: 'default', names, state } });
      const down = after(before, [pods('NOT_READY')]);
      const up = after(down, [pods('READY')]);
      const others = NAMES.filter((_, index) => index !== app).map((one) => `default/${one}`);
      return sameRules(before, down, others) && sameRules(before, up);
    }),
    { numRuns: runs(50) },
  );
  t.pass('50 clusters');
});

t.test('a node that joins and leaves again leaves nothing behind', async (t) => {
  fc.assert(
    fc.property(someCluster, oneOf('a', 'b', 'd'), (before, zone) => {
      const changes: readonly Change[] = [
        { node: { name: 'node-x', action: 'ADD', node: { zone } } },
        { node: { name: 'node-x', action: 'REMOVE' } },
      ];
      const back = after(before, changes);
      // A hint is set anew only where the shares of zones ask for it, so endpoints may be hinted otherwise than before.
      const plain = [...before.services.entries()].filter(([, { metadata }]) => metadata.annotations === undefined);
      return (
        plain.length === 0 ||
        sameRules(
          before,
          back,
          plain.map(([key]) => key),
        )
      );
    }),
    { numRuns: runs(50) },
  );
  t.pass('50 clusters');
});

t.test('a cluster says the same whatever way it came to be', async (t) => {
  fc.assert(
    fc.property(someCluster, fc.nat({ max: 2 }), serviceChange, (before, index, change) => {
      const name = NAMES[index] as string;
      const once = after(before, [to(name, change)]);
      const twice = after(once, [to(name, change)]);
      return sameRules(once, twice) && sameRules(once, after(before, [to(name, change)]));
    }),
    { numRuns: runs(30) },
  );
  t.pass('30 clusters');
});

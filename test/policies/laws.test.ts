/** Laws of network policies: they hold whatever the policies and the connection are. */
import fc from 'fast-check';
import t from 'tap';
import { nodeOfAddress, podOfAddress } from '../../src/cluster/addresses.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { namespacedName, type Pod } from '../../src/cluster/objects.js';
import { type Decision, decide } from '../../src/policies/evaluate.js';
import type { Direction, End } from '../../src/policies/flow.js';
import { matchesRule } from '../../src/policies/network-policy.js';
import { podClass } from '../../src/policies/pod-class.js';
import { policySetOf } from '../../src/policies/policy-set.js';
import { ask } from '../../src/questions/ask.js';
import { anyPolicies, anySpec, networkPolicy, policedSnapshot, WORKLOADS } from '../support/policed-cluster.js';
import { runs } from '../support/runs.js';

const PODS = WORKLOADS.flatMap(({ namespace, name, nodes, hostNetwork }) =>
  hostNetwork === true ? [] : nodes.map((_, index) => `${namespace}/${name}-${index}`),
);

const clusterWith = (policies: readonly unknown[]): Cluster => policedSnapshot({ policies }).cluster;

const pod = (cluster: Cluster, name: string) => cluster.pods.get(name) as Pod;

function endOf(cluster: Cluster, of: string): End {
  const own = cluster.pods.get(of);
  if (own !== undefined) return { address: own.status?.podIP ?? '', pod: own };
  const found = podOfAddress(cluster, of);
  if (found !== undefined) return { address: of, pod: found };
  const node = nodeOfAddress(cluster, of);
  return node === undefined ? { address: of } : { address: of, node };
}

const ends = fc.constantFrom(...PODS, '203.0.113.7', '198.51.100.1', '10.0.0.1', '10.0.0.3');
const connection = fc.record({
  from: ends,
  to: ends,
  protocol: fc.constantFrom('TCP', 'UDP'),
  port: fc.constantFrom(80, 8080, 8500, 53),
});
type Connection = typeof connection extends fc.Arbitrary<infer T> ? T : never;

/** A decision with all that is worked out when it is read. */
const written = ({
  verdict,
  tier,
  isolatedBy,
  allowedBy,
  decidedBy,
  passedBy,
  refusals,
  nearest,
  unknown,
}: Decision): string =>
  JSON.stringify({ verdict, tier, isolatedBy, allowedBy, decidedBy, passedBy, refusals, nearest, unknown });

/** What policies say of a connection in both directions; undefined for an end that is no pod. */
function both(policies: readonly unknown[], { from, to, protocol, port }: Connection) {
  const cluster = clusterWith(policies);
  const flow = { source: endOf(cluster, from), destination: endOf(cluster, to), protocol, port };
  const at = (direction: Direction, name: string): Decision => decide(cluster, direction, flow, cluster.pods.get(name));
  return { EGRESS: at('EGRESS', from), INGRESS: at('INGRESS', to) };
}

const DIRECTIONS = ['EGRESS', 'INGRESS'] as const;

t.test('the order of policies does not matter', async () => {
  fc.assert(
    fc.property(anyPolicies, connection, (policies, one) => {
      const [given, reversed] = [both(policies, one), both([...policies].reverse(), one)];
      for (const direction of DIRECTIONS) {
        if (written(given[direction]) !== written(reversed[direction])) return false;
      }
      return true;
    }),
    { numRuns: runs(150) },
  );
});

t.test(
  'a policy more never allows what others deny for pods that it does not select, and changes nothing for them',
  async () => {
    fc.assert(
      fc.property(anyPolicies, anySpec, connection, (policies, spec, one) => {
        const more = networkPolicy('more', spec);
        const cluster = clusterWith([...policies, more]);
        const [without, withIt] = [both(policies, one), both([...policies, more], one)];
        return DIRECTIONS.every((direction) => {
          const name = direction === 'EGRESS' ? one.from : one.to;
          const own = cluster.pods.get(name);
          const selected =
            own !== undefined && decide(cluster, direction, flowTo(cluster, one), own).isolatedBy.includes('shop/more');
          return selected || written(without[direction]) === written(withIt[direction]);
        });
      }),
      { numRuns: runs(150) },
    );
  },
);

function flowTo(cluster: Cluster, { from, to, protocol, port }: Connection) {
  return { source: endOf(cluster, from), destination: endOf(cluster, to), protocol, port };
}

t.test('a policy that selects no pod changes nothing', async () => {
  fc.assert(
    fc.property(anyPolicies, anySpec, connection, (policies, spec, one) => {
      const none = networkPolicy('none', { ...spec, podSelector: { matchLabels: { app: 'nobody' } } });
      const [without, withIt] = [both(policies, one), both([...policies, none], one)];
      return DIRECTIONS.every((direction) => written(without[direction]) === written(withIt[direction]));
    }),
    { numRuns: runs(150) },
  );
});

t.test(
  'rules are a union: a connection is allowed iff one of the policies that select the pod allows it alone',
  async () => {
    fc.assert(
      fc.property(anyPolicies, connection, (policies, one) => {
        const all = both(policies, one);
        const alone = policies.map((policy) => both([policy], one));
        return DIRECTIONS.every((direction) => {
          const { verdict, tier, isolatedBy } = all[direction];
          if (tier !== 'NETWORK_POLICY') return true;
          const isolating = alone.filter((each) => each[direction].isolatedBy.length > 0);
          const allowed = isolating.some((each) => each[direction].verdict === 'ALLOW');
          return isolating.length === isolatedBy.length && (verdict === 'ALLOW') === allowed;
        });
      }),
      { numRuns: runs(150) },
    );
  },
);

t.test('the rules that are said to allow, or to refuse, are those that do when each is asked', async () => {
  fc.assert(
    fc.property(anyPolicies, connection, (policies, one) => {
      const cluster = clusterWith(policies);
      const flow = flowTo(cluster, one);
      return DIRECTIONS.every((direction) => {
        const own = cluster.pods.get(direction === 'EGRESS' ? one.from : one.to);
        const { tier, verdict, allowedBy, refusals } = decide(cluster, direction, flow, own);
        if (own === undefined || tier !== 'NETWORK_POLICY') return true;
        const asked = policySetOf(cluster)
          .isolating(own, direction)
          .policies.flatMap((policy) =>
            policy.read[direction].map((read, rule) => ({
              place: `${policy.key} ${rule}`,
              verdict: matchesRule(cluster, policy, direction, read, flow),
            })),
          );
        const places = (of: readonly { readonly policy: string; readonly rule: number }[]) =>
          of.map(({ policy, rule }) => `${policy} ${rule}`).join();
        const matching = asked.filter((each) => each.verdict === undefined);
        if (places(allowedBy) !== matching.map(({ place }) => place).join()) return false;
        if (verdict === 'ALLOW') return matching.length > 0;
        const against = asked.filter((each) => each.verdict !== 'UNKNOWN');
        return matching.length === 0 && places(refusals) === against.map(({ place }) => place).join();
      });
    }),
    { numRuns: runs(300) },
  );
});

t.test('a rule split into one policy for each peer and port says the same', async () => {
  type Rule = Readonly<Record<string, readonly unknown[] | undefined>>;
  const split = (spec: Readonly<Record<string, unknown>>) => {
    const rules = (list: unknown, field: 'from' | 'to') =>
      ((list ?? []) as readonly Rule[]).flatMap((rule) => {
        const peers = rule[field]?.length ? rule[field].map((peer) => [peer]) : [undefined];
        const ports = rule.ports?.length ? rule.ports.map((port) => [port]) : [undefined];
        return peers.flatMap((peer) =>
          ports.map((port) => ({ ...(peer ? { [field]: peer } : {}), ...(port ? { ports: port } : {}) })),
        );
      });
    return { ...spec, ingress: rules(spec.ingress, 'from'), egress: rules(spec.egress, 'to') };
  };
  fc.assert(
    fc.property(anySpec, connection, (spec, one) => {
      const [whole, parts] = [both([networkPolicy('p', spec)], one), both([networkPolicy('p', split(spec))], one)];
      return DIRECTIONS.every((direction) => whole[direction].verdict === parts[direction].verdict);
    }),
    { numRuns: runs(150) },
  );
});

t.test('pods of one class are decided alike', async () => {
  fc.assert(
    fc.property(anyPolicies, connection, (policies, { to, protocol, port }) => {
      const cluster = clusterWith(policies);
      const byClass = new Map<string, string>();
      for (const name of PODS) {
        const source = endOf(cluster, name);
        const destination = endOf(cluster, to);
        if (source.pod === destination.pod) continue;
        const flow = { source, destination, protocol, port };
        const verdicts = DIRECTIONS.map(
          (direction) =>
            decide(cluster, direction, flow, direction === 'EGRESS' ? source.pod : destination.pod).verdict,
        ).join();
        const ofClass = podClass(cluster, pod(cluster, name));
        if ((byClass.get(ofClass) ?? verdicts) !== verdicts) return false;
        byClass.set(ofClass, verdicts);
      }
      return true;
    }),
    { numRuns: runs(150) },
  );
});

t.test('on a path policies only take away: what is delivered with them is delivered without', async () => {
  fc.assert(
    fc.property(
      anyPolicies,
      fc.constantFrom(...PODS),
      fc.constantFrom('shop/db', 'shop/api', 'ops/probe'),
      (policies, from, to) => {
        const [namespace = '', name = ''] = to.split('/');
        const path = { source: { pod: from }, destination: { service: { namespace, name, port: 80 } } };
        const snapshot = policedSnapshot({ policies });
        const key = (trace: { readonly endpoint?: unknown; readonly probability: unknown }) =>
          JSON.stringify([trace.endpoint, trace.probability]);
        const delivered = (settings: object) =>
          ask('path', { path, settings } as never, snapshot)
            .result.traces.filter(({ verdict }) => verdict === 'DELIVERED')
            .map(key);
        const without = delivered({ network: { policies: 'IGNORED' } });
        return delivered({}).every((one) => without.includes(one));
      },
    ),
    { numRuns: runs(40) },
  );
  for (const name of PODS) t.ok(pod(clusterWith([]), name) && namespacedName(pod(clusterWith([]), name)) === name);
});

t.test('the shares of clients on all nodes are the mean of those of each node', async () => {
  fc.assert(
    fc.property(
      anyPolicies,
      fc.constantFrom('shop/db', 'shop/api', 'ops/agent'),
      fc.constantFrom('POD', 'HOST'),
      fc.constantFrom('CLUSTER_IP', 'NODE_PORT'),
      (policies, to, from, via) => {
        const [namespace = '', name = ''] = to.split('/');
        const snapshot = policedSnapshot({ policies });
        const sharesOf = (names?: readonly string[]) => {
          const clients = { nodes: { from, ...(names === undefined ? {} : { names }) } };
          const probability = { services: [{ namespace, name, port: 80, via }], clients };
          const [service] = ask('probability', { probability } as never, snapshot).result.services;
          return new Map(service?.verdicts.map(({ verdict, cause, share }) => [`${verdict} ${cause}`, share.value]));
        };
        const each = ['n1', 'n2', 'n3'].map((node) => sharesOf([node]));
        const all = sharesOf();
        return [...new Set([...all.keys(), ...each.flatMap((one) => [...one.keys()])])].every((key) => {
          const mean = each.reduce((sum, one) => sum + (one.get(key) ?? 0) / 3, 0);
          return Math.abs(mean - (all.get(key) ?? 0)) < 1e-9;
        });
      },
    ),
    { numRuns: runs(30) },
  );
});

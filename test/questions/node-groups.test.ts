/**
 * Clients of all nodes come to the mean of what the clients of each node come to: nodes are put together only where
 * nothing tells them apart.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { add, divide, formatFraction, fraction, parseFraction, ZERO } from '../../src/base/fraction.js';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import type { ServiceProbability } from '../../src/contract/answers.js';
import type { Clients, Via } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { everyPort } from '../../src/questions/probability/asked-ports.js';
import { anyPolicies, CALICO, networkPolicy, policedItems, policedSnapshot } from '../support/policed-cluster.js';
import { randomCluster, settingsOf, snapshotOf } from '../support/random-cluster.js';
import { runs } from '../support/runs.js';

type From = 'POD' | 'HOST' | 'OUTSIDE';

interface Asked {
  readonly via: Via;
  readonly from: From;
  readonly settings: SettingsOverride;
}

type Parts = ReadonlyMap<string, string>;

/** Every share of a Service port, by whom it reaches or what becomes of it. */
function partsOf({ verdicts, endpoints }: ServiceProbability): Parts {
  return new Map([
    ...verdicts.map(({ verdict, cause, share }) => [`${verdict} ${cause ?? ''}`, share.fraction] as const),
    ...endpoints.map(({ address, port, share }) => [`${address} ${port}`, share.fraction] as const),
  ]);
}

/** The shares of clients on these nodes; undefined where nobody can be asked about. */
function shares(
  snapshot: Snapshot,
  { via, from, settings }: Asked,
  names: readonly string[],
): readonly Parts[] | undefined {
  const { cluster } = snapshot;
  const services = everyPort(cluster.services.values(), undefined).map(({ service }) => ({ ...service, via }));
  try {
    const clients: Clients =
      from === 'OUTSIDE' ? { external: { entersAt: [...names] } } : { nodes: { from, names: [...names] } };
    return ask('probability', { probability: { services, clients }, settings }, snapshot).result.services.map(partsOf);
  } catch (error) {
    if (error instanceof QuestionError) return undefined;
    throw error;
  }
}

function meanOf(all: readonly Parts[]): Record<string, string> {
  const keys = [...new Set(all.flatMap((parts) => [...parts.keys()]))].sort();
  const mean = (key: string) => {
    const sum = all.reduce((total, parts) => add(total, parseFraction(parts.get(key) ?? '0') ?? ZERO), ZERO);
    return formatFraction(divide(sum, fraction(all.length)));
  };
  return Object.fromEntries(keys.map((key) => [key, mean(key)]).filter(([, share]) => share !== '0'));
}

let compared = 0;

function compareWithEach(snapshot: Snapshot, asked: Asked): void {
  const names = [...snapshot.cluster.nodes.keys()];
  const whole = shares(snapshot, asked, names);
  const each = names.map((name) => shares(snapshot, asked, [name]));
  if (whole === undefined || each.includes(undefined)) return;
  for (const [index, parts] of whole.entries()) {
    const single = each.map((one) => one?.[index] as Parts);
    assert.deepEqual(meanOf([parts]), meanOf(single));
    compared++;
  }
}

const via = fc.constantFrom<Via>('CLUSTER_IP', 'NODE_PORT', 'LOAD_BALANCER');
const from = fc.constantFrom<From>('POD', 'POD', 'HOST', 'OUTSIDE');
const mode = fc.constantFrom('iptables', 'iptables', 'nftables', 'ipvs');
/** What rules look at of a source: all pods, those of some nodes, or nobody's. */
const pods = (first: string) => fc.constantFrom('10.0.0.0/8', `${first}.0.0/16`, `${first}.1.0/24`, `${first}.2.0/23`);
const masquerade = (first: string) =>
  fc.constantFrom(
    [],
    [{ source: `${first}.1.0/24`, exceptDestinations: [] }],
    [{ source: `${first}.2.0/23`, exceptDestinations: [`${first}.1.0/24`] }],
  );

t.test('one Service in any dress', async () => {
  const ranges = fc.constantFrom([], ['10.180.1.0/24'], ['10.180.2.0/23', '10.0.0.2/32']);
  fc.assert(
    fc.property(
      randomCluster,
      via,
      from,
      mode,
      pods('10.180'),
      masquerade('10.180'),
      ranges,
      (cluster, way, who, kind, clusterCIDR, podMasquerade, sourceRanges) => {
        const own = settingsOf(cluster);
        const version = kind === 'nftables' ? { kubernetesVersion: '1.34.0' } : {};
        const kubeProxy = { ...(own as { kubeProxy?: object }).kubeProxy, mode: kind, clusterCIDR };
        const settings = { ...own, ...version, kubeProxy, network: { podMasquerade } } as SettingsOverride;
        compareWithEach(snapshotOf({ ...cluster, sourceRanges }), { via: way, from: who, settings });
      },
    ),
    { numRuns: runs(60) },
  );
});

t.test('with network policies', async () => {
  fc.assert(
    fc.property(anyPolicies, from, mode, pods('10.244'), masquerade('10.244'), (policies, who, kind, cidr, net) => {
      const version = kind === 'nftables' ? { kubernetesVersion: '1.34.0' } : {};
      const kubeProxy = { mode: kind, detectLocalMode: 'ClusterCIDR', clusterCIDR: cidr };
      const settings = { ...version, kubeProxy, network: { podMasquerade: net } } as SettingsOverride;
      compareWithEach(policedSnapshot({ policies, more: [CALICO] }), { via: 'CLUSTER_IP', from: who, settings });
    }),
    { numRuns: runs(40) },
  );
});

t.test('they were compared', async (t) => {
  t.ok(compared > 50, `${compared} Service ports`);
});

t.test('pods of one node alone are known to kube-proxy as pods', async (t) => {
  const ingress = [{ from: [{ namespaceSelector: {} }] }];
  const spec = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress };
  const policies = [networkPolicy('pods-alone', spec)];
  const workloads = [
    { namespace: 'shop', name: 'web', nodes: ['n1', 'n2'], labels: { app: 'web' } },
    { namespace: 'shop', name: 'db', nodes: ['n3'], labels: { app: 'db' } },
  ];
  const snapshot = policedSnapshot({ policies, workloads });
  const settings: SettingsOverride = { kubeProxy: { detectLocalMode: 'ClusterCIDR', clusterCIDR: '10.244.1.0/24' } };
  const { pairs } = ask('reach', { reach: {}, settings }, snapshot).result;
  const pair = pairs.find((one) => one.from === 'StatefulSet shop/web' && one.to === 'shop/db:80');
  // What comes from the other node is masqueraded, and policies see that node.
  t.match(pair, { delivered: { fraction: '1/2' }, denied: { fraction: '1/2' } });
  const db = { namespace: 'shop', name: 'db' };
  const [all] = ask('probability', { probability: { services: [db] }, settings }, snapshot).result.services;
  t.equal(all?.delivered.fraction, '2/3');
});

t.test('a pod whose address is in no network of pods', async (t) => {
  const ingress = [{ from: [{ podSelector: {} }] }];
  const spec = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Ingress'], ingress };
  const items = policedItems({ policies: [networkPolicy('pods-alone', spec)] });
  // Another pool of addresses than the node's pod CIDR, as network plugins may have several.
  const moved = JSON.parse(JSON.stringify(items).replaceAll('10.244.2.11', '10.99.2.11')) as unknown[];
  const settings: SettingsOverride = { kubeProxy: { detectLocalMode: 'ClusterCIDR', clusterCIDR: '10.244.0.0/16' } };
  const deliveredOf = (list: readonly unknown[]) => {
    const snapshot = readSnapshot({ inline: { kind: 'List', items: list } });
    const { pairs } = ask('reach', { reach: {}, settings }, snapshot).result;
    return pairs.find((one) => one.from === 'StatefulSet shop/web' && one.to === 'shop/db:80')?.delivered.fraction;
  };
  t.equal(deliveredOf(items), '1');
  t.equal(deliveredOf(moved), '1/2');
});

/** What holds of every kind of change and every question, on random clusters in which everything fits together. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { applyChanges } from '../../src/changes/index.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { SettingsOverride } from '../../src/cluster/settings-override.js';
import { DOCUMENT } from '../../src/contract/gen/document.js';
import type { Change, PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import type { PlainKind } from '../../src/questions/kinds.js';
import { AT, rulesOf } from '../changes/fixture.js';
import { changesOf, livingCluster, manifestOf, printed } from '../support/living-cluster.js';
import { runs } from '../support/runs.js';

const at = new Date(AT).toISOString();
/** What a cluster's nodes would show together is given, so that both sides read the same. */
const SETTINGS: SettingsOverride = { kubeProxy: { clusterCIDR: '192.168.0.0/16', mode: 'iptables' } };

const KINDS = Object.keys(
  (DOCUMENT as unknown as { components: { schemas: { Change: { properties: object } } } }).components.schemas.Change
    .properties,
);

/** A cluster and a change of this kind. */
const situation = (kind: string) =>
  livingCluster.chain((made) => {
    const change = changesOf(made)[kind];
    assert.ok(change, `no law is asked of changes of kind ${kind}: add them to test/support/living-cluster.ts`);
    return fc.record({ made: fc.constant(made), change });
  });

function changed(made: Cluster, ...changes: readonly Change[]) {
  return applyChanges(made, changes, { settings: inferSettings(made, SETTINGS), at: AT });
}

/** The settings that the other side needs to be asked under: those that the change itself sets are part of it. */
function settingsAfter(change: Change): SettingsOverride {
  const { kubernetesVersion, settings } = change.proxy ?? {};
  return {
    ...SETTINGS,
    ...(kubernetesVersion === undefined ? {} : { kubernetesVersion }),
    kubeProxy: { ...SETTINGS.kubeProxy, ...settings },
    ...(change.loadBalancer === undefined ? {} : { loadBalancer: change.loadBalancer }),
  };
}

/** What is answered, or the code of the error: a node that a change removed cannot be asked about on either side. */
function outcome(answer: () => unknown): unknown {
  try {
    return answer();
  } catch (error) {
    if (error instanceof QuestionError) return error.code;
    throw error;
  }
}

/**
 * The after-side of what-if. A side that lacks what is asked about is empty, and a finding names it, because the other
 * side still has an answer; the plain question refuses it as NOT_FOUND. Returns that code for such a side. Where the
 * Service is gone, it is asked about the address that the Service had.
 */
function sideAfter(request: QuestionRequest, before: Snapshot, after: Snapshot): unknown {
  const { result, findings } = ask('what-if', request, before);
  const lacking = findings.find(({ code }) => code === 'ONLY_BEFORE');
  if (lacking === undefined || result.question !== 'path') return result.after;
  const pointer = String(lacking.evidence.pointer);
  if (pointer.startsWith('/path/destination/')) {
    const { addresses, port, protocol } = result.before.question;
    const destination = { address: addresses[0], port };
    const path = { ...request.path, destination, protocol } as PathQuestion;
    assert.deepEqual(result.after, plain('path', { at, settings: SETTINGS, path }, after));
    return 'NOT_FOUND';
  }
  assert.deepEqual(result.after, { ...result.after, traces: [], verdicts: [] });
  assert.match(pointer, /^\/path\/source\//);
  return 'NOT_FOUND';
}

/** Clusters for each kind of change. */
const RUNS = runs(8);

const SERVICES = ['web', 'api', 'db', 'agent', 'both'];
const QUESTIONS: readonly Pick<QuestionRequest, 'chains' | 'path' | 'probability'>[] = [
  { chains: {} },
  { chains: { format: 'SAVE', families: ['IPv4'] } },
  { probability: {} },
  { probability: { clients: { nodes: { from: 'HOST' } } } },
  ...SERVICES.map((name) => ({
    path: {
      source: { external: { entersAt: 'node-1' } },
      destination: { service: { namespace: 'default', name, portName: 'http' } },
      maxTraces: 1000,
    } as PathQuestion,
  })),
];

t.test('the after-side of what-if is the answer for a snapshot with the change made by hand', async (t) => {
  for (const changeKind of KINDS) {
    const law = fc.property(situation(changeKind), fc.constantFrom(...QUESTIONS), ({ made, change }, question) => {
      const before = readSnapshot({ inline: printed(made) });
      const after = readSnapshot({ inline: printed(changed(made, change).cluster) });
      const kind = (['chains', 'path', 'probability'] as const).find((one) => question[one] !== undefined) ?? 'chains';
      const byHand = outcome(() => plain(kind, { at, settings: settingsAfter(change), ...question }, after));
      const request = { at, settings: SETTINGS, changes: [change], ...question };
      assert.deepEqual(
        outcome(() => sideAfter(request, before, after)),
        byHand,
      );
      assert.deepEqual(
        outcome(() => plain(kind, request, before)),
        byHand,
        'nor does it matter whether what-if asks',
      );
    });
    fc.assert(law, { numRuns: RUNS });
    t.pass(changeKind);
  }
});

/** The result of a plain question; what would let a lost packet pass is no part of what what-if compares. */
function plain(kind: PlainKind, request: QuestionRequest, snapshot: Snapshot): unknown {
  const { result } = ask(kind, request, snapshot);
  if (!('remedies' in result)) return result;
  const { remedies: _, ...rest } = result;
  return rest;
}

/** The Services that a changed cluster says were touched, since `from`. */
function touched(from: Cluster, to: Cluster): ReadonlySet<string> {
  const names = new Set<string>();
  for (let one: Cluster | undefined = to; one !== undefined && one !== from; one = one.parent)
    for (const name of one.touchedServices) names.add(name);
  return names;
}

/** Changes of these kinds are about all Services: kube-proxy itself is another. */
const OF_ALL = ['proxy'];

t.test('a Service that a change does not touch keeps its chains byte for byte', async (t) => {
  let compared = 0;
  for (const kind of KINDS.filter((one) => !OF_ALL.includes(one))) {
    const law = fc.property(situation(kind), ({ made, change }) => {
      fc.pre(!JSON.stringify(change).includes('KubeProxyConfiguration'));
      const { cluster: after, settings } = changed(made, change);
      const names = touched(made, after);
      const stay = (name: string) => made.nodes.has(name) && after.nodes.has(name);
      const restrict = (one: Cluster) =>
        one.with({
          nodes: new Map([...one.nodes.keys()].filter((name) => !stay(name)).map((name) => [name, undefined])),
        });
      for (const key of made.services.keys()) {
        if (names.has(key)) continue;
        assert.equal(rulesOf(restrict(after), settings, key), rulesOf(restrict(made), settings, key), key);
        compared++;
      }
      // Were all of them touched for no reason, this law would say nothing.
      const about = change.scale?.name ?? change.service?.name ?? change.rollout?.name;
      if (about === undefined) return;
      for (const key of names)
        assert.ok(
          [about, 'both'].some((name) => key === `default/${name}`),
          `${key}, ${about}`,
        );
    });
    fc.assert(law, { numRuns: RUNS });
  }
  t.ok(compared > 100, `${compared} Services compared`);
});

const sameRules = (one: Cluster, other: Cluster) => {
  const settings = inferSettings(one, SETTINGS);
  return rulesOf(one, settings) === rulesOf(other, settings);
};

t.test('scaled up and down again, patched and patched back, applied and applied back: the same rules', async (t) => {
  fc.assert(
    fc.property(
      livingCluster,
      fc.constantFrom('web', 'api'),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
      (made, name, more, type) => {
        // A hint is set anew only where the shares of zones ask for it, so endpoints may be hinted otherwise than
        // before.
        fc.pre([name, 'both'].every((one) => made.services.get(`default/${one}`)?.metadata.annotations === undefined));
        const workload = made.workloads.get(`Deployment/default/${name}`);
        const own = made.services.get(`default/${name}`);
        assert.ok(workload !== undefined && own !== undefined);
        const replicas = workload.spec?.replicas ?? 1;
        const scale = (count: number, remove: readonly string[] = []): Change => ({
          scale: { kind: 'Deployment', namespace: 'default', name, replicas: count, remove },
        });
        const up = changed(made, scale(replicas + more)).cluster;
        const added = [...up.pods.values()]
          .filter(({ metadata }) => !made.pods.has(`default/${metadata.name}`))
          .map(({ metadata }) => metadata.name);
        assert.equal(added.length, more);
        assert.ok(sameRules(made, changed(up, scale(replicas, added)).cluster), 'scaled');

        const patch = (selector: object): Change => ({
          patch: { kind: 'Service', name, patch: { spec: { selector } } },
        });
        const away = changed(made, patch({ app: 'nobody' })).cluster;
        assert.ok(sameRules(made, changed(away, patch({ app: name })).cluster), 'patched');

        const apply = (spec: Readonly<Record<string, unknown>> = {}): Change => ({
          apply: { manifests: [manifestOf(own, spec)] },
        });
        // The first apply leaves the annotation by which the second knows what is its own.
        const there = changed(
          made,
          apply({ type, externalName: null, ...(type === 'ClusterIP' ? { externalTrafficPolicy: null } : {}) }),
        ).cluster;
        const back = changed(there, apply()).cluster;
        const { loadBalancerIngress } = { loadBalancerIngress: own.status?.loadBalancer?.ingress };
        const restored =
          loadBalancerIngress === undefined
            ? back
            : changed(back, {
                service: { namespace: 'default', name, loadBalancerIngress } as NonNullable<Change['service']>,
              }).cluster;
        assert.ok(sameRules(made, restored), 'applied');
      },
    ),
    { numRuns: runs(3) * RUNS },
  );
  t.pass('random clusters');
});

t.test('an apply of what is there already changes nothing, and says so', async (t) => {
  fc.assert(
    fc.property(livingCluster, (made) => {
      const manifests = [
        ...made.services.values(),
        ...[...made.workloads.values()].filter(({ kind }) => kind !== 'ReplicaSet'),
      ].map((one) => manifestOf(one));
      const { cluster: after, applied } = changed(made, { apply: { manifests } });
      assert.equal(after, made);
      assert.deepEqual(new Set(applied[0]?.consequences.map(({ kind }) => kind)), new Set(['OBJECT_UNCHANGED']));
      assert.equal(applied[0]?.consequences.length, manifests.length);
    }),
    { numRuns: runs(2) * RUNS },
  );
  t.pass('random clusters');
});

t.test('one replica more: every share goes from 1/n to 1/(n+1), and so do the rules', async (t) => {
  fc.assert(
    fc.property(livingCluster, fc.constantFrom('web', 'api'), (made, name) => {
      const own = made.services.get(`default/${name}`);
      fc.pre(own?.metadata.annotations === undefined && own?.spec?.internalTrafficPolicy === 'Cluster');
      const ready = made
        .slicesOf(`default/${name}`)
        .flatMap(({ endpoints, ports }) =>
          ports.some((port) => port.name === 'http') ? endpoints.filter(({ conditions }) => conditions?.ready) : [],
        );
      fc.pre(ready.length > 0);
      const n = ready.length;
      const replicas = made.workloads.get(`Deployment/default/${name}`)?.spec?.replicas ?? 1;
      const changes: readonly Change[] = [
        { scale: { kind: 'Deployment', namespace: 'default', name, replicas: replicas + 1 } },
      ];
      const snapshot = readSnapshot({ inline: printed(made) });
      const probability = { services: [{ namespace: 'default', name, portName: 'http' }] };
      const { before, after, difference } = ask('what-if', { at, settings: SETTINGS, changes, probability }, snapshot)
        .result as {
        before: { services: readonly { endpoints: readonly { share: { fraction: string } }[] }[] };
        after: { services: readonly { endpoints: readonly { share: { fraction: string } }[] }[] };
        difference: unknown;
      };
      const shares = (side: typeof before) =>
        side.services.flatMap(({ endpoints }) => endpoints.map(({ share }) => share.fraction));
      const part = (count: number) => (count === 1 ? '1' : `1/${count}`);
      assert.deepEqual(shares(before), Array(n).fill(part(n)));
      assert.deepEqual(shares(after), Array(n + 1).fill(part(n + 1)));
      assert.ok(difference);
      const chains = { nodes: ['node-1'], families: ['IPv4' as const], services: [`default/${name}`] };
      const text = ask('chains', { at, settings: SETTINGS, changes, chains }, snapshot).result.parts[0]?.text ?? '';
      const random = [
        ...text.matchAll(/-A KUBE-SVC-\w+ -m comment --comment "?default\/\w+:http -> .*--probability (\d\.\d+)/g),
      ].map(([, value]) => value);
      const expected = Array.from({ length: n }, (_, index) => (1 / (n + 1 - index)).toFixed(10));
      assert.deepEqual(random, expected);
    }),
    { numRuns: runs(3) * RUNS },
  );
  t.pass('random clusters');
});

/** Addresses that slices put a pod at, and that no pod has: slices made by hand, and snapshots whose parts differ. */
import t from 'tap';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

interface Item {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  spec: Record<string, unknown>;
  status: Record<string, unknown>;
}

type Edit = (item: Item) => Item | undefined;

const ofPod = (edit: Edit): Edit => {
  return (item) => (item.kind === 'Pod' && item.metadata.name === 'web-1' ? edit(item) : item);
};

const BY_HAND = { selector: undefined };

/** The lab, with its pods and Services edited; without selectors nobody keeps the slices current. */
function lab(edit: Edit = (item) => item, spec: Record<string, unknown> = {}): Snapshot {
  const list = labList({ services: [{ spec }] });
  return readSnapshot({ inline: { ...list, items: (list.items as Item[]).flatMap((item) => edit(item) ?? []) } });
}

/** The lab, where the first endpoint is a host that is no node's and no pod's. */
function outside(): Snapshot {
  const list = labList({ services: [{ spec: BY_HAND }] });
  const text = JSON.stringify(list.items, (key, value: unknown) => (key === 'targetRef' ? undefined : value));
  const items = (JSON.parse(text) as (Item & { endpoints?: { addresses: string[] }[] })[]).map((item) =>
    item.kind === 'EndpointSlice'
      ? { ...item, endpoints: [{ addresses: ['192.168.7.7'] }, ...(item.endpoints ?? []).slice(1)] }
      : item,
  );
  return readSnapshot({ inline: { ...list, items } });
}

const SVC = { namespace: 'default', name: 'svc' };
const GONE: Change = { pods: { namespace: 'default', names: ['web-1'], state: 'DELETED' } };
const status = (fields: Record<string, unknown>): Edit =>
  ofPod((item) => ({ ...item, status: { ...item.status, ...fields } }));
const elsewhere = status({ podIP: '10.180.1.77', podIPs: [{ ip: '10.180.1.77' }] });

const CASES: readonly {
  readonly name: string;
  readonly snapshot: Snapshot;
  readonly changes?: readonly Change[];
  readonly verdicts: Readonly<Record<string, string>>;
  readonly why?: RegExp;
  /** Answers assume that somebody is where slices say. */
  readonly assumed?: true;
}[] = [
  { name: 'every pod is there', snapshot: lab(), verdicts: { DELIVERED: '1' } },
  {
    name: 'a pod is missing beside others of its namespace',
    snapshot: lab(ofPod(() => undefined)),
    verdicts: { DELIVERED: '2/3', UNKNOWN: '1/3' },
    why: /puts pod default\/web-1 at 10\.180\.1\.2, but the snapshot has pods of namespace default/,
  },
  {
    name: 'no pod of the namespace is listed',
    snapshot: lab((item) =>
      item.kind === 'Pod' ? { ...item, metadata: { ...item.metadata, namespace: 'other' } } : item,
    ),
    verdicts: { DELIVERED: '1' },
    assumed: true,
  },
  {
    name: 'an endpoint is outside the cluster',
    snapshot: outside(),
    verdicts: { DELIVERED: '1' },
    assumed: true,
  },
  {
    name: 'a pod has another address',
    snapshot: lab(elsewhere),
    verdicts: { DELIVERED: '2/3', UNKNOWN: '1/3' },
    why: /that pod has 10\.180\.1\.77/,
  },
  {
    name: 'a pod has ended',
    snapshot: lab(status({ phase: 'Failed' })),
    verdicts: { DELIVERED: '2/3', UNKNOWN: '1/3' },
    why: /that pod has ended \(phase Failed\)/,
  },
  {
    name: 'a pod shows no address',
    snapshot: lab(status({ podIP: undefined, podIPs: undefined })),
    verdicts: { DELIVERED: '1' },
  },
  { name: 'a change deletes the pod', snapshot: lab(), changes: [GONE], verdicts: { DELIVERED: '1' } },
  {
    name: 'a change deletes the pod of a slice made by hand',
    snapshot: lab(undefined, BY_HAND),
    changes: [GONE],
    verdicts: { DELIVERED: '2/3', UNREACHABLE: '1/3' },
    why: /pod default\/web-1, which had 10\.180\.1\.2, is gone, and a slice still lists it/i,
  },
];

for (const { name, snapshot, changes = [], verdicts, why, assumed = false } of CASES) {
  t.test(name, async (t) => {
    const source = { podOn: 'node-2' };
    const { result, assumptions } = ask('path', { changes, path: { source, destination: { service: SVC } } }, snapshot);
    const shares = (found: readonly { verdict: string; share: { fraction: string } }[]) =>
      Object.fromEntries(
        found.filter(({ share }) => share.fraction !== '0').map((one) => [one.verdict, one.share.fraction]),
      );
    t.same(shares(result.verdicts), verdicts);
    t.equal(
      assumptions.some(({ field }) => field === 'endpoints'),
      assumed,
    );
    const failed = result.traces.filter(({ verdict }) => verdict !== 'DELIVERED');
    t.equal(failed.length, why === undefined ? 0 : 1);
    if (why !== undefined) t.match(failed[0]?.explanation, why);
    const spread = ask('probability', { changes, probability: { services: [SVC] } }, snapshot);
    t.same(shares(spread.result.services[0]?.verdicts ?? []), verdicts, 'probability says the same');
  });
}

t.test('check touches a Service whose slice, made by hand, lists a pod that a change takes away', async (t) => {
  const checked = (snapshot: Snapshot, changes: readonly Change[]) => ask('check', { changes }, snapshot);
  const { result, findings } = checked(lab(undefined, BY_HAND), [GONE]);
  t.same(
    result.services.map(({ service }) => service),
    ['default/svc'],
  );
  t.ok(result.failed);
  t.ok(findings.some(({ code }) => code === 'DELIVERED_BEFORE_UNREACHABLE_NOW'));
  const other: Change = { pods: { namespace: 'default', names: ['client-1'], state: 'DELETED' } };
  t.same(checked(lab(undefined, BY_HAND), [other]).result.services, []);
});

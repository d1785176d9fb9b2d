/** What findings say of a change of policies: whose connections, how much of them, by whom, and what is not known. */
import t from 'tap';
import { readSnapshot, type Snapshot } from '../../src/cluster/read-snapshot.js';
import type { Finding, ReachResult } from '../../src/contract/answers.js';
import type { Change, ReachQuestion } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { BANK_NAMESPACES, policy as bankPolicy, bankSnapshot } from '../support/bank-cluster.js';
import { CALICO, NAMESPACES, networkPolicy, policedItems, policedSnapshot } from '../support/policed-cluster.js';
import { pod } from '../support/small-cluster.js';

const adding = (...manifests: readonly unknown[]) => ({ apply: { manifests } }) as unknown as Change;
const deleting = (name: string) => ({ delete: { kind: 'NetworkPolicy', namespace: 'shop', name } }) as Change;

const check = (snapshot: Snapshot, changes: readonly Change[], services?: readonly string[]) =>
  ask('check', { changes: [...changes], check: services === undefined ? {} : { services: [...services] } }, snapshot);

const messages = (findings: readonly Finding[], code: string) =>
  findings.flatMap((one) => (one.code === code ? [one.message] : []));

const reach = (snapshot: Snapshot, changes: readonly Change[], question: ReachQuestion = {}) =>
  ask('reach', { reach: question, changes: [...changes] }, snapshot);

const closing = (name: string, labels: object) =>
  networkPolicy(name, { podSelector: { matchLabels: labels }, policyTypes: ['Ingress'] });

/** The cluster with such policies, and a label on each pod of shop/web that tells it from the other. */
function labelled(policies: readonly unknown[]): Snapshot {
  const items = policedItems({ policies }).map((item) => {
    const { kind, metadata } = item as { kind: string; metadata: { name: string; labels?: object } };
    const place = /^web-(\d)$/.exec(metadata.name)?.[1];
    if (kind !== 'Pod' || place === undefined) return item;
    return { ...(item as object), metadata: { ...metadata, labels: { ...metadata.labels, place } } };
  });
  return readSnapshot({ inline: { kind: 'List', items } });
}

t.test('workloads that lose different shares: the least and the largest', async (t) => {
  const node1 = networkPolicy('db', {
    podSelector: { matchLabels: { app: 'db' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ ipBlock: { cidr: '10.244.1.0/24' } }] }],
  });
  // Of shop/web one pod is on n1; those of shop/api are all on other nodes.
  const { findings } = check(policedSnapshot(), [adding(node1)]);
  t.match(messages(findings, 'NETWORK_POLICY_CUTS'), [
    /^The change denies 1\/2 to all of the connections of .* to shop\/db:80/,
  ]);
  t.match(
    findings.find(({ code }) => code === 'NETWORK_POLICY_CUTS'),
    { evidence: { share: '1', leastShare: '1/2' } },
  );
});

t.test('who denies is who did not before', async (t) => {
  const [old, added] = [closing('old', { place: '1' }), closing('new', { place: '0' })];
  const cut = check(labelled([old]), [adding(added)]).findings;
  for (const message of messages(cut, 'NETWORK_POLICY_CUTS')) t.match(message, /ingress by shop\/new\.|outside/);
  t.match(messages(cut, 'NETWORK_POLICY_CUTS'), [/ingress by shop\/new\./]);
  const opened = check(labelled([old, added]), [deleting('new')]).findings;
  t.match(messages(opened, 'NETWORK_POLICY_OPENS'), [/which shop\/new denied before/]);
});

t.test('two policies of one pod: the one that is new', async (t) => {
  const open = networkPolicy('open', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: {} }] }],
  });
  const { findings } = check(labelled([open]), [deleting('open'), adding(closing('shut', { app: 'web' }))]);
  t.match(messages(findings, 'NETWORK_POLICY_CUTS')[0], /ingress by shop\/shut\./);
});

t.test('a Service that leads to some of the pods that policies treat alike', async (t) => {
  const front = networkPolicy('front', {
    podSelector: { matchLabels: { app: 'web' } },
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ podSelector: {} }] }],
  });
  // No policy looks at the label by which the Service selects one of the two pods.
  const edge = (policies: readonly unknown[]) => {
    const items = labelled(policies).cluster;
    return readSnapshot({
      inline: {
        kind: 'List',
        items: [...items.nodes.values(), ...NAMESPACES, ...items.pods.values(), EDGE, ...policies],
      },
    });
  };
  const opened = check(edge([front]), [deleting('front')]).findings;
  t.match(messages(opened, 'NETWORK_POLICY_OPENS').at(-1), /outside .* come there by shop\/edge/);
  const cut = check(edge([]), [adding(front)]).findings;
  t.match(messages(cut, 'NETWORK_POLICY_CUTS').at(-1), /outside .* come there by shop\/edge/);
});

const EDGE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'edge', namespace: 'shop' },
  spec: {
    type: 'NodePort',
    clusterIP: '10.96.0.77',
    clusterIPs: ['10.96.0.77'],
    ipFamilies: ['IPv4'],
    selector: { place: '1' },
    ports: [{ port: 80, targetPort: 8080, protocol: 'TCP', nodePort: 30077 }],
  },
};

t.test('clients outside of one family', async (t) => {
  const only4 = bankPolicy('bank/only4', {
    podSelector: {},
    policyTypes: ['Ingress'],
    ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }],
  });
  const { findings } = check(bankSnapshot({ namespaces: BANK_NAMESPACES }), [adding(only4)]);
  const outside = messages(findings, 'NETWORK_POLICY_CUTS').filter((text) => /clients outside/.test(text));
  t.match(outside, [/\(anywhere over IPv6\)/, /\(anywhere over IPv6\)/]);
  const { summary } = reach(bankSnapshot({ namespaces: BANK_NAMESPACES }), [adding(only4)]);
  t.match(summary, /cuts \d+ pairs \(.* over IPv6/);
});

t.test('a check of one Service says nothing of others', async (t) => {
  const { findings, result } = check(
    policedSnapshot(),
    [adding(networkPolicy('shut', { podSelector: {} }))],
    ['shop/db'],
  );
  t.same([...new Set(result.reach?.map(({ to }) => to))], ['shop/db:80']);
  t.notOk(findings.some(({ message }) => /shop\/(?:web|api)\./.test(message)));
  t.match(messages(findings, 'NETWORK_POLICY_ESTABLISHED'), [`denies ${result.reach?.length} pairs`]);
});

t.test('a sentence begins with a capital letter', async (t) => {
  const agent = pod('kube-system', 'aws-node-x7k2p', 'n1', {
    metadata: { labels: { 'k8s-app': 'aws-node' }, ownerReferences: [{ kind: 'DaemonSet', name: 'aws-node' }] },
    spec: { hostNetwork: true, containers: [{ name: 'agent', image: 'a', args: ['--enable-network-policy=true'] }] },
    ip: '10.0.0.1',
  });
  const { findings } = check(policedSnapshot({ more: [agent] }), [adding(networkPolicy('shut', { podSelector: {} }))]);
  t.match(messages(findings, 'NETWORK_POLICY_ESTABLISHED'), [/^The AWS network policy agent leaves/]);
});

const OF_CALICO = {
  apiVersion: 'crd.projectcalico.org/v1',
  kind: 'NetworkPolicy',
  metadata: { namespace: 'shop', name: 'own' },
  spec: { selector: "app == 'db'", types: ['Ingress'] },
};

t.test('what is not known after a change is neither cut nor the same', async (t) => {
  const { result, summary } = reach(policedSnapshot({ more: [CALICO] }), [adding(OF_CALICO)]);
  const unknown = result.pairs.filter((one) => one.unknown !== undefined);
  t.ok(unknown.length > 0);
  t.ok(unknown.every(({ change }) => change === 'UNKNOWN'));
  t.match(result.counts, { cut: 0, opened: 0, changeUnknown: unknown.length });
  t.match(summary, `What the change does to ${unknown.length} pairs is not known.`);
  t.notMatch(summary, /cuts|opens no pair/);
});

t.test('pairs beyond the limit are not taken away by a change', async (t) => {
  const more = (names: readonly string[]): Change[] => [
    adding({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { namespace: 'shop', name: names[0] },
      spec: {
        replicas: 1,
        selector: { matchLabels: { app: names[0] } },
        template: { metadata: { labels: { app: names[0] } }, spec: { containers: [{ name: 'c', image: 'i' }] } },
      },
    }),
  ];
  const asked = (maxPairs: number): ReachResult['counts'] =>
    reach(policedSnapshot(), more(['new']), { namespaces: ['shop'], maxPairs }).result.counts;
  // Three workloads before, four after: of six pairs there is room for two targets before and for one after.
  t.match(asked(6), { pairs: 4, added: 1, removed: 0 });
  t.match(asked(40_000), { pairs: 12, added: 3, removed: 0 });
});

/**
 * A change of policies or labels that alters what certain pods may connect to never passes a check, nor a sweep,
 * without a word.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { agent } from '../support/small-cluster.js';

const LIST = JSON.parse(readFileSync('examples/article.json', 'utf8')) as { readonly items: readonly object[] };

function policy(name: string, spec: object) {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'default' }, spec };
}

const snapshot = (...more: readonly object[]) => readSnapshot({ inline: { ...LIST, items: [...LIST.items, ...more] } });
const applied = (manifest: object): Change => ({ apply: { manifests: [manifest] } }) as Change;
const NGINX = { podSelector: { matchLabels: { app: 'nginx' } }, policyTypes: ['Ingress'] };
const BY_LABEL = policy('by-label', {
  ...NGINX,
  ingress: [{ from: [{ podSelector: { matchLabels: { run: 'x' } } }] }],
});
const BY_BLOCK = policy('by-block', { ...NGINX, ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }] });
const NO_EGRESS = { podSelector: { matchLabels: { run: 'client' } }, policyTypes: ['Egress'] };
const labelled = (labels: object): Change => ({
  patch: {
    kind: 'Deployment',
    namespace: 'default',
    name: 'nginx-deployment',
    patch: { spec: { template: { metadata: { labels } } } },
  },
});
const LABELLED = labelled({ part: 'web' });

interface Case {
  readonly name: string;
  readonly has: readonly object[];
  readonly change: Change;
  /** What becomes of pairs of workload and Service port. */
  readonly reach: readonly object[] | undefined;
  readonly codes?: readonly string[];
}

const CLIENT = { from: 'Pod default/client', to: 'default/nginx-svc:80' };

const CASES: readonly Case[] = [
  {
    name: 'a client loses its egress',
    has: [],
    change: applied(policy('lock', NO_EGRESS)),
    reach: [
      { from: CLIENT.from, change: 'CUT' },
      { ...CLIENT, change: 'CUT', causes: [{ policies: ['default/lock'] }] },
    ],
    codes: ['NETWORK_POLICY_CUTS', 'NETWORK_POLICY_ESTABLISHED'],
  },
  {
    name: 'a client gets its egress back',
    has: [policy('lock', NO_EGRESS)],
    change: applied(policy('lock', { ...NO_EGRESS, egress: [{}] })),
    reach: [
      { from: CLIENT.from, change: 'OPENED' },
      { ...CLIENT, change: 'OPENED', delivered: { fraction: '1' } },
    ],
  },
  {
    name: 'egress of pods that are not there',
    has: [],
    change: applied(policy('lock', { ...NO_EGRESS, podSelector: { matchLabels: { run: 'nobody' } } })),
    reach: undefined,
    codes: ['NETWORK_POLICY_SELECTS_NOTHING'],
  },
  {
    name: 'labels of pods, by which a policy lets clients in',
    has: [BY_LABEL],
    change: labelled({ run: 'x' }),
    // The workload is let in to its own Service by its new label.
    reach: [{ from: 'Deployment default/nginx-deployment', to: 'default/nginx-svc:80', change: 'OPENED' }],
  },
  { name: 'labels that no policy asks for', has: [BY_LABEL], change: LABELLED, reach: undefined },
  { name: 'labels, and a policy that lets networks in', has: [BY_BLOCK], change: LABELLED, reach: undefined },
  {
    name: 'labels of a namespace',
    has: [BY_LABEL],
    change: applied({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop', labels: { team: 'a' } } }),
    reach: undefined,
  },
  {
    name: 'labels of a namespace, by which a policy lets clients in',
    has: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default' } },
      policy('by-team', { ...NGINX, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: 'a' } } }] }] }),
    ],
    change: applied({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'default', labels: { team: 'a' } } }),
    reach: [
      { to: CLIENT.to, change: 'OPENED' },
      { to: CLIENT.to, change: 'OPENED' },
    ],
  },
];

for (const { name, has, change, reach, codes = [] } of CASES) {
  t.test(name, async (t) => {
    const { result, findings } = ask('check', { changes: [change] }, snapshot(...has));
    t.equal(result.unknown, undefined);
    t.equal(result.reach?.length, reach?.length);
    for (const [index, pair] of (reach ?? []).entries()) t.match(result.reach?.[index], pair);
    for (const code of codes)
      t.ok(
        findings.some((one) => one.code === code),
        code,
      );
    t.equal(
      result.failed,
      findings.some(({ severity }) => severity === 'ERROR'),
    );
  });
}

t.test('a sweep says where labels decide whether its clients get through', async (t) => {
  const scale = { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment' } as const;
  const codes = (sweep: object, ...more: readonly object[]) =>
    ask('sweep', { sweep: { scale, from: 1, to: 4, ...sweep } } as never, snapshot(...more))
      .findings.map(({ code }) => code)
      .filter((code) => code === 'NETWORK_POLICY_NOT_EVALUATED');
  t.same(codes({}, BY_LABEL), ['NETWORK_POLICY_NOT_EVALUATED']);
  t.same(codes({ probability: { clients: { pod: 'default/client' } } }, BY_LABEL), []);
  t.same(codes({}, BY_BLOCK), []);
  t.same(codes({}), []);
});

t.test('summaries of what is not known, and of what nobody reaches', async (t) => {
  const services = [{ namespace: 'default', name: 'nginx-svc', port: 80 }];
  const cilium = agent('kube-system', 'cilium-abcde', { 'k8s-app': 'cilium' }) as object;
  t.match(
    ask('probability', { probability: { services } }, snapshot(cilium)).summary,
    /^Not known: of new connections to default\/nginx-svc:80, all are not known/,
  );
  const none: Change = { scale: { kind: 'Deployment', namespace: 'default', name: 'nginx-deployment', replicas: 0 } };
  t.match(
    ask('probability', { probability: { services }, changes: [none] }, snapshot()).summary,
    /^Lost: of new connections to default\/nginx-svc:80 from .*, all are refused \(NO_ENDPOINTS\)\.$/,
  );
  const path = { source: { pod: 'default/client' }, destination: { service: services[0] } } as never;
  t.match(ask('path', { path }, snapshot(cilium)).summary, /^Not known: whether default\/client reaches /);
});

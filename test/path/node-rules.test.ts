/** A node's own rules: what its interfaces are called, matches that need more than the packet, and wrong requests. */
import { createHash } from 'node:crypto';
import t from 'tap';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { PathResult } from '../../src/contract/answers.js';
import type { PathQuestion, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { labList } from '../support/lab.js';

interface Item {
  readonly kind: string;
  readonly metadata: { name: string; annotations?: Record<string, string> };
}

const SERVICE = { namespace: 'default', name: 'svc' };
const POD = { source: { pod: 'default/client-1' }, destination: { service: SERVICE } } as const;
const OUTSIDE = {
  source: { external: { entersAt: 'node-1' } },
  destination: { pod: 'default/web-1', port: 8080 },
} as const;

function filter(...rules: readonly string[]): string {
  return `*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n${rules.map((rule) => `-A FORWARD ${rule}\n`).join('')}COMMIT\n`;
}

const NAT =
  '*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\nCOMMIT\n';

/** The items of the lab with more: agents of pod networks as DaemonSets, annotations of nodes. */
function items(more: readonly object[] = [], annotations: Readonly<Record<string, string>> = {}) {
  const list = labList({ services: [{}] });
  const all = structuredClone(list.items) as Item[];
  for (const item of all) if (item.kind === 'Node') item.metadata.annotations = { ...annotations };
  return readSnapshot({ inline: { ...list, items: [...all, ...more] } });
}

const agent = (name: string, namespace = 'kube-system') => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name, namespace },
  spec: {
    selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name, image: 'x' }] } },
  },
});

function answer(
  rules: string,
  path: Partial<PathQuestion> = {},
  settings: QuestionRequest['settings'] = {},
  snapshot = items(),
) {
  const question = { source: { pod: 'default/client-1' }, destination: { pod: 'default/web-2', port: 8080 }, ...path };
  return ask('path', { path: { ...question, iptablesSave: { 'node-1': rules } }, settings }, snapshot);
}

const outcome = ({ traces: [trace] }: PathResult) => `${trace?.verdict}${trace?.cause ? ` ${trace.cause}` : ''}`;

const CLIENT = createHash('sha1').update('default.client-1').digest('hex').slice(0, 11);
const DROPPED = 'DROPPED POLICY';
const UNKNOWN = 'UNKNOWN UNKNOWN_MATCH';

t.test('names are taken from the rules, the snapshot or the settings, and are UNKNOWN otherwise', async (t) => {
  const rows: readonly (readonly [
    what: string,
    rules: readonly string[],
    expected: string,
    settings?: NonNullable<QuestionRequest['settings']>['network'],
    snapshot?: ReturnType<typeof items>,
  ])[] = [
    ['the only name of pods in the rules', ['-i cali+ -j DROP'], DROPPED],
    ['the name of another pod', ['-i cali12345678901 -j DROP'], 'DELIVERED'],
    // printf default.client-1 | sha1sum
    ['the pod’s own name', [`-i cali${CLIENT} -j DROP`], DROPPED],
    ['every pod’s name but its own', [`! -i cali${CLIENT} -j DROP`], 'DROPPED REPLY_LOST'],
    ['a bridge', ['-i cni0 -j DROP'], DROPPED],
    ['Weave', ['-i weave -j DROP'], DROPPED],
    ['two kinds of pods’ names', ['-i cali+ -j DROP', '-i cni0 -j ACCEPT'], UNKNOWN],
    ['the only card', ['-o ens5 -j DROP'], DROPPED],
    ['one of two cards', ['-o ens5 -j DROP', '-o ens6 -j ACCEPT'], UNKNOWN],
    ['all cards', ['-o ens+ -j DROP'], DROPPED],
    ['a name that tells nothing', ['-i internal0 -j DROP'], UNKNOWN],
    ['no such name', ['! -i internal0 -j DROP'], UNKNOWN],
    ['the loopback', ['-i lo -j DROP'], 'DELIVERED'],
    ['Docker’s bridge', ['-i docker0 -j DROP', '! -o docker0 -j ACCEPT', '-j DROP'], 'DELIVERED'],
    ['a card is no pod’s interface, and the reply comes in by it', ['-i eth0 -j DROP'], 'DROPPED REPLY_LOST'],
    ['any', ['-i + -j DROP'], DROPPED],
    ['a tunnel that there may be', ['-o flannel.1 -j DROP'], UNKNOWN],
    ['a tunnel beside the card', ['-o flannel.1 -j DROP', '-o eth0 -j ACCEPT'], UNKNOWN],
    ['given: another', ['-i cali+ -j DROP'], 'DELIVERED', { podInterface: 'eni+' }],
    ['given: the same', ['-i eni+ -j DROP'], DROPPED, { podInterface: 'eni+' }],
    ['given: one of them', ['-i azv123 -j DROP'], UNKNOWN, { podInterface: 'azv+' }],
    ['given: a name that tells nothing', ['-i internal0 -j DROP'], DROPPED, { podInterface: 'internal0' }],
    ['given: the card', ['-o ens5 -j DROP'], 'DELIVERED', { uplinkInterface: 'ens6' }],
    ['given: no tunnel', ['-o flannel.1 -j DROP', '-o eth0 -j ACCEPT'], 'DELIVERED', { tunnelInterface: 'none' }],
    ['given: a tunnel', ['-o eth0 -j DROP'], 'DELIVERED', { tunnelInterface: 'flannel.1' }],
    ['shown: Calico', ['-i cali+ -j DROP'], DROPPED, {}, items([agent('calico-node', 'calico-system')])],
    ['shown: Calico, not a bridge', ['-i cni0 -j DROP'], 'DELIVERED', {}, items([agent('calico-node')])],
    [
      'shown: Amazon, with Calico’s policies',
      ['-i eni+ -j DROP'],
      DROPPED,
      {},
      items([agent('calico-node'), agent('aws-node')]),
    ],
    [
      'shown: Amazon’s is not Calico’s',
      ['-i cali+ -j DROP'],
      'DELIVERED',
      {},
      items([agent('calico-node'), agent('aws-node')]),
    ],
    ['shown: Cilium', ['-i lxc+ -j DROP'], DROPPED, {}, items([agent('cilium')])],
    ['shown: Cilium, towards pods', ['-o lxc+ -j DROP'], UNKNOWN, {}, items([agent('cilium')])],
    [
      'shown: Flannel, by annotation',
      ['-i cni0 -j DROP'],
      DROPPED,
      {},
      items([], { 'flannel.alpha.coreos.com/backend-type': 'vxlan' }),
    ],
    ['shown: Azure', ['-i azv+ -j DROP'], DROPPED, {}, items([agent('azure-cns')])],
    ['shown: kindnet', ['-i veth+ -j DROP'], DROPPED, {}, items([agent('kindnet')])],
  ];
  for (const [what, rules, expected, network = {}, snapshot] of rows) {
    const { result } = answer(NAT + filter(...rules), {}, { network }, snapshot);
    t.equal(outcome(result), expected, `${what}: ${rules.join('; ')}`);
  }
});

t.test('what is taken for granted is listed', async (t) => {
  const fields = (rules: string, path?: Partial<PathQuestion>) =>
    answer(rules, path)
      .assumptions.filter(({ field }) => /Interface|nodeRules|limits|sockets|ipsec/.test(field))
      .map(({ field, value }) => `${field}=${value}`);
  t.same(fields(NAT + filter('-i cali+ -o ens5 -j DROP')), [
    'settings.network.podInterface=cali+',
    'settings.network.uplinkInterface=ens5',
  ]);
  t.same(fields(NAT + filter('-j ACCEPT')), [], 'no rule asks for a name');
  t.same(fields(NAT), ['nodeRules.node-1.filter=none'], 'only nat: nothing filters');
  t.same(fields(filter('-j ACCEPT')), ['nodeRules.node-1.nat=none'], 'only filter: nothing translates');
  const legacy = '# Warning: iptables-legacy tables present, use iptables-legacy-save to see them\n';
  t.same(fields(legacy + NAT + filter('-j ACCEPT')), ['nodeRules.node-1.legacy=none']);
  t.same(fields(NAT + filter('-m limit --limit 1/sec -j ACCEPT')), ['limits=below']);
});

t.test('rules of a node that is not there are an error', async (t) => {
  const path = { ...POD, iptablesSave: { node1: NAT } };
  t.throws(() => ask('path', { path }, items()), {
    code: 'NOT_FOUND',
    message: 'Node "node1" is not in the snapshot. Did you mean node-1',
    problems: [{ pointer: '/path/iptablesSave/node1' }],
  });
  t.throws(() => ask('path', { path: { ...POD, nodeRules: { node1: { ipset: '' } } } }, items()), {
    code: 'NOT_FOUND',
  });
  const twice = { ...POD, iptablesSave: { 'node-1': NAT }, nodeRules: { 'node-1': { iptablesSave: NAT } } };
  t.throws(() => ask('path', { path: twice }, items()), { code: 'INVALID_REQUEST', message: /given twice/ });
  const changes = [{ node: { name: 'node-3', action: 'REMOVE' } }] as const;
  const gone = { path: { ...POD, iptablesSave: { 'node-3': NAT } }, changes };
  t.ok(ask('path', gone, items()), 'a node that a change removes is there before');
  t.ok(
    ask('what-if', gone, items()).findings.every(({ code }) => code !== 'ONLY_AFTER'),
    'and what-if asks both sides',
  );
});

t.test('an endpoint that was chosen is named where a later rule is not decided', async (t) => {
  const plain = ask('chains', { chains: { nodes: ['node-1'], families: ['IPv4'], format: 'SAVE' } }, items());
  const [part] = plain.result.parts as readonly { readonly text?: string }[];
  const rules = (part?.text ?? '').replace(/^:FORWARD ACCEPT.*$/m, (line) => `${line}`);
  const save = rules
    .replace('*filter\n', '*filter\n')
    .replace(/^(-A FORWARD)/m, '-A FORWARD -m u32 --u32 0 -j DROP\n$1');
  const { result } = answer(save, POD);
  t.same(
    result.traces.map(({ verdict, endpoint, probability, seenClient }) => [
      verdict,
      endpoint?.pod,
      probability.fraction,
      seenClient,
    ]),
    [1, 2, 3].map((number) => ['UNKNOWN', `default/web-${number}`, '1/3', undefined]),
  );
});

const SETS = `create allow hash:ip family inet hashsize 1024 maxelem 65536
create nets hash:net family inet
add nets 10.180.0.0/16
add nets 10.180.2.0/24 nomatch
create ports hash:ip,port family inet
add ports 10.180.2.2,tcp:8080
create range bitmap:port range 0-65535
add range 8000-8090
create six hash:ip family inet6
create all list:set size 8
add all allow
add all range
create macs bitmap:ip,mac range 10.180.1.0-10.180.1.255
add macs 10.180.1.9,02:00:00:00:00:01
`;

t.test('sets are decided by what `ipset save` prints', async (t) => {
  const rows: readonly (readonly [match: string, expected: string])[] = [
    ['allow src', 'DELIVERED'],
    ['nets src', DROPPED],
    ['nets dst', 'DELIVERED'],
    ['ports dst,dst', DROPPED],
    ['ports src,dst', 'DELIVERED'],
    ['range dst', DROPPED],
    ['all dst', DROPPED],
    ['six src', 'DELIVERED'],
    ['missing src', UNKNOWN],
    ['range src', UNKNOWN],
    ['macs src,src', UNKNOWN],
    ['macs dst,src', 'DELIVERED'],
  ];
  for (const [match, expected] of rows) {
    const [name = '', directions = ''] = match.split(' ');
    const iptablesSave = NAT + filter(`-m conntrack --ctstate NEW -m set --match-set ${name} ${directions} -j DROP`);
    const path = {
      source: { pod: 'default/client-1' },
      destination: { pod: 'default/web-2', port: 8080 },
      nodeRules: { 'node-1': { iptablesSave, ipset: SETS } },
    };
    t.equal(outcome(ask('path', { path }, items()).result), expected, match);
  }
  const path = { ...POD, nodeRules: { 'node-1': { ipset: 'create a hash:ip\nadd b 10.0.0.1\nadd a x\n-A' } } };
  t.throws(() => ask('path', { path }, items()), {
    code: 'MALFORMED',
    message: 'The ipset text cannot be read: 3 problems; line 2: the set b is not created before',
  });
});

t.test('marks of connections are kept for the reply', async (t) => {
  const mangle = (chain: string, rule: string) =>
    `*mangle\n:PREROUTING ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n-A PREROUTING -i cni0 -m conntrack --ctstate NEW -j CONNMARK --set-xmark 0x80/0x80\n-A ${chain} ${rule}\nCOMMIT\n`;
  const reply = (rule: string) => outcome(answer(NAT + filter() + mangle('PREROUTING', rule)).result);
  t.equal(reply('-m conntrack --ctdir REPLY -m connmark --mark 0x80/0x80 -j DROP'), 'DROPPED REPLY_LOST');
  t.equal(reply('-m conntrack --ctdir REPLY -m connmark --mark 0x40/0x40 -j DROP'), 'DELIVERED');
  t.equal(outcome(answer(NAT + filter(), OUTSIDE).result), 'DELIVERED');
});

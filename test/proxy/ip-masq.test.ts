import t from 'tap';
import { inferSettings } from '../../src/cluster/infer-settings.js';
import { type IpMasqOverride, parseAgentFile } from '../../src/cluster/ip-masq.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { IpMasqSettings, Platform } from '../../src/cluster/settings.js';
import type { QuestionRequest } from '../../src/contract/requests.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';
import { ipMasqRules } from '../../src/proxy/iptables/ip-masq.js';
import { ask } from '../../src/questions/ask.js';
import { lab } from '../support/lab.js';

const AGENT: IpMasqSettings = {
  writer: 'AGENT',
  chain: 'IP-MASQ',
  nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00::/8', '192.168.0.0/16'],
  masqLinkLocal: false,
  masqLinkLocalIPv6: false,
  randomFully: true,
  ipv6: true,
};

t.test('the rules as their writers write them', async (t) => {
  const texts = (family: 'IPv4' | 'IPv6', settings: IpMasqSettings) => {
    const made = ipMasqRules(family, settings);
    return made === undefined ? undefined : [made.jump, ...made.rules].map(writeRule);
  };
  const agent = (cidr: string) =>
    `-A IP-MASQ -m comment --comment "ip-masq-agent: local traffic is not subject to MASQUERADE" -d ${cidr} -j RETURN`;
  const jump =
    '-A POSTROUTING -m comment --comment "ip-masq-agent: ensure nat POSTROUTING directs all non-LOCAL destination traffic to our custom IP-MASQ chain" -m addrtype ! --dst-type LOCAL -j IP-MASQ';
  const last =
    '-A IP-MASQ -m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)" -j MASQUERADE';
  t.same(texts('IPv4', AGENT), [
    jump,
    agent('169.254.0.0/16'),
    agent('10.0.0.0/8'),
    agent('192.168.0.0/16'),
    `${last} --random-fully`,
  ]);
  t.same(texts('IPv6', AGENT), [jump, agent('fe80::/10'), agent('fd00::/8'), `${last} --random-fully`]);
  t.same(
    texts('IPv4', { ...AGENT, masqLinkLocal: true, nonMasqueradeCIDRs: [], randomFully: false }),
    [jump, last],
    'as little as can be',
  );
  t.equal(texts('IPv6', { ...AGENT, ipv6: false }), undefined);
  t.equal(texts('IPv4', { ...AGENT, writer: 'NONE' }), undefined);
  const boot = inferSettings(lab({ services: [] }).cluster, { platform: 'gke' }).network.ipMasq;
  const rfc = (cidr: string, number: number) =>
    `-A IP-MASQ -m comment --comment "ip-masq: RFC ${number} reserved range is not subject to MASQUERADE" -d ${cidr} -j RETURN`;
  t.same(texts('IPv4', boot), [
    jump.replace('ip-masq-agent:', 'ip-masq:'),
    agent('169.254.0.0/16').replace('ip-masq-agent:', 'ip-masq:'),
    rfc('10.0.0.0/8', 1918),
    rfc('172.16.0.0/12', 1918),
    rfc('192.168.0.0/16', 1918),
    rfc('240.0.0.0/4', 5735),
    rfc('192.0.2.0/24', 5737),
    rfc('198.51.100.0/24', 5737),
    rfc('203.0.113.0/24', 5737),
    rfc('100.64.0.0/10', 6598),
    rfc('198.18.0.0/15', 6815),
    rfc('192.0.0.0/24', 6890),
    rfc('192.88.99.0/24', 7526),
    last.replace('ip-masq-agent:', 'ip-masq:'),
  ]);
  t.equal(texts('IPv6', boot), undefined, 'the boot script writes IPv4 only');
});

const agentConfig = (text: string, key = 'config') => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'ip-masq-agent', namespace: 'kube-system' },
  data: { [key]: text },
});
const agentSet = (...args: string[]) => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { name: 'ip-masq-agent', namespace: 'kube-system' },
  spec: { template: { spec: { containers: [{ name: 'agent', command: ['/ip-masq-agent', ...args] }] } } },
});
const bareNode = {
  kind: 'Node',
  metadata: { name: 'n' },
  status: { nodeInfo: { kubeletVersion: 'v1.30.5', operatingSystem: 'linux' } },
};

t.test('who masquerades, as the snapshot and the request tell', async (t) => {
  const table: [
    title: string,
    items: unknown[],
    platform: Platform,
    given: IpMasqOverride | undefined,
    expected: Partial<IpMasqSettings>,
    why?: RegExp,
  ][] = [
    ['nothing tells', [], 'generic', undefined, { writer: 'NONE' }],
    ['GKE', [], 'gke', undefined, { writer: 'BOOT_SCRIPT', chain: 'IP-MASQ' }, /--disable-default-snat/],
    [
      'a ConfigMap in YAML',
      [agentConfig('nonMasqueradeCIDRs:\n- 10.0.0.0/8\nmasqLinkLocal: true\nresyncInterval: 60s')],
      'gke',
      undefined,
      { writer: 'AGENT', chain: 'IP-MASQ', nonMasqueradeCIDRs: ['10.0.0.0/8'], masqLinkLocal: true, ipv6: false },
      /Read from ConfigMap kube-system\/ip-masq-agent/,
    ],
    [
      'in JSON, with IPv6, under the name of the file',
      [agentConfig('{"nonMasqueradeCIDRs":["10.0.0.0/8","fd00::/8"],"masqLinkLocalIPv6":true}', 'ip-masq-agent')],
      'generic',
      undefined,
      { chain: 'IP-MASQ-AGENT', nonMasqueradeCIDRs: ['10.0.0.0/8', 'fd00::/8'], masqLinkLocalIPv6: true, ipv6: true },
    ],
    [
      'a ConfigMap without CIDRs: the default list, on GKE with all reserved ranges',
      [agentConfig('masqLinkLocal: false')],
      'gke',
      undefined,
      { writer: 'AGENT', nonMasqueradeCIDRs: list('gke') },
    ],
    [
      'flags of the DaemonSet',
      [agentSet('--masq-chain=OWN', '--random-fully=false', '--enable-ipv6')],
      'gke',
      undefined,
      { writer: 'AGENT', chain: 'OWN', nonMasqueradeCIDRs: list('generic'), randomFully: false, ipv6: true },
      /flags of the ip-masq-agent/,
    ],
    [
      'a chain that cannot be',
      [agentSet('--masq-chain=KUBE-SERVICES')],
      'generic',
      undefined,
      { chain: 'IP-MASQ-AGENT' },
    ],
    [
      'a ConfigMap that the agent refuses',
      [agentConfig('nonMasqueradeCIDRs: [10.0.0.1/8]')],
      'gke',
      undefined,
      { writer: 'NONE' },
      /refuses .* nonMasqueradeCIDRs\[0\]/,
    ],
    [
      'the request wins, field by field',
      [agentConfig('nonMasqueradeCIDRs: [10.0.0.0/8]\nmasqLinkLocal: true')],
      'gke',
      { nonMasqueradeCIDRs: ['172.16.0.0/12'] },
      { writer: 'AGENT', nonMasqueradeCIDRs: ['172.16.0.0/12'], masqLinkLocal: true },
    ],
    [
      'only the agent can be configured',
      [],
      'gke',
      { nonMasqueradeCIDRs: [] },
      { writer: 'AGENT', chain: 'IP-MASQ', nonMasqueradeCIDRs: [] },
    ],
    ['none at all', [], 'gke', { writer: 'NONE' }, { writer: 'NONE', chain: '' }],
    ['an empty object says nothing', [], 'gke', {}, { writer: 'BOOT_SCRIPT' }],
  ];
  for (const [title, items, platform, given, expected, why] of table) {
    const { cluster } = readSnapshot({ inline: { kind: 'List', items: [bareNode, ...items] } });
    const settings = inferSettings(cluster, {
      platform,
      ...(given === undefined ? {} : { network: { ipMasq: given } }),
    });
    t.match(settings.network.ipMasq, expected, title);
    const assumed = settings.assumptions.filter(({ field }) => field === 'settings.network.ipMasq');
    if (why !== undefined) t.match(assumed, [{ why }], `${title}: why`);
    const again = inferSettings(cluster, settings.asUsed);
    t.same(again.network.ipMasq, settings.network.ipMasq, `${title}: the settings as used say the same`);
  }
  const over = inferSettings(lab({ services: [] }).cluster, { network: { ipMasq: { writer: 'AGENT', chain: 'A' } } });
  t.match(
    over.overriddenBy({ network: { ipMasq: { masqLinkLocal: true } } }).network.ipMasq,
    { writer: 'AGENT', chain: 'A', masqLinkLocal: true },
    'settings laid over settings',
  );
  t.match(over.overriddenBy({ network: { ipMasq: { writer: 'BOOT_SCRIPT' } } }).network.ipMasq, { chain: 'IP-MASQ' });
});

function list(platform: Platform): readonly string[] {
  const { cluster } = lab({ services: [] });
  return inferSettings(cluster, { platform, network: { ipMasq: { writer: 'AGENT' } } }).network.ipMasq
    .nonMasqueradeCIDRs;
}

t.test('files that the agent would refuse', async (t) => {
  const cases: [string, string | object][] = [
    ['', {}],
    ['nonMasqueradeCIDRs: null', {}],
    ['[1]', 'it is not a map of fields'],
    ['{', 'it is neither YAML nor JSON'],
    ['nonMasqueradeCIDRs: 10.0.0.0/8', 'its nonMasqueradeCIDRs is not a list'],
    ['nonMasqueradeCIDRs: [10.0.0.0/8, 5]', /nonMasqueradeCIDRs\[1\]/],
    ['nonMasqueradeCIDRs: [fd00::1/8]', /nonMasqueradeCIDRs\[0\]/],
    [`nonMasqueradeCIDRs: [${Array(65).fill('10.0.0.0/8').join(', ')}]`, 'it lists more than 64 CIDRs'],
    [`cidrLimit: 65\nnonMasqueradeCIDRs: [${Array(65).fill('10.0.0.0/8').join(', ')}]`, {}],
  ];
  for (const [text, expected] of cases) t.match(parseAgentFile(text), expected, text.slice(0, 40));
});

t.test('settings of the chain that cannot be', async (t) => {
  const cases: [IpMasqOverride, string, RegExp][] = [
    [{ chain: 'KUBE-X' }, '/chain', /neither built in nor kube-proxy's/],
    [{ chain: 'POSTROUTING' }, '/chain', /neither built in nor kube-proxy's/],
    [{ chain: '' }, '/chain', /such as IP-MASQ/],
    [{ nonMasqueradeCIDRs: ['10.0.0.1/8'] }, '/nonMasqueradeCIDRs/0', /first address of its network: 10\.0\.0\.0\/8/],
    [{ nonMasqueradeCIDRs: ['10.0.0.0'] }, '/nonMasqueradeCIDRs/0', /must be a CIDR such as/],
    [{ writer: 'BOOT_SCRIPT', masqLinkLocal: true }, '/masqLinkLocal', /always the same \(false\); use writer "AGENT"/],
  ];
  for (const [ipMasq, pointer, detail] of cases) {
    try {
      inferSettings(lab({ services: [] }).cluster, { network: { ipMasq } });
      t.fail(JSON.stringify(ipMasq));
    } catch (error) {
      t.match(error, {
        code: 'INVALID_REQUEST',
        problems: [{ pointer: `/settings/network/ipMasq${pointer}`, detail }],
      });
    }
  }
});

const NODE_PORT = {
  spec: {
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, nodePort: 30001 }],
  },
  endpoints: [2],
};

function seen(path: NonNullable<QuestionRequest['path']>, ipMasq?: IpMasqOverride): readonly string[] {
  const { result } = ask(
    'path',
    { settings: { platform: 'gke', ...(ipMasq === undefined ? {} : { network: { ipMasq } }) }, path },
    lab({ services: [NODE_PORT] }),
  );
  return result.traces.map(({ verdict, cause, seenClient, hops }) => {
    const source = hops.flatMap(({ steps }) => steps).findLast(({ after }) => after !== undefined)?.after?.source;
    return verdict === 'DELIVERED' ? `sees ${seenClient}` : `${cause} from ${source}`;
  });
}

t.test('a walk passes the chain after kube-proxy’s own', async (t) => {
  const client = { pod: 'default/client-1' };
  const to = (address: string) => ({ source: client, destination: { address, port: 443 } });
  const pod = { source: client, destination: { pod: 'default/web-2', port: 8080 } };
  const own = { source: client, destination: { pod: 'default/web-1', port: 8080 } };
  const service = { source: client, destination: { service: { namespace: 'default', name: 'svc' } } };
  const nodePort = {
    source: client,
    destination: { service: { namespace: 'default', name: 'svc', via: 'NODE_PORT' as const, node: 'node-2' } },
  };
  const table: [string, NonNullable<QuestionRequest['path']>, IpMasqOverride | undefined, string][] = [
    ['pod to the outside', to('8.8.8.8'), undefined, 'MISSING_DATA from 10.0.0.1'],
    ['pod to a reserved range', to('198.51.100.9'), undefined, 'MISSING_DATA from 10.180.1.9'],
    ['nobody masquerades', to('8.8.8.8'), { writer: 'NONE' }, 'MISSING_DATA from 10.180.1.9'],
    ['pod to pod', pod, undefined, 'sees 10.180.1.9'],
    // Both nodes forward it, and each masquerades what is new to it.
    ['pod to pod, pod range not listed', pod, { nonMasqueradeCIDRs: ['10.0.0.0/24'] }, 'sees 10.0.0.2'],
    ['to a pod of the same node too', own, { nonMasqueradeCIDRs: ['10.0.0.0/24'] }, 'sees 10.0.0.1'],
    ['after a Service’s DNAT', service, { nonMasqueradeCIDRs: ['172.30.0.0/16'] }, 'sees 10.0.0.2'],
    ['a listed pod range after DNAT', service, { nonMasqueradeCIDRs: ['10.180.0.0/16'] }, 'sees 10.180.1.9'],
    ['another node’s node port', nodePort, undefined, 'sees 10.180.1.9'],
    [
      'another node’s node port, node range not listed',
      nodePort,
      { nonMasqueradeCIDRs: ['10.180.0.0/16'] },
      'sees 10.0.0.1',
    ],
    ['link local', to('169.254.1.1'), { nonMasqueradeCIDRs: [] }, 'MISSING_DATA from 10.180.1.9'],
    [
      'link local too',
      to('169.254.1.1'),
      { nonMasqueradeCIDRs: [], masqLinkLocal: true },
      'MISSING_DATA from 10.0.0.1',
    ],
  ];
  for (const [title, path, ipMasq, expected] of table) t.same(seen(path, ipMasq), [expected], title);
});

t.test('chains tells the chain where it is known or asked for, and never as kube-proxy’s', async (t) => {
  const text = (settings: QuestionRequest['settings'], chains: NonNullable<QuestionRequest['chains']>) =>
    ask(
      'chains',
      { settings: settings ?? {}, chains: { nodes: ['node-1'], ...chains } },
      lab({ services: [NODE_PORT] }),
    ).result.parts[0]?.text ?? '';
  const given = { platform: 'gke' as const, network: { ipMasq: { writer: 'AGENT' as const } } };
  t.notMatch(text(given, { format: 'RESTORE' }), 'IP-MASQ');
  const save = text(given, { format: 'SAVE' });
  t.match(save, '\n:IP-MASQ - [0:0]\n');
  t.match(save, /-A POSTROUTING .*-j KUBE-POSTROUTING\n-A POSTROUTING .* ! --dst-type LOCAL -j IP-MASQ\n/);
  t.match(save, /-A IP-MASQ -d 169\.254\.0\.0\/16 -m comment --comment "ip-masq-agent: local .* -j RETURN\n/);
  t.match(text(given, { format: 'LIST', chains: ['IP-MASQ'] }), /^Chain IP-MASQ \(1 references\)\n/);
  t.notMatch(text({ platform: 'gke' }, { format: 'SAVE' }), 'IP-MASQ', 'assumed only: not shown unasked');
  t.match(text({ platform: 'gke' }, { format: 'SAVE', chains: ['IP-MASQ'] }), '-A IP-MASQ -d 10.0.0.0/8');
  t.notMatch(text(given, { format: 'SAVE', services: ['default/svc'] }), 'IP-MASQ', 'it is no rule of a Service');
});

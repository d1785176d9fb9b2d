/** Questions about nodes in ipvs mode, and about leaving it. */
import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import { divide, fraction, parseFraction, sum, ZERO } from '../../src/base/fraction.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import type { Change, Clients, QuestionRequest } from '../../src/contract/requests.js';
import { ask } from '../../src/questions/ask.js';
import { FINDING_CODES } from '../../src/questions/findings/codes.js';
import { balanced, WEB } from '../support/balanced.js';
import { type LabService, lab } from '../support/lab.js';

const SVC = { namespace: 'default', name: 'svc' };
type Settings = NonNullable<QuestionRequest['settings']>;
const ipvs = (more: object = {}): Settings => ({ kubeProxy: { mode: 'ipvs', ...more } });
const scheduler = (name: string, more: object = {}) => ({ ...ipvs({ ipvs: { scheduler: name } }), ...more });
const NODE_PORT: LabService = {
  spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }] },
};
const BALANCED: LabService = {
  spec: {
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    ports: [{ port: 80, targetPort: 8080, nodePort: 30001 }],
    healthCheckNodePort: 31500,
    loadBalancerSourceRanges: ['203.0.113.0/24'],
  },
  status: { loadBalancer: { ingress: [{ ip: '198.51.100.10' }] } },
  endpoints: [1, 2],
};

function shares(settings: QuestionRequest['settings'], probability: object = {}) {
  const request = { settings, probability: { services: [SVC], ...probability } };
  const [service] = ask('probability', request as never, lab({ services: [NODE_PORT] })).result.services;
  return {
    kind: service?.basis?.kind,
    why: service?.basis?.why ?? '',
    basis: service?.basis,
    shares: service?.endpoints.map(({ address, share }) => `${address} ${share.fraction}`),
  };
}

const THIRDS = ['10.180.1.2 1/3', '10.180.2.2 1/3', '10.180.3.2 1/3'];

t.test('each answer says which kind of number it is', async (t) => {
  const kinds: readonly (readonly [string, object, string, readonly string[], RegExp])[] = [
    ['rr', {}, 'LONG_RUN', THIRDS, /in turn/],
    ['wrr', {}, 'LONG_RUN', THIRDS, /in turn/],
    ['lc', {}, 'ASSUMED', THIRDS, /in balance/],
    ['wlc', {}, 'ASSUMED', THIRDS, /in balance/],
    ['sed', {}, 'ASSUMED', THIRDS, /never overlap, all go to 10\.180\.3\.2:8080/],
    ['nq', {}, 'ASSUMED', THIRDS, /never overlap, all go to 10\.180\.3\.2:8080/],
    ['sed', { connections: { pattern: 'ONE_AT_A_TIME' } }, 'ASSUMED', ['10.180.3.2 1'], /never overlap/],
    ['nq', { connections: { pattern: 'ONE_AT_A_TIME' } }, 'ASSUMED', ['10.180.3.2 1'], /never overlap/],
    ['lc', { connections: { pattern: 'ONE_AT_A_TIME' } }, 'ASSUMED', THIRDS, /closed ones still count/],
    ['lblc', {}, 'ASSUMED', ['10.180.3.2 1'], /to one address to one real server/],
    ['lblcr', {}, 'ASSUMED', ['10.180.3.2 1'], /to one address to one real server/],
    ['dh', {}, 'EXACT', ['10.180.3.2 1'], /whoever connects/],
    ['sh', {}, 'ASSUMED', ['10.180.1.2 85/256', '10.180.2.2 85/256', '10.180.3.2 43/128'], /slots/],
    ['mh', {}, 'ASSUMED', ['10.180.1.2 1364/4093', '10.180.2.2 1364/4093', '10.180.3.2 1365/4093'], /slots/],
  ];
  for (const [name, more, kind, expected, why] of kinds) {
    const found = shares(scheduler(name, more));
    t.equal(found.kind, kind, name);
    t.same(found.shares, expected, name);
    t.match(found.why, why, name);
  }
  t.equal(shares(undefined).kind, undefined, 'a draw for each connection is exact, and needs no word');
});

t.test('counts of connections decide where the next one goes', async (t) => {
  const open = (counts: readonly (readonly [number, number, number])[]) => ({
    connections: {
      open: counts.map(([on, active, inactive]) => ({ endpoint: `10.180.${on}.2:8080`, active, inactive })),
    },
  });
  const cases: readonly (readonly [string, ReturnType<typeof open>, string])[] = [
    // Active connections count 256 times as much as inactive ones.
    [
      'lc',
      open([
        [1, 1, 0],
        [2, 0, 255],
        [3, 1, 0],
      ]),
      '10.180.2.2 1',
    ],
    [
      'lc',
      open([
        [1, 1, 0],
        [2, 0, 300],
        [3, 2, 0],
      ]),
      '10.180.1.2 1',
    ],
    [
      'wlc',
      open([
        [1, 3, 0],
        [2, 2, 9],
        [3, 2, 8],
      ]),
      '10.180.3.2 1',
    ],
    // sed and nq do not see inactive ones; of equals the one that was added last comes first.
    [
      'sed',
      open([
        [1, 0, 9],
        [2, 0, 0],
        [3, 1, 0],
      ]),
      '10.180.2.2 1',
    ],
    [
      'nq',
      open([
        [1, 0, 9],
        [2, 1, 0],
        [3, 1, 0],
      ]),
      '10.180.1.2 1',
    ],
  ];
  for (const [name, connections, expected] of cases) {
    const found = shares(scheduler(name, connections));
    t.same(found.shares, [expected], name);
    t.match(found, { kind: 'ASSUMED', why: /counts that are given/ });
  }
});

t.test('turns have an order, and two clients who connect by turns see it', async (t) => {
  const { basis } = shares(scheduler('rr'));
  t.same(basis?.cycle, ['10.180.3.2:8080', '10.180.2.2:8080', '10.180.1.2:8080'], 'from the one that was added last');
  t.equal(basis?.firstOfTwo?.length, 3, 'of three each client reaches all');
  const two = ask(
    'probability',
    { settings: ipvs(), probability: { services: [SVC] } },
    lab({ services: [{ endpoints: [1, 2] }] }),
  );
  t.match(two.result.services[0]?.basis, { firstOfTwo: ['10.180.2.2:8080'], secondOfTwo: ['10.180.1.2:8080'] });
  t.match(two.summary, /shares in the long run/);
});

t.test('a given source has its endpoint under sh, mh and dh', async (t) => {
  for (const name of ['sh', 'dh', 'mh']) {
    const reached = [1, 2, 3].map((on) => {
      const path = { source: { pod: `default/client-${on}` }, destination: { service: SVC } };
      // mh counts the client's port since 1.27.
      const settings = { ...scheduler(name), kubernetesVersion: '1.26' };
      const { traces } = ask('path', { settings, path }, lab({ services: [NODE_PORT], version: '1.26.0' })).result;
      t.equal(traces.length, 1, name);
      t.match(traces[0]?.basis, { kind: 'EXACT' });
      return traces[0]?.endpoint?.address;
    });
    if (name === 'dh') t.equal(new Set(reached).size, 1);
  }
  const path = { source: { pod: 'default/client-1' }, destination: { service: SVC } };
  const { traces } = ask('path', { settings: scheduler('mh'), path }, lab({ services: [NODE_PORT] })).result;
  t.match(traces[0]?.basis, { kind: 'ASSUMED', why: /address and port/ });
});

t.test('persistence keeps a client on its endpoint', async (t) => {
  const sticky: LabService = {
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 600 } } },
  };
  const path = { source: { pod: 'default/client-1' }, destination: { service: SVC }, returningTo: '10.180.2.2:8080' };
  const { traces } = ask('path', { settings: ipvs(), path }, lab({ services: [sticky] })).result;
  t.match(traces, [{ endpoint: { address: '10.180.2.2' }, basis: { kind: 'EXACT', why: /within 600 s/ } }]);
  const { result } = ask(
    'probability',
    { settings: ipvs(), probability: { services: [SVC] } },
    lab({ services: [sticky] }),
  );
  for (const { endpoint, goesTo } of result.services[0]?.affinity?.returning ?? []) t.equal(goesTo, endpoint);
  t.equal(result.services[0]?.affinity?.returning.length, 3);
});

t.test('chains shows what a node carries', async (t) => {
  const snapshot = lab({ services: [NODE_PORT] });
  const chains = (format: string, more = {}) =>
    ask('chains', { settings: ipvs(), chains: { nodes: ['node-1'], format, ...more } } as never, snapshot).result
      .parts[0];
  t.match(chains('RESTORE')?.text, /^\*nat\n:KUBE-SERVICES - \[0:0\]\n/);
  const saved = chains('SAVE')?.text ?? '';
  t.same([...saved.matchAll(/^# .*$/gm)].map(String), ['# iptables-save', '# ipset save', '# ipvsadm -S -n']);
  t.match(saved, /^-A -t 172\.30\.0\.1:80 -s rr\n-a -t 172\.30\.0\.1:80 -r 10\.180\.1\.2:8080 -m -w 1\n/m);
  const listed = chains('LIST')?.text ?? '';
  t.same([...listed.matchAll(/^# .*$/gm)].map(String), [
    '# ipvsadm -Ln',
    '# ipset list',
    '# iptables -t nat -L -n',
    '# iptables -L -n',
  ]);
  t.match(listed, /^TCP {2}172\.30\.0\.1:80 rr\n {2}-> 10\.180\.1\.2:8080 {14}Masq {4}1 {6}0 {10}0 {9}\n/m);
  t.match(chains('RULES'), {
    boundAddresses: ['172.30.0.1'],
    ipsets: { 'KUBE-CLUSTER-IP': ['172.30.0.1,tcp:80'], 'KUBE-NODE-PORT-TCP': ['30001'] },
    virtualServers: [
      { address: '10.0.0.1', port: 30001, protocol: 'TCP', scheduler: 'rr', flags: 0, timeout: 0 },
      { address: '172.30.0.1', port: 80, realServers: [{ address: '10.180.1.2', port: 8080, weight: 1 }, {}, {}] },
    ],
    tables: [{ name: 'filter' }, { name: 'nat' }],
  });
  t.throws(() => chains('TRANSACTION'), { code: 'INVALID_REQUEST' });
  t.match(chains('RULES', { chains: ['KUBE-CLUSTER-IP'] }), { ipsets: { 'KUBE-CLUSTER-IP': ['172.30.0.1,tcp:80'] } });
  t.throws(() => chains('RULES', { chains: ['KUBE-NOBODY'] }), { code: 'NOT_FOUND' });
  const many = ask('chains', { settings: ipvs(), chains: { format: 'RULES', families: ['IPv4'] } }, snapshot).result;
  t.equal(many.parts.length, 4, 'what all have, and what each has alone');
  t.match(many.parts[0]?.virtualServers, [{ address: '172.30.0.1' }]);
  t.same(many.parts[1]?.boundAddresses, []);
});

t.test('a change of endpoints is a difference of virtual servers', async (t) => {
  const changes: Change[] = [{ pods: { action: 'NOT_READY', namespace: 'default', names: ['web-1'] } } as never];
  const request = { settings: ipvs(), changes, chains: { nodes: ['node-2'], format: 'SAVE' as const } };
  const { difference } = ask('what-if', request as never, lab({ services: [NODE_PORT] })).result as never as {
    difference: { unified: { text: string }[] };
  };
  t.match(difference.unified[0]?.text, /^-{1}-a -t 172\.30\.0\.1:80 -r 10\.180\.1\.2:8080 -m -w 1$/m);
});

t.test('a sweep counts shares of the long run', async (t) => {
  const sweep = { scale: { kind: 'Deployment', ...SVC }, from: 1, to: 3 };
  const { small } = await import('../support/small-cluster.js');
  const asked = { ...sweep, scale: { kind: 'Deployment', namespace: 'default', name: 'web' } };
  const answer = ask('sweep', { sweep: asked } as never, small({ mode: 'ipvs' }));
  t.match(answer.result.points.at(-1)?.replicas, 3);
  t.match(
    answer.assumptions.find(({ field }) => field === 'shares.LONG_RUN'),
    { value: 'LONG_RUN' },
  );
});

t.test('a source range that holds everything is refused by ipset, up to 1.33', async (t) => {
  const open: LabService = {
    ...BALANCED,
    spec: { ...BALANCED.spec, externalTrafficPolicy: 'Cluster', loadBalancerSourceRanges: ['0.0.0.0/0'] },
  };
  const path = {
    source: { external: { address: '203.0.113.7', entersAt: 'node-1' } },
    destination: { service: { ...SVC, via: 'LOAD_BALANCER' as const } },
  };
  for (const [version, expected] of [
    ['1.33.13', 'DROPPED'],
    ['1.34.9', 'DELIVERED'],
  ] as const) {
    const snapshot = lab({ services: [open], version });
    const { traces } = ask('path', { settings: ipvs(), path }, snapshot).result;
    t.equal(traces[0]?.verdict, expected, version);
    const chains = { nodes: ['node-1'], format: 'SAVE' as const };
    t.notMatch(ask('chains', { settings: ipvs(), chains }, snapshot).result.parts[0]?.text, /0\.0\.0\.0\/0/, version);
  }
});

t.test('a sweep and groups of nodes look at every hash', async (t) => {
  const { small } = await import('../support/small-cluster.js');
  const web = { namespace: 'default', name: 'web' };
  for (const name of ['dh', 'sh', 'rr'] as const) {
    const settings = scheduler(name);
    const asked = {
      scale: { kind: 'Deployment', ...web },
      from: 1,
      to: 9,
      services: [web],
      clients: { nodes: { from: 'HOST' } },
    };
    const { clients, services, ...sweep } = asked;
    const swept = ask(
      'sweep',
      { settings, sweep: { ...sweep, probability: { services, clients } } } as never,
      small({}),
    );
    for (const point of swept.result.points) {
      const scaled = { scale: { kind: 'Deployment', ...web, replicas: point.replicas } };
      const alone = ask(
        'probability',
        { settings, changes: [scaled], probability: { services, clients } } as never,
        small({}),
      );
      const own = alone.result.services[0]?.endpoints.length;
      t.equal(point.services[0]?.endpoints, own, `${name}: ${point.replicas} replicas`);
    }
  }
  // Node ports: dh hashes the address of each node.
  const nodes = [1, 2, 3].map((on) => {
    const path = {
      source: { pod: `default/client-${on}` },
      destination: { service: { ...SVC, via: 'NODE_PORT', node: `node-${on}` } },
    };
    const [trace] = ask('path', { settings: scheduler('dh'), path } as never, lab({ services: [NODE_PORT] })).result
      .traces;
    return trace?.endpoint?.address;
  });
  const all = ask(
    'probability',
    { settings: scheduler('dh'), probability: { services: [{ ...SVC, via: 'NODE_PORT' }] } } as never,
    lab({ services: [NODE_PORT] }),
  ).result.services[0];
  t.same(new Set(all?.endpoints.map(({ address }) => address)), new Set(nodes));
});

function changesTo(mode: string): Change[] {
  return [{ proxy: { mode } }] as Change[];
}

t.test('leaving ipvs mode says what breaks', async (t) => {
  const snapshot = inIpvs([BALANCED], 'scheduler: lc\n  strictARP: true', '1.28.3');
  for (const mode of ['iptables', 'nftables'] as const) {
    const version = mode === 'nftables' ? '1.33.13' : '1.28.3';
    const before = inIpvs([BALANCED], 'scheduler: lc\n  strictARP: true', version);
    const answer = ask('check', { changes: changesTo(mode), check: {} }, before);
    const codes = answer.findings.map(({ code }) => code);
    for (const code of [
      'IPVS_SCHEDULER_LOST',
      'STRICT_ARP_LEFT',
      'LOCAL_FALLBACK_LOST',
      'SOURCE_RANGES_CHANGED',
      'IDLE_TIMEOUTS_CHANGED',
      'IPVS_CONNECTIONS_LOST',
      'PROXY_RULES_LEFT_BEHIND',
    ] as const)
      t.ok(codes.includes(code), `${mode}: ${code}`);
    t.equal(codes.includes('LOOPBACK_NODE_PORTS_OPENED'), mode === 'iptables', mode);
    t.equal(codes.includes('UNKNOWN_PORTS_CHANGED'), mode === 'iptables', `${mode}: both reject unknown ports`);
    t.equal(answer.result.unknown, undefined, 'everything is known');
    for (const found of answer.findings) {
      const known: readonly string[] = FINDING_CODES[found.code].evidence;
      for (const field of Object.keys(found.evidence)) t.ok(known.includes(field), `${found.code} ${field}`);
      t.match(found.message, /^\S.*\.$/, 'a sentence');
    }
  }
  t.match(
    ask('check', { changes: changesTo('iptables'), check: {} }, snapshot).findings.find(
      ({ code }) => code === 'SOURCE_RANGES_CHANGED',
    ),
    { severity: 'WARNING' },
    'processes of nodes did not meet source ranges from 1.25 to 1.28',
  );
  const old = ask('check', { changes: changesTo('iptables'), check: {} }, inIpvs([NODE_PORT], '', '1.25.4'));
  t.ok(old.findings.some(({ code }) => code === 'CLUSTER_IP_PING_LOST'));
  t.match(
    old.findings.find(({ code }) => code === 'IPVS_SCHEDULER_LOST'),
    { severity: 'INFO', evidence: { scheduler: 'rr' } },
  );
});

t.test('ipvs mode is deprecated since 1.35, and wants strictARP where MetalLB announces', async (t) => {
  const codes = (version: string, ipvsSettings: string) =>
    ask('inspect', { inspect: {} } as never, inIpvs([NODE_PORT], ipvsSettings, version)).findings.map(
      ({ code }) => code,
    );
  t.ok(codes('1.35.6', '').includes('IPVS_DEPRECATED'));
  t.notOk(codes('1.34.9', '').includes('IPVS_DEPRECATED'));
  const announced = ask(
    'inspect',
    { inspect: {}, settings: { loadBalancer: { implementation: 'metallb-l2' } } } as never,
    inIpvs([BALANCED], '', '1.33.13'),
  );
  t.match(
    announced.findings.find(({ code }) => code === 'STRICT_ARP_NEEDED'),
    { severity: 'WARNING', evidence: { services: ['default/svc'] } },
  );
});

/** The lab whose kube-proxy's ConfigMap has ipvs mode. */
function inIpvs(services: readonly LabService[], section: string, version: string) {
  const snapshot = lab({ services, version });
  const data = {
    'config.conf':
      'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\nclusterCIDR: 10.180.0.0/16\nmode: ipvs\n' +
      (section === '' ? '' : `ipvs:\n  ${section}\n`),
  };
  const map = snapshot.cluster.configMaps.get('kube-system/kube-proxy');
  const configMaps = new Map([['kube-system/kube-proxy', { ...(map as object), data } as never]]);
  return { ...snapshot, cluster: snapshot.cluster.with({ configMaps } as never) };
}

t.test('wrong input is refused with its place', async (t) => {
  const path = { source: { pod: 'default/client-1' }, destination: { service: SVC } };
  const SAVE = '*filter\n:INPUT ACCEPT [0:0]\nCOMMIT\n';
  const read = (rules: object, settings?: object) => () =>
    ask(
      'path',
      { path: { ...path, nodeRules: { 'node-1': rules } }, settings } as never,
      lab({ services: [NODE_PORT] }),
    );
  const at = '/path/nodeRules/node-1/ipvsadm';
  const wrong: readonly (readonly [string, RegExp])[] = [
    [
      '-a -t 10.0.0.1:80 -r 10.1.1.1:80 -m\n',
      /line 1: a real server of TCP 10\.0\.0\.1:80, which is no virtual server/,
    ],
    ['  -> 10.1.1.1:80  Masq 1 0 0\n', /line 1: a real server without a virtual server/],
    ['-A -t 10.0.0.1:80 -s fastest\n', /line 1: there is no scheduler fastest: rr, wrr/],
    ['TCP  10.0.0.1:80 fastest\n', /there is no scheduler fastest/],
    ['-A -t web:http -s rr\n', /"web:http" is not the address and port of a virtual server/],
    ['TCP  10.0.0.1:http rr\n', /with numbers/],
    [
      '-A -t 10.0.0.1:80 -s rr\n-A -t 10.0.0.1:80 -s rr\n',
      /line 2: the virtual server TCP 10\.0\.0\.1:80 is there twice/,
    ],
    ['-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.1.1.1:80 -m -w x\n', /"x" is not a number/],
    ['-A -t 10.0.0.1:80 -s sh -b sh-what\n', /there is no flag sh-what/],
    ['-A -t [fd00::1]:80 -s rr\n-a -t [fd00::1]:80 -r 10.1.1.1:80 -m\n', /not of the family/],
    ['TCP  10.0.0.1:80                         0        0        0        0        0\n', /there is no scheduler 0/],
    ['*nat\n', /is no line of ipvsadm/],
  ];
  for (const [ipvsadm, message] of wrong)
    t.throws(
      read({ iptablesSave: SAVE, ipvsadm }),
      { code: 'MALFORMED', problems: [{ pointer: at, detail: message }] },
      ipvsadm,
    );
  t.throws(read({ ipvsadm: '-A -t 10.0.0.1:80 -s rr\n' }), { code: 'INVALID_REQUEST', problems: [{ pointer: at }] });
  const settings: readonly (readonly [object, string])[] = [
    [{ kubeProxy: { mode: 'ipvs', ipvs: { scheduler: 'best' } } }, '/settings/kubeProxy/ipvs/scheduler'],
    [{ connections: { open: [{ endpoint: 'x', active: 1 }] } }, '/settings/connections/open/0/endpoint'],
    [
      {
        connections: {
          open: [
            { endpoint: '10.1.1.1:80', active: 1 },
            { endpoint: '10.1.1.1:80', active: 2 },
          ],
        },
      },
      '/settings/connections/open/1/endpoint',
    ],
  ];
  for (const [given, pointer] of settings)
    t.throws(() => ask('path', { path, settings: given } as never, lab({ services: [NODE_PORT] })), {
      code: 'INVALID_REQUEST',
      problems: [{ pointer }],
    });
});

t.test('what others have beside kube-proxy is walked or not known, never guessed', async (t) => {
  const snapshot = lab({ services: [NODE_PORT] });
  const { savedParts } = await import('../support/ipvs-text.js');
  const own = savedParts(
    ask('chains', { settings: ipvs(), chains: { nodes: ['node-1'], format: 'SAVE', families: ['IPv4'] } }, snapshot)
      .result,
  );
  const from = { source: { pod: 'default/client-1' }, destination: { service: SVC } };
  const walked = (rules: object, settings: object = {}) =>
    ask('path', { path: { ...from, nodeRules: { 'node-1': rules } }, settings } as never, snapshot).result.traces.map(
      ({ verdict, cause, endpoint, explanation }) => ({ verdict, cause, to: endpoint?.address, explanation }),
    );
  t.equal(walked(own).length, 3);
  t.match(walked({ ...own, ipvsadm: undefined }), [{ verdict: 'UNKNOWN', explanation: /ipvsadm -S -n/ }], 'no ipvsadm');
  t.match(walked({ ...own, ipset: undefined }), [{ verdict: 'UNKNOWN', cause: 'UNKNOWN_MATCH' }], 'no ipset');
  const one = (server: string) => `-A -t 172.30.0.1:80 -s rr\n-a -t 172.30.0.1:80 -r 10.180.1.2:8080 ${server}\n`;
  t.match(walked({ ...own, ipvsadm: one('-m -w 0') }), [{ verdict: 'REJECTED' }], 'it drains');
  t.match(walked({ ...own, ipvsadm: one('-g -w 1') }), [{ verdict: 'UNKNOWN', explanation: /without NAT/ }]);
  t.match(walked({ ...own, ipvsadm: one('-m -w 1 -x 5 -y 1') }), [{ verdict: 'UNKNOWN', explanation: /limit/ }]);
  const twos = own.ipvsadm.replaceAll('-s rr', '-s twos');
  t.match(walked({ ...own, ipvsadm: twos }), [{ verdict: 'UNKNOWN', explanation: /twos .* is not modelled/ }]);
  const marked = `-A -f 7 -s rr\n-a -f 7 -r 10.180.2.2:8080 -m -w 1\n${own.ipvsadm}`;
  t.equal(walked({ ...own, ipvsadm: marked }).length, 3, 'a firewall mark that nothing sets');
  const marking = own.iptablesSave.replace(
    '*nat\n',
    '*mangle\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -p tcp -j MARK --set-xmark 0x7/0xffffffff\nCOMMIT\n*nat\n',
  );
  t.match(walked({ ...own, iptablesSave: marking, ipvsadm: marked }), [{ verdict: 'DELIVERED', to: '10.180.2.2' }]);
  const listed = own.ipvsadm
    .replaceAll(/^-A -t (\S+) -s rr$/gm, 'TCP  $1 lc')
    .replaceAll(/^-a -t \S+ -r (\S+) -m -w 1$/gm, '  -> $1 Masq 1 4 0');
  const busy = `IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n${listed.replaceAll('10.180.2.2:8080 Masq 1 4 0', '10.180.2.2:8080 Masq 1 3 9')}`;
  t.match(walked({ ...own, ipvsadm: busy }), [{ verdict: 'DELIVERED', to: '10.180.2.2' }], 'as -Ln counts connections');
  const others = `${own.ipset}create blocklist hash:net family inet\nadd blocklist 10.180.1.0/24\n`;
  t.equal(walked({ ...own, ipset: others }).length, 3, 'sets of others');
});

t.test('behind a load balancer each node chooses by its own scheduler', async (t) => {
  for (const scheduler of ['rr', 'sh', 'dh', 'mh'] as const) {
    for (const pods of [
      [0, 0, 0, 0, 1, 1, 1],
      [1, 1, 1, 0, 0, 0, 0],
    ]) {
      const behind = balanced({ pods, policy: 'Cluster' });
      const settings = { kubeProxy: { mode: 'ipvs', ipvs: { scheduler } } } as const;
      const sharesOf = (via: 'LOAD_BALANCER' | 'NODE_PORT', clients: Clients) => {
        const { result } = ask(
          'probability',
          { settings, probability: { services: [{ ...WEB, via }], clients } },
          behind,
        );
        return new Map(
          result.services[0]?.endpoints.map(({ address, share }) => [address, parseFraction(share.fraction)]),
        );
      };
      const nodes = [...behind.cluster.nodes.keys()];
      const each = nodes.map((node) => sharesOf('NODE_PORT', { external: { entersAt: [node] } }));
      for (const [address, share] of sharesOf('LOAD_BALANCER', { loadBalancer: {} })) {
        const all = sum(each.map((own) => own.get(address) ?? ZERO));
        t.same(share, divide(all, fraction(nodes.length)), `${scheduler}, ${pods.join()}: ${address}`);
      }
    }
  }
});

t.test(
  'a host port takes packets for a cluster IP, which is an address of the node, from its own node alone',
  async (t) => {
    const size = { services: 6, endpointsPerService: 2, nodes: 3 };
    const { items } = generateSnapshot(size);
    const containers = [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }];
    const pod = {
      ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'ingress', namespace: 'default' } },
      ...{ spec: { nodeName: 'node-2', containers }, status: { phase: 'Running', podIP: '10.0.1.99' } },
    };
    const snapshot = readSnapshot({ bytes: Buffer.from(JSON.stringify({ kind: 'List', items: [...items, pod] })) });
    for (const mode of ['ipvs', 'iptables'] as const) {
      const settings = { kubeProxy: { mode } };
      const all = ask('probability', { settings, probability: {} }, snapshot).result.services;
      const verdicts = mode === 'ipvs' ? ['2/3 DELIVERED', '1/3 UNKNOWN'] : ['1 DELIVERED'];
      for (const { service, verdicts: said } of all.filter(({ via }) => via === 'CLUSTER_IP')) {
        const shown = said.map(({ share, verdict }) => `${share.fraction} ${verdict}`);
        t.strictSame(shown, verdicts, `${mode} ${service.name}`);
      }
    }
  },
);

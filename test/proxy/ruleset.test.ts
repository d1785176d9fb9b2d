import t from 'tap';
import { generateSnapshot } from '../../bench/generate.js';
import { addressOf, cidrContains, networkOf } from '../../src/base/address.js';
import type { Node } from '../../src/cluster/objects.js';
import type { Statement } from '../../src/netfilter/iptables/statements.js';
import { statementsOf } from '../../src/netfilter/iptables/statements.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';
import type { Packet } from '../../src/netfilter/packet.js';
import type { Chain, Rule, Ruleset, Table } from '../../src/netfilter/ruleset.js';
import { iptablesProgram } from '../../src/proxy/iptables/program.js';
import { lazyRuleset } from '../../src/proxy/iptables/ruleset.js';
import { clusterOf } from '../support/cluster-of.js';
import type { GoldenCase } from '../support/golden.js';
import { goldenCases } from '../support/golden.js';
import { proxySettings } from '../support/proxy-settings.js';

const OPTIONS = { kubelet: false, forwardPolicy: 'ACCEPT' } as const;

const tableOf = (ruleset: Ruleset, name: string) => ruleset.tables.find((table) => table.name === name) as Table;
const texts = (chain: Chain | undefined) => chain?.rules.map(writeRule);

function packetTo(destination: string, destinationPort: number, protocol: Packet['protocol']): Packet {
  const family = destination.includes(':') ? 'IPv6' : 'IPv4';
  const connection = { state: 'NEW', dnat: false, snat: false } as const;
  return { family, protocol, source: '192.0.2.1', destination, destinationPort, mark: 0, connection };
}

/** Whether header matches of a rule let the packet pass; everything else is taken to match. */
function mayMatch(rule: Rule, packet: Packet): boolean {
  return statementsOf(rule).every((each: Statement) => {
    if (each.kind === 'protocol') return each.protocol === packet.protocol.toLowerCase();
    if (each.kind === 'destination-port') return each.ports.from === packet.destinationPort;
    if (each.kind !== 'destination') return true;
    const network = networkOf(each.address);
    const address = addressOf(packet.destination);
    if (network === undefined || address === undefined) throw new Error(`not an address: ${each.address}`);
    return cidrContains(network, address) !== (each.negated ?? false);
  });
}

/** A packet to everything that the Services of a case answer to, and to what none answers to. */
function* packets(golden: GoldenCase, family: 'IPv4' | 'IPv6', minor: number): Generator<Packet> {
  const settings = proxySettings(minor);
  const node = golden.cluster.nodes.get(golden.node) as Node;
  for (const port of iptablesProgram({ cluster: golden.cluster, node, family, settings }).services.ports()) {
    for (const address of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs]) {
      yield packetTo(address, port.port, port.protocol);
    }
    const own = family === 'IPv4' ? '10.128.0.4' : '2001:db8:128::4';
    if (port.nodePort !== 0) yield packetTo(own, port.nodePort, port.protocol);
    if (port.healthCheckNodePort !== 0) yield packetTo(own, port.healthCheckNodePort, 'TCP');
    yield packetTo(port.clusterIP, port.port + 1, port.protocol);
  }
}

t.test('what a chain selects for a packet holds every rule that the packet can match, in order', async (t) => {
  let compared = 0;
  for (const golden of goldenCases('iptables')) {
    const node = golden.cluster.nodes.get(golden.node) as Node;
    for (const { family, version } of golden.outputs.filter((each) => [20, 24, 36].includes(each.version.minor))) {
      const settings = golden.settings(version, 'iptables');
      const input = { cluster: golden.cluster, node, family, settings };
      const full = iptablesProgram(input).ruleset(OPTIONS);
      const lazy = iptablesProgram(input).ruleset(OPTIONS);
      for (const packet of packets(golden, family, version.minor)) {
        for (const table of full.tables) {
          for (const chain of table.chains()) {
            if (chain.select === undefined) continue;
            const all = chain.rules.filter((rule) => mayMatch(rule, packet)).map(writeRule);
            const selected = tableOf(lazy, table.name).chain(chain.name)?.select?.(packet) ?? [];
            const kept = selected.filter((rule) => mayMatch(rule, packet)).map(writeRule);
            if (kept.join('\n') !== all.join('\n')) t.same(kept, all, `${golden.name} ${version.minor} ${chain.name}`);
            compared++;
          }
        }
      }
    }
  }
  t.ok(compared > 2000, `${compared} chains compared`);
});

t.test('a chain looked up alone is the chain of the whole', async (t) => {
  for (const golden of goldenCases('iptables-save')) {
    for (const { family, version } of golden.outputs.filter(({ name }) => name.includes('nft'))) {
      const node = golden.cluster.nodes.get(golden.node) as Node;
      const input = { cluster: golden.cluster, node, family, settings: golden.settings(version, 'iptables') };
      for (const table of iptablesProgram(input).ruleset(OPTIONS).tables) {
        for (const chain of table.chains()) {
          const alone = tableOf(iptablesProgram(input).ruleset(OPTIONS), table.name).chain(chain.name);
          if (texts(alone)?.join('\n') !== texts(chain)?.join('\n')) t.same(texts(alone), texts(chain), chain.name);
        }
      }
    }
  }
  t.pass();
});

t.test('the way to one Service makes the rules of that Service alone', async (t) => {
  const cluster = clusterOf(generateSnapshot({ services: 300, endpointsPerService: 4, nodes: 10 }).items);
  const node = cluster.nodes.get('node-1') as Node;
  const program = iptablesProgram({ cluster, node, family: 'IPv4', settings: proxySettings(30) });
  const made: string[] = [];
  const source = {
    context: program.context,
    services: program.services,
    selection: (port: Parameters<typeof program.selection>[0]) => program.selection(port),
    portRules: (port: Parameters<typeof program.portRules>[0]) => {
      made.push(port.id);
      return program.portRules(port);
    },
  };
  const nat = tableOf(lazyRuleset(source, OPTIONS), 'nat');
  const services = nat.chain('KUBE-SERVICES');
  const rules = services?.select?.(packetTo('10.200.0.42', 80, 'TCP')) ?? [];
  t.equal(rules.length, 2, 'its rule and the one on to node ports');
  const target = statementsOf(rules[0]).at(-1);
  const chain = target?.kind === 'jump' ? nat.chain(target.chain) : undefined;
  t.equal(chain?.rules.length, 5, 'one masquerade rule and four endpoints');
  t.equal(chain?.ordered, true);
  t.same(new Set(made), new Set(['team-42/svc-42:http']), 'no other Service was looked at');
  t.equal(services?.rules.length, 300 + 15 + 1, 'cluster IPs, load balancers, node ports');
  t.equal(services?.rules, services?.rules, 'made once');
  t.equal(
    services?.rules.find((rule) => writeRule(rule) === writeRule(rules[0] as Rule)),
    rules[0],
    'the same rule',
  );
  t.equal(services?.ordered, false);
  t.equal(nat.chain('KUBE-SEP-AAAAAAAAAAAAAAAA'), undefined);
  t.equal(nat.chain('DOCKER'), undefined);
});

const KUBELET: readonly { minor: number; family: 'IPv4' | 'IPv6'; filter: string[]; nat: string[]; input: string[] }[] =
  [
    {
      minor: 24,
      family: 'IPv4',
      filter: [
        '-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x00008000/0x00008000 -j DROP',
        '-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
      ],
      nat: ['-A KUBE-MARK-DROP -j MARK --or-mark 0x00008000'],
      input: ['KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FIREWALL'],
    },
    {
      minor: 26,
      family: 'IPv6',
      filter: [
        '-A KUBE-FIREWALL -m comment --comment "kubernetes firewall for dropping marked packets" -m mark --mark 0x00008000/0x00008000 -j DROP',
      ],
      nat: ['-A KUBE-MARK-DROP -j MARK --or-mark 0x00008000'],
      input: ['KUBE-PROXY-FIREWALL', 'KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FIREWALL'],
    },
    {
      minor: 27,
      family: 'IPv4',
      filter: [
        '-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
      ],
      nat: [],
      input: ['KUBE-PROXY-FIREWALL', 'KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES', 'KUBE-FIREWALL'],
    },
    {
      minor: 30,
      family: 'IPv6',
      filter: [],
      nat: [],
      input: ['KUBE-FIREWALL', 'KUBE-PROXY-FIREWALL', 'KUBE-NODEPORTS', 'KUBE-EXTERNAL-SERVICES'],
    },
  ];

t.test('kubelet has written its chains before kube-proxy starts', async (t) => {
  const cluster = clusterOf(generateSnapshot({ services: 1, endpointsPerService: 1, nodes: 1 }).items);
  const node = cluster.nodes.get('node-1') as Node;
  for (const { minor, family, filter, nat, input } of KUBELET) {
    const ruleset = iptablesProgram({ cluster, node, family, settings: proxySettings(minor) }).ruleset({
      kubelet: true,
      forwardPolicy: 'DROP',
    });
    const table = tableOf(ruleset, 'filter');
    t.same(texts(table.chain('KUBE-FIREWALL')), filter, `1.${minor} ${family} KUBE-FIREWALL`);
    t.same(texts(tableOf(ruleset, 'nat').chain('KUBE-MARK-DROP')) ?? [], nat, `1.${minor} ${family} KUBE-MARK-DROP`);
    const targets = table.chain('INPUT')?.rules.map((rule) => {
      const last = statementsOf(rule).at(-1);
      return last?.kind === 'jump' ? last.chain : '';
    });
    t.same(targets, input, `1.${minor} ${family} INPUT`);
    t.equal(table.chain('FORWARD')?.base?.policy, 'DROP');
    t.equal(table.chain('INPUT')?.base?.policy, 'ACCEPT');
  }
});

/**
 * Listings of what others write, as nft 1.0.6 prints them of rules that are loaded: Docker's nftables mode, firewalld,
 * libvirt, ufw and kube-router by iptables-nft, flannel, and one of many forms. Each has its text and its JSON.
 */
import { readFileSync } from 'node:fs';
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { parseRuleset, parseTables, printTables } from '../../src/netfilter/nftables/parse.js';
import { saveRule } from '../../src/netfilter/nftables/statements/index.js';
import { statementsOf } from '../../src/netfilter/nftables/types.js';
import { canonicalValue, type ValueType } from '../../src/netfilter/nftables/values.js';
import type { Packet } from '../../src/netfilter/packet.js';
import type { Hook, Rule } from '../../src/netfilter/ruleset.js';
import { walkHook } from '../../src/netfilter/walk/walk.js';
import { ESTABLISHED, host, packetWith } from './support.js';

const NAMES = ['docker', 'firewalld', 'libvirt', 'flannel', 'ufw', 'kube-router', 'every-form'];
const file = (name: string) => readFileSync(`test/netfilter/listings/${name}`, 'utf8');

/** iptables-nft writes `mark or` where nft itself has `meta mark |`; the same is meant. */
const canonical = (text: string) =>
  text.replace(/meta mark set mark or 0x(\w+)/g, (_, mark) => `meta mark set meta mark | 0x${mark.padStart(8, '0')}`);

t.test('text, data, text is the identity', async (t) => {
  for (const name of NAMES) {
    const text = canonical(file(`${name}.nft`));
    t.equal(printTables(parseTables(text), 'IPv4'), text, name);
  }
});

const isUnknown = ({ statements }: Rule) =>
  statements.some(
    (one) => one.kind === 'unknown-statement' || JSON.stringify(one).includes("json {'") || one.kind === 'limit',
  );

t.test('JSON has the same rules as the text; what it does not have is unknown', async (t) => {
  for (const name of NAMES) {
    const [text, json] = [parseTables(canonical(file(`${name}.nft`))), parseTables(file(`${name}.json`))];
    t.same(
      json.map(({ family, name: table }) => `${family} ${table}`),
      text.map(({ family, name: table }) => `${family} ${table}`),
    );
    let same = 0;
    for (const [index, table] of text.entries()) {
      const other = json[index];
      for (const chain of table.chainList) {
        const rules = other?.chain(chain.name)?.rules ?? [];
        t.equal(rules.length, chain.rules.length, `${name} ${chain.name}`);
        t.same(other?.chain(chain.name)?.base, chain.base, `${name} ${chain.name}`);
        for (const [at, rule] of chain.rules.entries()) {
          const read = rules[at] as Rule;
          const [a, b] = [rule, read].map((one) => saveRule(one, 'IPv4').replaceAll('"', '').replaceAll(' 0x', ' '));
          if (a === b) same++;
          else t.ok(isUnknown(read) || /tcp flags|@nh/.test(a ?? ''), `${name} ${chain.name} ${at}: ${a} / ${b}`);
        }
      }
      for (const set of table.setList) {
        const elements = (of: typeof set | undefined) =>
          [...(of?.elements() ?? [])].map(({ key }) =>
            key.map((part, i) => canonicalValue(part, set.type[i] as ValueType)),
          );
        t.same(elements(other?.set(set.name)), elements(set), `${name} ${set.name}`);
      }
    }
    t.ok(same > 5, `${name}: ${same} rules are alike`);
  }
});

const outcomes = (name: string, hook: Hook, packet: Partial<Packet>) =>
  walkHook(parseRuleset(file(name), 'IPv4'), hook, packetWith(packet), host);

const ASKED: readonly (readonly [string, Hook, Partial<Packet>, readonly string[]])[] = [
  ['docker', 'FORWARD', { inInterface: 'eth0', outInterface: 'docker0', destination: '172.17.0.2' }, ['ACCEPT']],
  ['docker', 'FORWARD', { inInterface: 'eth0', outInterface: 'docker0', destination: '172.17.0.3' }, ['DROP']],
  ['docker', 'FORWARD', { inInterface: 'eth0', outInterface: 'cni0', destination: '10.244.0.3' }, ['ACCEPT']],
  ['docker', 'PREROUTING', { inInterface: 'eth0', destination: '172.17.0.2' }, ['DROP']],
  ['firewalld', 'INPUT', { inInterface: 'eth0', destination: '10.128.0.2', destinationPort: 30080 }, ['REJECT']],
  ['firewalld', 'INPUT', { inInterface: 'eth0', destination: '10.128.0.2', destinationPort: 22 }, ['ACCEPT']],
  ['firewalld', 'INPUT', { inInterface: 'eth0', source: '198.51.100.9', destinationPort: 30080 }, ['ACCEPT']],
  ['firewalld', 'FORWARD', { inInterface: 'eth0', outInterface: 'cni0' }, ['REJECT']],
  [
    'firewalld',
    'FORWARD',
    { inInterface: 'eth0', outInterface: 'cni0', connection: { state: 'NEW', dnat: true, snat: false } },
    ['ACCEPT'],
  ],
  ['libvirt', 'FORWARD', { inInterface: 'eth0', outInterface: 'cni0' }, ['ACCEPT']],
  ['libvirt', 'FORWARD', { inInterface: 'eth0', outInterface: 'virbr0', destination: '192.168.122.7' }, ['REJECT']],
  ['ufw', 'FORWARD', { inInterface: 'eth0', outInterface: 'cni0', destination: '10.244.0.3' }, ['ACCEPT']],
  ['ufw', 'FORWARD', { inInterface: 'eth0', outInterface: 'cni0', destination: '192.0.2.3' }, ['DROP']],
  ['ufw', 'INPUT', { inInterface: 'eth0', destination: '10.128.0.2', destinationPort: 443 }, ['ACCEPT']],
  ['ufw', 'INPUT', { inInterface: 'eth0', destination: '10.128.0.2', destinationPort: 2222 }, ['UNKNOWN']],
  ['ufw', 'INPUT', { inInterface: 'eth0', destination: '10.128.0.2', destinationPort: 8080 }, ['DROP']],
  ['kube-router', 'FORWARD', { inInterface: 'eth0', destination: '10.244.1.5' }, ['ACCEPT']],
  ['kube-router', 'FORWARD', { inInterface: 'eth0', destination: '10.244.1.4' }, ['UNKNOWN']],
  ['kube-router', 'FORWARD', { inInterface: 'eth0', destination: '10.244.1.4', connection: ESTABLISHED }, ['ACCEPT']],
];

t.test('packets meet them as the kernel has it, by text and by JSON', async (t) => {
  for (const [name, hook, packet, verdicts] of ASKED) {
    const about = `${name} ${hook} ${JSON.stringify(packet)}`;
    const found = outcomes(`${name}.nft`, hook, packet);
    t.same(
      found.map(({ verdict }) => verdict),
      verdicts,
      about,
    );
    if (verdicts[0] === 'UNKNOWN') t.match(found[0]?.unknown?.detail, /xt match/, 'the rule is quoted');
    // JSON has no more than names of what iptables-nft keeps in its own form: then it is unknown, and never another
    // verdict.
    const [byJson] = outcomes(`${name}.json`, hook, packet);
    t.ok(byJson?.verdict === verdicts[0] || byJson?.verdict === 'UNKNOWN', `${about} by JSON: ${byJson?.verdict}`);
  }
});

t.test('flannel masquerades what leaves the pod network, and no traffic between pods', async (t) => {
  const left = (packet: Partial<Packet>) => outcomes('flannel.nft', 'POSTROUTING', packet)[0]?.packet.source;
  t.equal(left({ source: '10.244.1.9', destination: '198.51.100.7' }), '10.128.0.2');
  t.equal(left({ source: '10.244.1.9', destination: '10.244.2.9' }), '10.244.1.9');
  t.equal(left({ source: '10.244.1.9', destination: '198.51.100.7', mark: 0x4000 }), '10.244.1.9');
});

t.test('tcp flags of the packet that opens a connection', async (t) => {
  const table = (rule: string) => `table ip x {
	chain in {
		type filter hook input priority filter; policy drop;
		${rule} accept
	}
}
`;
  const rules: readonly (readonly [string, string])[] = [
    ['tcp flags syn', 'ACCEPT'],
    ['tcp flags syn / fin,syn,rst,ack', 'ACCEPT'],
    ['tcp flags & (fin | syn | rst | ack) == syn', 'ACCEPT'],
    ['tcp flags != syn / fin,syn,rst,ack', 'DROP'],
    ['tcp flags & (fin | syn) == (fin | syn)', 'DROP'],
    ['tcp flags & (fin | ack) == 0x0', 'ACCEPT'],
    ['tcp flags ack / syn,ack', 'DROP'],
  ];
  for (const [rule, verdict] of rules) {
    const ruleset = parseRuleset(table(rule), 'IPv4');
    t.equal(printTables(parseTables(table(rule)), 'IPv4'), table(rule));
    t.equal(walkHook(ruleset, 'INPUT', packetWith({}), host)[0]?.verdict, verdict, rule);
    t.equal(walkHook(ruleset, 'INPUT', packetWith({ protocol: 'UDP' }), host)[0]?.verdict, 'DROP', rule);
    // Whether a later packet has the flag is not known.
    t.equal(walkHook(ruleset, 'INPUT', packetWith({ connection: ESTABLISHED }), host)[0]?.verdict, 'UNKNOWN', rule);
  }
});

const translating = (name: string, to: string, priority: string) => `table ip ${name} {
	chain pre {
		type nat hook prerouting priority ${priority}; policy accept;
		ip daddr 10.96.0.10 tcp dport 80 dnat to ${to}
	}
}
`;

t.test('of two tables that translate at one priority it is not known which comes first', async (t) => {
  const walked = (text: string, packet: Partial<Packet> = {}) =>
    walkHook(parseRuleset(text, 'IPv4'), 'PREROUTING', packetWith(packet), host);
  const both = translating('a', '10.0.0.1:80', 'dstnat') + translating('b', '10.0.0.2:80', 'dstnat');
  const [contested] = walked(both);
  t.equal(contested?.verdict, 'UNKNOWN');
  t.match(contested?.unknown?.detail, /the tables a and b both translate the packet at priority -100 of PREROUTING/);
  t.equal(walked(both, { destinationPort: 81 })[0]?.verdict, 'ACCEPT', 'a packet that neither translates');
  const alike = translating('a', '10.0.0.1:80', 'dstnat') + translating('b', '10.0.0.1:80', 'dstnat');
  t.equal(walked(alike)[0]?.packet.destination, '10.0.0.1', 'both translate alike');
  const ordered = translating('a', '10.0.0.1:80', 'dstnat + 5') + translating('b', '10.0.0.2:80', 'dstnat');
  t.equal(walked(ordered)[0]?.packet.destination, '10.0.0.2', 'the lower priority comes first');
});

t.test('what is no such JSON is refused, with what is wrong', async (t) => {
  const rule = { family: 'ip', table: 'x', chain: 'y', expr: [] };
  const table = { table: { family: 'ip', name: 'x' } };
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['{"nftables": [', /the text is not JSON/],
    ['[]', /no list "nftables"/],
    ['{"nftables": {}}', /no list "nftables"/],
    ['{"nftables": []}', /the list "nftables" is empty/],
    ['{"nftables": [5]}', /\/nftables\/0 is no object of one key/],
    [JSON.stringify({ nftables: [{ rule }] }), /the rule is of table ip x, which is not listed before/],
    [JSON.stringify({ nftables: [table, { rule }] }), /\/nftables\/1 is of chain y, which is not listed before/],
  ];
  for (const [text, detail] of wrong) {
    try {
      parseTables(text, '/path/nodeRules/n/nft');
      t.fail(text);
    } catch (error) {
      t.ok(error instanceof QuestionError, text);
      t.match(error, { code: 'INVALID_REQUEST', problems: [{ pointer: '/path/nodeRules/n/nft', detail }] }, text);
    }
  }
});

const withMap = (elements: string) => `table ip x {
	map m {
		type ipv4_addr : verdict
		flags interval
		elements = { ${elements} }
	}

	chain in {
		type filter hook input priority filter; policy accept;
		ip daddr vmap @m
	}
}
`;

t.test('elements that overlap, and a map without the key', async (t) => {
  const walked = (elements: string) =>
    walkHook(parseRuleset(withMap(elements), 'IPv4'), 'INPUT', packetWith({}), host)[0]?.verdict;
  t.equal(walked('10.96.0.0/16 : drop'), 'DROP');
  t.equal(walked('10.97.0.0/16 : drop'), 'ACCEPT', 'the rule does not match');
  t.equal(walked('10.96.0.0-10.96.0.9 : drop, 10.96.0.11 : accept, * : drop'), 'DROP', 'the element of all others');
  for (const wrong of ['10.96.0.0/16 : drop, 10.96.0.0/24 : accept', '10.0.0.1-10.0.0.9 : drop, 10.0.0.9 : drop']) {
    const detail = /^Line 2: the elements \S+ and \S+ of m overlap, and nft lists none that do\./;
    t.throws(() => walked(wrong), { problems: [{ detail }] } as object as RegExp, wrong);
  }
});

t.test('a set of a million elements is read and looked up', async (t) => {
  const addresses: string[] = [];
  for (let n = 0; n < 1_000_000; n++) addresses.push(`10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`);
  const text = `table ip x {
	set s {
		type ipv4_addr
		elements = { ${addresses.join(', ')} }
	}

	chain in {
		type filter hook input priority filter; policy accept;
		ip daddr @s drop
	}
}
`;
  const ruleset = parseRuleset(text, 'IPv4');
  const verdict = (destination: string) => walkHook(ruleset, 'INPUT', packetWith({ destination }), host)[0]?.verdict;
  t.equal(verdict('10.5.6.7'), 'DROP');
  t.equal(verdict('10.99.6.7'), 'ACCEPT');
});

t.test('every statement of a listing is read as it is printed', async (t) => {
  // Of what is not understood the rest of the rule is one statement, and nothing is lost.
  for (const table of parseTables(file('every-form.nft')))
    for (const chain of table.chainList)
      for (const rule of chain.rules) t.equal(saveRule(rule, 'IPv4'), rule.text, String(statementsOf(rule).length));
});

t.test('interfaces in a verdict map are compared as those of other rules are', async (t) => {
  const map = (elements: string) => `table ip x {
	chain fwd {
		type filter hook forward priority filter; policy accept;
		oifname vmap { ${elements} }
	}

	chain kept {
		drop
	}
}
`;
  /** A host that knows its pods' interfaces by name and no others. */
  const knowing = (known: string) => ({
    ...host,
    interfaceHolds: (pattern: string) => (pattern === 'br9' ? undefined : pattern === known),
  });
  const walked = (elements: string, known: string) =>
    walkHook(parseRuleset(map(elements), 'IPv4'), 'FORWARD', packetWith({ outInterface: 'x' }), knowing(known))[0]
      ?.verdict;
  t.equal(walked('"docker0" : jump kept, "cni0" : accept', 'docker0'), 'DROP');
  t.equal(walked('"docker0" : jump kept, "cni0" : accept', 'cni0'), 'ACCEPT');
  t.equal(walked('"docker0" : jump kept', 'eth0'), 'ACCEPT', 'no element: the rule does not match');
  t.equal(walked('"docker0" : accept, * : drop', 'eth0'), 'DROP', 'the element of all others');
  t.equal(walked('"br9" : jump kept, "docker0" : accept', 'docker0'), 'ACCEPT', 'another name holds for certain');
  t.equal(walked('"br9" : jump kept', 'eth0'), 'UNKNOWN');
  t.equal(walked('"br9" : accept, * : drop', 'eth0'), 'UNKNOWN');
});

/**
 * Listings of nft: what is read is printed again as it was, and what is not understood is kept and known to be unknown.
 */
import t from 'tap';
import { QuestionError } from '../../src/base/errors.js';
import { parseRuleset, parseTables, printTables } from '../../src/netfilter/nftables/parse.js';
import { statementsOf } from '../../src/netfilter/nftables/types.js';
import type { WalkEnvironment } from '../../src/netfilter/walk/types.js';
import { walkHook } from '../../src/netfilter/walk/walk.js';
import { goldenCases } from '../support/golden.js';
import { packetWith } from './support.js';

t.test('text, data, text is the identity on recordings', async (t) => {
  let compared = 0;
  for (const golden of goldenCases('nft-list')) {
    for (const { name, family, text } of golden.outputs) {
      t.equal(printTables(parseTables(text), family), text, `${golden.name}/${name}`);
      compared++;
    }
  }
  t.equal(compared, 24);
});

/** After what firewalls and container engines are known to write. */
const OTHERS = `table inet firewall {
	set blocked {
		type ipv4_addr
		flags interval
		elements = { 192.0.2.0/24, 198.51.100.0/24 }
	}

	chain input {
		type filter hook input priority filter + 10; policy drop;
		ct state { established, related } accept
		ct state invalid drop
		iifname "lo" accept
		tcp dport { 22, 80, 8000-8010 } accept
		icmp type echo-request limit rate 10/second accept
		ip saddr @blocked counter packets 3 bytes 180 drop
		meta l4proto { icmp, ipv6-icmp } accept
		reject with icmpx admin-prohibited
	}

	chain forward {
		type filter hook forward priority filter; policy accept;
		ct status dnat accept
		iifname "docker0" oifname != "docker0" counter packets 0 bytes 0 jump out
		tcp flags syn tcp option maxseg size set rt mtu
		udp dport 53 tproxy to :5300
	}

	chain out {
		ip daddr 10.0.0.0/8 return
		log prefix "out " drop
	}
}
table ip nat {
	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip saddr 172.17.0.0/16 oifname != "docker0" masquerade
	}
}
`;

t.test('rules of others are read, and printed again from what was understood', async (t) => {
  t.equal(printTables(parseTables(OTHERS), 'IPv4'), OTHERS);
  const forward = parseTables(OTHERS)[0]?.chain('forward');
  t.match(statementsOf(forward?.rules[2]).at(-1), { kind: 'passing', text: /^tcp option maxseg/ });
  t.match(statementsOf(forward?.rules[3]).at(-1), { kind: 'unknown-statement', text: 'tproxy to :5300' });
});

const host: WalkEnvironment = {
  addressType: () => 'UNICAST',
  recentHolds: () => false,
  setHolds: () => undefined,
  masqueradeAddress: () => '10.0.0.1',
};
const walked = (packet: Parameters<typeof packetWith>[0]) =>
  walkHook(parseRuleset(OTHERS, 'IPv4'), 'INPUT', packetWith({ inInterface: 'eth0', ...packet }), host).map(
    ({ verdict }) => verdict,
  );

t.test('a packet walks them as the kernel has it', async (t) => {
  t.same(walked({ destinationPort: 22 }), ['ACCEPT']);
  t.same(walked({ destinationPort: 8005 }), ['ACCEPT']);
  t.same(walked({ destinationPort: 81, source: '192.0.2.7' }), ['DROP']);
  t.same(walked({ destinationPort: 81 }), ['REJECT']);
});

t.test('what is no listing is refused with its line', async (t) => {
  const wrong = [
    'table ip x {\n\tchain y {\n',
    '*filter\nCOMMIT\n',
    'table ip x {\n\tset y {\n\t\telements = { 1 2 3',
    '{"nftables": []}',
  ];
  for (const text of wrong) {
    try {
      parseTables(text, '/path/nodeRules/n/nft');
      t.fail(text);
    } catch (error) {
      t.ok(error instanceof QuestionError, text);
      t.match(error, {
        code: 'INVALID_REQUEST',
        problems: [{ pointer: '/path/nodeRules/n/nft', detail: /^(Line \d+|JSON of nft): / }],
      });
    }
  }
});

t.test('a set that is not there, and chains that call each other, are unknown', async (t) => {
  const rules = (body: string) => `table ip x {
	chain input {
		type filter hook input priority filter; policy accept;
		${body}
	}

	chain a {
		goto b
	}

	chain b {
		goto a
	}
}
`;
  for (const body of ['ip daddr @nowhere drop', 'goto a', 'ip daddr vmap @nowhere']) {
    const [outcome] = walkHook(parseRuleset(rules(body), 'IPv4'), 'INPUT', packetWith({}), host);
    t.equal(outcome?.verdict, 'UNKNOWN', body);
  }
});

import { readFileSync } from 'node:fs';
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { QuestionError } from '../../src/base/errors.js';
import { formatFraction } from '../../src/base/fraction.js';
import { saveRule } from '../../src/netfilter/iptables/canonical.js';
import { isTarget, MATCHES, TARGETS } from '../../src/netfilter/iptables/index.js';
import { listRule } from '../../src/netfilter/iptables/list.js';
import { parseRestore, parseSave } from '../../src/netfilter/iptables/parse.js';
import type { Statement, StatementKind } from '../../src/netfilter/iptables/statements.js';
import { statementsOf } from '../../src/netfilter/iptables/statements.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';
import type { Packet } from '../../src/netfilter/packet.js';
import type { Rule } from '../../src/netfilter/ruleset.js';
import { walkHook } from '../../src/netfilter/walk/walk.js';
import { ESTABLISHED, host, packetWith, rulesetOf, tableOf } from './support.js';

/** What iptables 1.8.9 (both flavours) made of a rule: refused it, or saved and listed it so. */
interface Recorded {
  readonly family: IPFamily;
  readonly table: string;
  readonly rule: string;
  readonly refused?: true;
  readonly saved?: string;
  /** Absent for matches and targets that are not known here, since each extension lists in its own way. */
  readonly listed?: string;
}

const recorded = readFileSync('test/netfilter/iptables-1.8.9.jsonl', 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Recorded);

/** libxt_nfacct was not at hand in the recording's kernel; this is its source, which puts two blanks. */
const byHand: Recorded = {
  family: 'IPv4',
  table: 'filter',
  rule: '-m nfacct --nfacct-name drops -j Y',
  saved: '-A X -m nfacct --nfacct-name  drops -j Y',
  listed: 'Y          0    --  0.0.0.0/0            0.0.0.0/0            nfacct-name  drops',
};

/** What was shown of each kind: a kind that lacks anything fails the last test. */
const shown = new Map<StatementKind, Set<string>>();

function show(rule: Rule | undefined, what: string): void {
  for (const statement of statementsOf(rule) ?? []) {
    const seen = shown.get(statement.kind) ?? new Set();
    shown.set(statement.kind, seen.add(what));
    const negated = JSON.stringify(statement).includes('"negated":true');
    if (negated) seen.add(`${what} negated`);
  }
}

function ruleOf(table: string, rule: string, family: IPFamily): Rule | undefined {
  const text = `*${table}\n:X - [0:0]\n:Y - [0:0]\n-A X ${rule}\nCOMMIT\n`;
  return parseRestore(text, family).tables[0]?.chain('X')?.rules[0];
}

t.test('rules are saved and listed, or refused, as iptables 1.8.9 does', async (t) => {
  for (const { family, table, rule, refused, saved, listed } of [...recorded, byHand]) {
    if (refused === true) {
      t.throws(() => ruleOf(table, rule, family), QuestionError, `refused: ${rule}`);
      continue;
    }
    const parsed = ruleOf(table, rule, family);
    if (parsed === undefined) throw new Error(rule);
    show(parsed, 'parse');
    t.equal(saveRule(parsed, family), saved, `saved: ${rule}`);
    show(parsed, 'save');
    if (listed !== undefined) {
      t.equal(listRule(parsed, family), listed, `listed: ${rule}`);
      show(parsed, 'list');
    }
    const again = ruleOf(table, (saved ?? '').slice('-A X '.length), family);
    t.equal(again && saveRule(again, family), saved, `saved again: ${rule}`);
  }
});

/** Texts that are written as they were read. */
const written = `
  -m comment --comment "default/web:http cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j Y
  -m comment --comment default/web:http -m recent --name Y --rcheck --seconds 10800 --reap -j Y
  -m comment --comment default/web:http -m recent --name Y --set -m udp -p udp -j DNAT --to-destination 10.244.0.5:53
  -m recent --name N ! --update --seconds 60 --hitcount 2 --mask 255.255.255.0 --rdest -j Y
  -m comment --comment "default/web -> 10.244.0.5:80" -m statistic --mode random --probability 0.3333333333 -j Y
  -m statistic --mode random ! --probability 0.5 -j Y
  -m statistic --mode nth ! --every 3 --packet 1 -j Y
  -m mark ! --mark 0x00004000/0x00004000 -j RETURN
  -j MARK --xor-mark 0x00004000
  -j MARK --or-mark 0x00004000
  -j MARK --and-mark 0xffffbfff
  -j MASQUERADE --random-fully
  -p tcp -j MASQUERADE --to-ports 1024-2048 --random
  -m conntrack --ctstate INVALID -m nfacct --nfacct-name ct_state_invalid_dropped_pkts -j DROP
  -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
  -m state --state NEW -j ACCEPT
  -m conntrack ! --ctorigdst 10.0.0.0/8 ! --ctorigdstport 80:90 --ctdir ORIGINAL -g Y
  -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j Y
  -m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j Y
  -m set ! --match-set KUBE-CLUSTER-IP dst,dst -j Y
  -s 203.0.113.10 -m ipvs --vaddr 203.0.113.10 --vproto tcp --vport 80 -j DROP
  -m ipvs ! --ipvs -j Y
  -m ipvs ! --vaddr 10.0.0.0/8 ! --vproto udp ! --vport 53 --vdir REPLY ! --vmethod MASQ -j Y
  -i eth0 ! -o cni+ -j Y
  ! -i eth+ -o eth1 -j Y
  ! -p tcp -j Y
  -p tcp -m multiport ! --dports 80,8000:8080 -j Y
  -p tcp -m tcp ! --sport 1024:65535 ! --dport 22 ! --tcp-flags FIN,SYN,RST,ACK SYN -j REJECT
  -p tcp -j REJECT --reject-with tcp-reset
  -p tcp -j SNAT --to-source 10.0.0.1-10.0.0.4:1000-2000 --random --random-fully --persistent
  -p tcp -j REDIRECT --to-ports 8080-8090 --random
  -m limit --limit 5/min -j LOG --log-prefix "a b "
  -m limit --limit 5/min --limit-burst 9 -j Y
  -m hashlimit --hashlimit-above 10/sec --hashlimit-burst 5 --hashlimit-mode srcip --hashlimit-name a -j Y
  -m connlimit --connlimit-above 10 --connlimit-mask 24 --connlimit-daddr -j Y
  -m connmark --mark 0x00000080/0x00000080 -m connmark ! --mark 1 -j Y
  -m iprange ! --src-range 10.0.0.1-10.0.0.9 ! --dst-range 10.0.0.1-10.0.0.9 -j Y
  -m pkttype ! --pkt-type unicast -j Y
  -p icmp -m icmp ! --icmp-type 3/4 -j Y
  -m mac ! --mac-source 02:00:00:00:00:01 -j Y
  -m owner ! --socket-exists --uid-owner 0 --gid-owner 5 --suppl-groups -j Y
  -m socket --transparent --nowildcard --restore-skmark -j Y
  -m rpfilter --loose --validmark --accept-local --invert -j Y
  -m policy --dir in --pol none -j Y
  ! -f -j Y
  -j CONNMARK --set-xmark 0x80/0x80
  -j CONNMARK --restore-mark --nfmask 0x80 --ctmask 0xff
  -m u32 ! --u32 x -j LOG --log-prefix "a b "
  -p tcp -m comment --comment "say \\"no\\" \\\\ twice" -j QUEUE --option 1
`;

t.test("rules are written in kube-proxy's spelling, as they were read", async (t) => {
  for (const line of written.trim().split('\n')) {
    const rule = line.trim();
    const parsed = ruleOf('nat', rule, 'IPv4');
    t.equal(parsed && writeRule(parsed), `-A X ${rule}`);
    show(parsed, 'write');
  }
  const spelled = (statement: Statement) => writeRule({ chain: 'X', statements: [statement] });
  t.equal(
    spelled({ kind: 'set-mark', operation: 'or', value: 0x4000, mask: 0x4000, spelled: '0x00004000' }),
    '-A X -j MARK --or-mark 0x00004000',
  );
  t.equal(spelled({ kind: 'mark', value: 1, mask: 0xffffffff }), '-A X -m mark --mark 0x1', 'without a spelling');
  t.equal(writeRule({ chain: 'KUBE-SERVICES', statements: [] }), '-A KUBE-SERVICES');
});

type Outcome = 'YES' | 'NO' | 'UNKNOWN' | `${number}/${number}`;

const udp = { protocol: 'UDP', destinationPort: 53 } as const;
const icmp = packetWith({ protocol: 'ICMP' });
const { sourcePort: _s, ...ephemeral } = packetWith();
const { destinationPort: _d, sourcePort: _p, ...portless } = icmp;
const translated = {
  connection: {
    state: 'NEW',
    dnat: true,
    snat: false,
    originalDestination: '10.96.0.10',
    originalDestinationPort: 80,
  },
  destination: '10.244.0.5',
  destinationPort: 8080,
} as const;
const NEW = { state: 'NEW', dnat: false, snat: false } as const;
const unflown = (state: 'INVALID' | 'UNTRACKED') => ({ connection: { state, dnat: false, snat: false } }) as const;

/** Matches, the packet (what differs from the usual one), and whether it matches. */
/** A packet that IPVS has sent on for 10.96.0.10:80. */
const BALANCED = { address: '10.96.0.10', port: 80, forwarding: 'MASQUERADE' } as const;

const matchRows: readonly (readonly [rule: string, packet: Partial<Packet>, outcome: Outcome])[] = [
  ['-s 10.244.0.9', {}, 'YES'],
  ['-s 10.244.0.0/16', {}, 'YES'],
  ['-s 10.244.1.0/24', {}, 'NO'],
  ['! -s 10.244.0.0/16', {}, 'NO'],
  ['-s 10.0.0.9/255.0.0.255', {}, 'YES'],
  ['-s 10.0.0.8/255.0.0.255', {}, 'NO'],
  ['-s 0.0.0.0/0', {}, 'YES'],
  ['-d 10.96.0.10/32', {}, 'YES'],
  ['-d 10.96.0.11', {}, 'NO'],
  ['! -d 10.96.0.11', {}, 'YES'],
  ['-i veth0', {}, 'YES'],
  ['-i veth+', {}, 'YES'],
  ['-i eth0', {}, 'NO'],
  ['! -i eth0', {}, 'YES'],
  ['-o eth0', {}, 'NO'],
  ['! -o eth0', {}, 'YES'],
  ['-o eth0', { outInterface: 'eth0' }, 'YES'],
  ['-o +', {}, 'YES'],
  ['-p tcp', {}, 'YES'],
  ['-p 6', {}, 'YES'],
  ['-p udp', {}, 'NO'],
  ['! -p udp', {}, 'YES'],
  ['-p all', udp, 'YES'],
  ['-p tcp -m multiport --dports 80', portless, 'NO'],
  ['-p icmp', portless, 'YES'],
  ['-p tcp --sport 1024:65535', ephemeral, 'UNKNOWN'],
  ['-p icmp', icmp, 'YES'],
  ['-p tcp -m tcp', {}, 'YES'],
  ['-p tcp -m tcp', udp, 'NO'],
  ['-p tcp -m tcp --dport 80', {}, 'YES'],
  ['-p tcp --dport 81', {}, 'NO'],
  ['-p tcp --dport 80:90', {}, 'YES'],
  ['-p tcp ! --dport 80:90', {}, 'NO'],
  ['-p tcp --sport 40000', {}, 'YES'],
  ['-p tcp --sport 1:2', {}, 'NO'],
  ['-p tcp ! --sport 1:2', {}, 'YES'],
  ['-p tcp --sport 0:65535', ephemeral, 'YES'],
  ['-p tcp ! --sport 0:65535', ephemeral, 'NO'],
  ['-p udp -m udp --dport 53', { ...udp }, 'YES'],
  ['-p tcp --tcp-flags FIN,SYN,RST,ACK SYN', {}, 'YES'],
  ['-p tcp ! --syn', {}, 'NO'],
  ['-p tcp --tcp-flags SYN,ACK SYN,ACK', {}, 'NO'],
  ['-p tcp --syn', { connection: ESTABLISHED }, 'UNKNOWN'],
  ['-m comment --comment "any thing"', {}, 'YES'],
  ['-m nfacct --nfacct-name n', {}, 'YES'],
  ['-m mark --mark 0x4000/0x4000', { mark: 0xc000 }, 'YES'],
  ['-m mark --mark 0x4000/0x4000', { mark: 0x8000 }, 'NO'],
  ['-m mark ! --mark 0x4000/0x4000', { mark: 0x8000 }, 'YES'],
  ['-m mark --mark 0x80000000/0x80000000', { mark: 0x80000001 }, 'YES'],
  ['-p tcp -m multiport --dports 79,80', {}, 'YES'],
  ['-p tcp -m multiport --dports 81:90', {}, 'NO'],
  ['-p tcp -m multiport ! --dports 81:90', {}, 'YES'],
  ['-p tcp -m multiport --ports 1,40000', {}, 'YES'],
  ['-p tcp -m multiport --sports 1:2', {}, 'NO'],
  ['-p tcp -m multiport --sports 1:2', ephemeral, 'UNKNOWN'],
  ['-p tcp -m multiport --ports 1:2,80', ephemeral, 'YES'],
  ['-m conntrack --ctstate NEW', {}, 'YES'],
  ['-m conntrack --ctstate RELATED,ESTABLISHED', {}, 'NO'],
  ['-m conntrack --ctstate RELATED,ESTABLISHED', { connection: ESTABLISHED }, 'YES'],
  ['-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT', {}, 'YES'],
  ['-m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT', translated, 'NO'],
  ['-m conntrack --ctstate SNAT', { connection: { state: 'NEW', dnat: false, snat: true } }, 'YES'],
  ['-m conntrack --ctstate INVALID', unflown('INVALID'), 'YES'],
  ['-m conntrack --ctstate UNTRACKED', unflown('UNTRACKED'), 'YES'],
  ['-m conntrack --ctstatus NONE', unflown('UNTRACKED'), 'NO'],
  ['-m state --state NEW', {}, 'YES'],
  ['-m state --state ESTABLISHED', {}, 'NO'],
  ['-m conntrack --ctstatus CONFIRMED', {}, 'NO'],
  ['-m conntrack ! --ctstatus CONFIRMED', {}, 'YES'],
  ['-m conntrack --ctstatus SEEN_REPLY', { connection: ESTABLISHED }, 'YES'],
  ['-m conntrack --ctstatus ASSURED', { connection: ESTABLISHED }, 'UNKNOWN'],
  ['-m conntrack --ctstatus DNAT', translated, 'YES'],
  ['-m conntrack --ctstatus NONE', {}, 'NO'],
  ['-m conntrack --ctdir ORIGINAL', {}, 'YES'],
  ['-m conntrack --ctdir REPLY', {}, 'NO'],
  ['-m conntrack --ctdir REPLY', { connection: ESTABLISHED }, 'UNKNOWN'],
  ['-m conntrack --ctorigdst 10.96.0.0/16 --ctorigdstport 80', translated, 'YES'],
  ['-m conntrack --ctorigdst 10.96.0.0/16 --ctorigdstport 8080', translated, 'NO'],
  ['-m conntrack ! --ctorigdst 10.96.0.10', translated, 'NO'],
  ['-m conntrack --ctorigdst 10.96.0.10 ! --ctorigdstport 81', {}, 'YES'],
  ['-m conntrack --ctorigdst 10.96.0.10', { connection: ESTABLISHED }, 'UNKNOWN'],
  ['-m addrtype --dst-type LOCAL', {}, 'NO'],
  ['-m addrtype ! --dst-type LOCAL', {}, 'YES'],
  ['-m addrtype --dst-type LOCAL', { destination: '10.128.0.2' }, 'YES'],
  ['-m addrtype --src-type LOCAL,UNICAST ! --dst-type LOCAL', {}, 'YES'],
  ['-m addrtype ! --src-type UNICAST', {}, 'NO'],
  ['-m addrtype --dst-type LOCAL --limit-iface-in', { destination: '10.128.0.2' }, 'UNKNOWN'],
  ['-m addrtype --dst-type LOCAL --limit-iface-in', {}, 'NO'],
  ['-m recent --name SEEN --rcheck --seconds 60', {}, 'YES'],
  ['-m recent --name SEEN ! --rcheck --seconds 60', {}, 'NO'],
  ['-m recent --name SEEN --rcheck --rdest', {}, 'NO'],
  ['-m recent --name SEEN --rcheck --mask 255.255.255.0', { source: '10.244.0.77' }, 'YES'],
  ['-m recent --name OTHER --update', {}, 'NO'],
  ['-m recent --name OTHER --set', {}, 'YES'],
  ['-m recent --name OTHER ! --set', {}, 'NO'],
  ['-m recent --name SEEN --rcheck --seconds 60 --hitcount 3', {}, 'UNKNOWN'],
  ['-m recent --name SEEN --remove -m recent --name SEEN --rcheck', {}, 'NO'],
  ['-m recent --name OTHER --set -m recent --name OTHER --rcheck', {}, 'YES'],
  ['-m ipvs --ipvs', {}, 'NO'],
  ['-m ipvs ! --ipvs', {}, 'YES'],
  ['-m ipvs --ipvs', { balanced: BALANCED }, 'YES'],
  ['-m ipvs ! --ipvs', { balanced: BALANCED }, 'NO'],
  ['-m ipvs ! --vport 80', {}, 'NO'],
  ['-m ipvs --vaddr 10.96.0.10 --vproto tcp --vport 80', { balanced: BALANCED }, 'YES'],
  ['-m ipvs --vaddr 10.96.0.0/16 --vmethod MASQ --vdir ORIGINAL', { balanced: BALANCED }, 'YES'],
  ['-m ipvs --vaddr 10.96.0.11', { balanced: BALANCED }, 'NO'],
  ['-m ipvs ! --vaddr 10.96.0.11', { balanced: BALANCED }, 'YES'],
  ['-m ipvs --vport 81', { balanced: BALANCED }, 'NO'],
  ['-m ipvs --vdir REPLY', { balanced: BALANCED }, 'NO'],
  ['-m ipvs --vportctl 21', { balanced: BALANCED }, 'UNKNOWN'],
  ['-m physdev --physdev-is-in', {}, 'NO'],
  ['-m physdev ! --physdev-is-in', {}, 'YES'],
  ['-m physdev --physdev-is-in', { bridged: true }, 'YES'],
  ['-m physdev ! --physdev-is-in', { bridged: true }, 'NO'],
  ['-m physdev --physdev-in veth1', { bridged: true }, 'UNKNOWN'],
  ['-m physdev --physdev-in veth1', {}, 'NO'],
  ['-m set --match-set FULL dst,dst', {}, 'YES'],
  ['-m set ! --match-set FULL dst,dst', {}, 'NO'],
  ['-m set --match-set EMPTY src', {}, 'NO'],
  ['-m set --match-set UNHEARD src', {}, 'UNKNOWN'],
  ['-m statistic --mode random --probability 0.3333333333', {}, '1/3'],
  ['-m statistic --mode random ! --probability 0.3333333333', {}, '2/3'],
  ['-m statistic --mode random --probability 0.4', {}, '2/5'],
  ['-m statistic --mode random --probability 1', {}, 'YES'],
  ['-m statistic --mode random --probability 0', {}, 'NO'],
  ['-m statistic --mode nth --every 4 --packet 0', {}, '1/4'],
  ['-m statistic --mode nth ! --every 4 --packet 3', {}, '3/4'],
  ['-m statistic --mode random --probability 0.5 -m statistic --mode random --probability 0.2', {}, '1/10'],
  ['-m u32 --u32 1', {}, 'UNKNOWN'],
  ['-m u32 --u32 1 -p udp', {}, 'NO'],
  ['-m limit --limit 5/min', {}, 'YES'],
  ['-m limit --limit 5/min -p udp', {}, 'NO'],
  ['-m hashlimit --hashlimit-above 5/min --hashlimit-name a', {}, 'NO'],
  ['-m hashlimit --hashlimit-upto 5/min --hashlimit-name a', {}, 'YES'],
  ['-m hashlimit ! --hashlimit-upto 5/min --hashlimit-name a', {}, 'NO'],
  ['-m connlimit --connlimit-above 5', {}, 'NO'],
  ['-m connlimit --connlimit-upto 5', {}, 'YES'],
  ['-m connmark --mark 0x80/0x80', {}, 'NO'],
  ['-m connmark --mark 0', {}, 'YES'],
  ['-m connmark ! --mark 0x80/0x80', {}, 'YES'],
  ['-m connmark ! --mark 0', {}, 'NO'],
  ['-m connmark --mark 0x80/0x80', { connection: { ...NEW, mark: 0x84 } }, 'YES'],
  ['-m connmark --mark 0x80', { connection: { ...NEW, mark: 0x84 } }, 'NO'],
  ['-m connmark --mark 0x80/0x80', { connection: { ...NEW, unknownMark: 0x80 } }, 'UNKNOWN'],
  ['-m connmark --mark 0x80/0x80', { connection: { ...NEW, unknownMark: 0x1 } }, 'NO'],
  ['-m connmark --mark 0x81/0x81', { connection: { ...NEW, unknownMark: 0x1 } }, 'NO'],
  ['-m connmark --mark 0x0', { connection: ESTABLISHED }, 'UNKNOWN'],
  ['-m connmark --mark 0x1', { connection: { ...ESTABLISHED, mark: 1 } }, 'YES'],
  ['-m connmark --mark 0', unflown('INVALID'), 'NO'],
  ['-m connmark ! --mark 1', unflown('UNTRACKED'), 'NO'],
  ['-m iprange --src-range 10.244.0.1-10.244.0.9', {}, 'YES'],
  ['-m iprange --src-range 10.244.0.10-10.244.0.99', {}, 'NO'],
  ['-m iprange --src-range 10.244.0.99-10.244.0.1', {}, 'NO'],
  ['-m iprange ! --src-range 10.244.0.99-10.244.0.1', {}, 'YES'],
  ['-m iprange ! --dst-range 10.96.0.10', {}, 'NO'],
  ['-m iprange --src-range 10.244.0.9 --dst-range 10.96.0.0-10.96.1.0', {}, 'YES'],
  ['-m iprange --src-range 10.244.0.9 ! --dst-range 10.96.0.0-10.96.1.0', {}, 'NO'],
  ['-m pkttype --pkt-type unicast', {}, 'YES'],
  ['-m pkttype --pkt-type broadcast', {}, 'NO'],
  ['-m pkttype ! --pkt-type broadcast', {}, 'YES'],
  ['-m pkttype --pkt-type broadcast', { destination: '10.0.0.255' }, 'YES'],
  ['-p icmp -m icmp --icmp-type 8', {}, 'NO'],
  ['-p icmp -m icmp --icmp-type 8', icmp, 'UNKNOWN'],
  ['-p icmp -m icmp ! --icmp-type 8', icmp, 'UNKNOWN'],
  ['-p icmp -m icmp --icmp-type any', icmp, 'YES'],
  ['-p icmp -m icmp ! --icmp-type any', icmp, 'NO'],
  ['-m mac --mac-source 02:00:00:00:00:01', {}, 'UNKNOWN'],
  ['-m mac ! --mac-source 02:00:00:00:00:01', {}, 'UNKNOWN'],
  ['-m mac --mac-source 02:00:00:00:00:01', { inInterface: undefined }, 'NO'],
  ['-m mac ! --mac-source 02:00:00:00:00:01', { inInterface: 'lo' }, 'NO'],
  ['-m owner --uid-owner 0', {}, 'NO'],
  ['-m owner ! --uid-owner 0', {}, 'YES'],
  ['-m owner ! --uid-owner 0 --gid-owner 0', {}, 'NO'],
  ['-m owner --uid-owner 0', { inInterface: undefined }, 'UNKNOWN'],
  ['-m owner --socket-exists', { inInterface: undefined }, 'YES'],
  ['-m owner ! --socket-exists', { inInterface: undefined }, 'NO'],
  ['-m socket --transparent', {}, 'NO'],
  ['-m socket', {}, 'NO'],
  ['-m socket --nowildcard', {}, 'UNKNOWN'],
  ['-m socket', { destination: '10.128.0.2' }, 'UNKNOWN'],
  ['-m rpfilter', {}, 'UNKNOWN'],
  ['-m policy --dir in --pol none', {}, 'YES'],
  ['-m policy --dir in --pol ipsec', {}, 'NO'],
  ['-m policy --dir in --pol ipsec --reqid 1', {}, 'UNKNOWN'],
  ['-f', {}, 'NO'],
  ['! -f', {}, 'YES'],
  ['-m conntrack --ctproto tcp', {}, 'YES'],
  ['-m conntrack ! --ctproto 6', {}, 'NO'],
  ['-m conntrack --ctstate NEW --ctproto 6 --ctorigdstport 22', {}, 'NO'],
  ['-m conntrack --ctorigsrc 10.244.0.0/16 --ctorigsrcport 40000', {}, 'YES'],
  ['-m conntrack --ctreplsrc 10.244.0.5 --ctreplsrcport 8080', translated, 'YES'],
  ['-m conntrack --ctrepldst 10.244.0.9 ! --ctrepldstport 40000', translated, 'NO'],
  ['-m conntrack --ctreplsrc 10.244.0.5', { connection: ESTABLISHED }, 'UNKNOWN'],
  ['-m conntrack --ctdir REPLY', { connection: { ...ESTABLISHED, direction: 'REPLY' } }, 'YES'],
  ['-m conntrack --ctexpire 1:9', {}, 'UNKNOWN'],
  ['-m conntrack --ctorigdstport 90:80', {}, 'NO'],
  ['-m conntrack ! --ctorigdstport 90:80', {}, 'YES'],
  ['-p udp -m udp --dport 90:80', udp, 'NO'],
  ['-p udp -m udp ! --dport 90:80', udp, 'YES'],
  ['-p udp -m udp --sport 90:80', { ...udp, sourcePort: undefined }, 'NO'],
  ['-m physdev --physdev-is-bridged', { bridged: true, outInterface: 'veth0' }, 'YES'],
  ['-m physdev --physdev-is-bridged', { bridged: true, outInterface: 'eth0' }, 'NO'],
  ['-m physdev ! --physdev-is-out', { bridged: true, outInterface: 'eth0' }, 'YES'],
  ['-m physdev --physdev-out veth1', { bridged: true, outInterface: 'eth0' }, 'NO'],
  ['-m physdev --physdev-out veth1', { bridged: true, outInterface: 'veth0' }, 'UNKNOWN'],
];

function outcomeOf(rule: string, packet: Packet): Outcome {
  const ruleset = rulesetOf(tableOf('filter', `-A FORWARD ${rule} -j DROP`));
  show(ruleset.tables[0]?.chain('FORWARD')?.rules[0], 'walk');
  const outcomes = walkHook(ruleset, 'FORWARD', packet, host);
  const dropped = outcomes.find(({ verdict }) => verdict === 'DROP');
  if (outcomes.some(({ verdict }) => verdict === 'UNKNOWN')) return 'UNKNOWN';
  if (dropped === undefined) return 'NO';
  return outcomes.length === 1 ? 'YES' : (formatFraction(dropped.chance.nominal) as Outcome);
}

t.test('each match holds for the packets that it should hold for', async (t) => {
  for (const [rule, different, outcome] of matchRows) {
    t.equal(outcomeOf(rule, packetWith(different)), outcome, `${rule} ${JSON.stringify(different)}`);
    for (const statement of ruleOf('filter', rule, 'IPv4')?.statements ?? [])
      show({ chain: '', statements: [statement] }, outcome);
  }
});

/** Targets, the packet, and what the packet is afterwards (or the verdict). */
const targetRows: readonly (readonly [
  table: string,
  hook: 'PREROUTING' | 'OUTPUT' | 'POSTROUTING' | 'FORWARD',
  rule: string,
  packet: Partial<Packet>,
  after: object,
])[] = [
  ['filter', 'FORWARD', '-j ACCEPT', {}, { verdict: 'ACCEPT' }],
  ['filter', 'FORWARD', '-j DROP', {}, { verdict: 'DROP' }],
  ['filter', 'FORWARD', '-j REJECT', {}, { verdict: 'REJECT' }],
  ['filter', 'FORWARD', '-j RETURN', {}, { verdict: 'ACCEPT' }],
  ['filter', 'FORWARD', '-j Y', {}, { verdict: 'ACCEPT' }],
  ['filter', 'FORWARD', '-g Y', {}, { verdict: 'ACCEPT' }],
  ['filter', 'FORWARD', '-j LOG', {}, { verdict: 'ACCEPT' }],
  ['filter', 'FORWARD', '-j NFQUEUE', {}, { verdict: 'UNKNOWN', cause: 'UNKNOWN_TARGET' }],
  ['filter', 'FORWARD', '-j CONNMARK --save-mark', {}, { verdict: 'ACCEPT' }],
  ['filter', 'FORWARD', '-j CONNMARK --restore-mark', {}, { verdict: 'ACCEPT', mark: 0 }],
  [
    'filter',
    'FORWARD',
    '-j CONNMARK --restore-mark --nfmask 0xff --ctmask 0x0f',
    { mark: 0x1ff, connection: { ...NEW, mark: 0xa5 } },
    { verdict: 'ACCEPT', mark: 0x105 },
  ],
  [
    'filter',
    'FORWARD',
    '-j CONNMARK --save-mark --nfmask 0x0f --ctmask 0xff',
    { mark: 0x123, connection: { ...NEW, mark: 0xfa5 } },
    { verdict: 'ACCEPT', mark: 0x123, connection: { mark: 0xf03 } },
  ],
  ['filter', 'FORWARD', '-j CONNMARK --set-mark 0x80/0xff', {}, { verdict: 'ACCEPT', connection: { mark: 0x80 } }],
  ['filter', 'FORWARD', '-j CONNMARK --set-mark 0x80', unflown('INVALID'), { verdict: 'ACCEPT' }],
  [
    'filter',
    'FORWARD',
    '-j CONNMARK --restore-mark',
    { connection: { ...NEW, unknownMark: 1 } },
    { verdict: 'UNKNOWN', cause: 'UNKNOWN_TARGET' },
  ],
  ['nat', 'PREROUTING', '-j MARK --or-mark 0x4000', { mark: 1 }, { verdict: 'ACCEPT', mark: 0x4001 }],
  ['nat', 'PREROUTING', '-j MARK --xor-mark 0x4000', { mark: 0x4001 }, { mark: 1 }],
  ['nat', 'PREROUTING', '-j MARK --and-mark 0xf', { mark: 0x80000011 }, { mark: 1 }],
  ['nat', 'PREROUTING', '-j MARK --set-mark 0x2', { mark: 0x4001 }, { mark: 2 }],
  ['nat', 'PREROUTING', '-j MARK --set-mark 0x2/0x3', { mark: 0x4001 }, { mark: 0x4002 }],
  ['nat', 'PREROUTING', '-j MARK --set-xmark 0x80000000/0x0', { mark: 1 }, { mark: 0x80000001 }],
  [
    'nat',
    'PREROUTING',
    '-p tcp -j DNAT --to-destination 10.244.0.5:8080',
    {},
    { destination: '10.244.0.5', destinationPort: 8080, connection: translated.connection },
  ],
  ['nat', 'PREROUTING', '-j DNAT --to-destination 10.244.0.5', {}, { destination: '10.244.0.5', destinationPort: 80 }],
  [
    'nat',
    'PREROUTING',
    '-p tcp -j DNAT --to-destination :8080',
    {},
    { destination: '10.96.0.10', destinationPort: 8080 },
  ],
  [
    'nat',
    'PREROUTING',
    '-j DNAT --to-destination 10.96.0.10',
    {},
    { connection: { state: 'NEW', dnat: false, snat: false } },
  ],
  [
    'nat',
    'PREROUTING',
    '-j DNAT --to-destination 10.244.0.5-10.244.0.6',
    {},
    { verdict: 'UNKNOWN', cause: 'UNKNOWN_TARGET' },
  ],
  ['nat', 'PREROUTING', '-p tcp -j DNAT --to-destination 10.244.0.5:80-90', {}, { verdict: 'UNKNOWN' }],
  [
    'nat',
    'PREROUTING',
    '-p tcp -j DNAT --to-destination 10.244.0.5-10.244.0.5:80-80',
    {},
    { destination: '10.244.0.5' },
  ],
  [
    'nat',
    'PREROUTING',
    '-j DNAT --to-destination 10.244.0.5',
    { connection: ESTABLISHED },
    { destination: '10.96.0.10' },
  ],
  [
    'nat',
    'PREROUTING',
    '-p tcp -j DNAT --to-destination 10.244.0.6:1',
    translated,
    { destination: '10.244.0.6', connection: translated.connection },
  ],
  ['nat', 'OUTPUT', '-p tcp -j REDIRECT --to-ports 81', {}, { destination: '127.0.0.1', destinationPort: 81 }],
  ['nat', 'PREROUTING', '-p tcp -j REDIRECT --to-ports 81', {}, { verdict: 'UNKNOWN', cause: 'UNKNOWN_TARGET' }],
  ['nat', 'POSTROUTING', '-j SNAT --to-source 10.0.0.7', {}, { source: '10.0.0.7', sourcePort: 40000 }],
  ['nat', 'POSTROUTING', '-p tcp -j SNAT --to-source 10.0.0.7:9', {}, { source: '10.0.0.7', sourcePort: 9 }],
  ['nat', 'POSTROUTING', '-j SNAT --to-source 10.0.0.7 --random', {}, { source: '10.0.0.7', sourcePort: undefined }],
  ['nat', 'POSTROUTING', '-j SNAT --to-source 10.0.0.7-10.0.0.8', {}, { verdict: 'UNKNOWN' }],
  [
    'nat',
    'POSTROUTING',
    '-j MASQUERADE',
    {},
    { source: '10.128.0.2', sourcePort: 40000, connection: { state: 'NEW', dnat: false, snat: true } },
  ],
  [
    'nat',
    'POSTROUTING',
    '-j MASQUERADE',
    { source: '10.128.0.2' },
    { connection: { state: 'NEW', dnat: false, snat: false } },
  ],
  ['nat', 'POSTROUTING', '-j MASQUERADE --random-fully', {}, { source: '10.128.0.2', sourcePort: undefined }],
  ['nat', 'POSTROUTING', '-j MASQUERADE', { outInterface: 'eth9' }, { verdict: 'UNKNOWN', cause: 'UNKNOWN_TARGET' }],
  ['raw', 'PREROUTING', '-j NOTRACK', {}, unflown('UNTRACKED')],
  ['raw', 'PREROUTING', '-j CT --notrack', {}, unflown('UNTRACKED')],
  ['raw', 'PREROUTING', '-j CT --helper ftp', {}, { connection: { state: 'NEW', dnat: false, snat: false } }],
];

t.test('each target does to the packet what it should', async (t) => {
  for (const [table, hook, rule, different, after] of targetRows) {
    const ruleset = rulesetOf(tableOf(table, `-A ${hook} ${rule}\n:Y`));
    const parsed = ruleset.tables[0]?.chain(hook)?.rules[0];
    show(parsed, 'walk');
    show(parsed, 'YES');
    const [outcome, ...others] = walkHook(ruleset, hook, packetWith(different), host);
    const reported = { ...outcome?.packet, verdict: outcome?.verdict, cause: outcome?.unknown?.cause };
    t.match(reported, after, `${rule} ${JSON.stringify(different)}`);
    t.equal(others.length, 0, 'nothing random about it');
  }
});

/** Kinds that cannot be negated, or whose matching is not in question. */
const NEVER_NEGATED: readonly StatementKind[] = [
  'module',
  'comment',
  'nfacct',
  'unknown-match',
  'limit',
  'hashlimit',
  'connlimit',
  'socket',
  'rpfilter',
  'policy',
];
const ALWAYS: readonly StatementKind[] = ['comment', 'nfacct', 'unknown-match', 'module', 'limit', 'rpfilter'];
/** Matches that need more of the host than these tests have, or that no packet is known to match. */
const NEVER: readonly StatementKind[] = ['unknown-match', 'mac', 'socket', 'rpfilter'];

t.test('every kind of statement was parsed, written, saved, listed and walked, plain and negated', async (t) => {
  for (const kind of Object.keys({ ...MATCHES, ...TARGETS }) as StatementKind[]) {
    const seen = shown.get(kind) ?? new Set();
    const target = kind in TARGETS;
    const wanted = ['parse', 'write', 'save', 'walk'];
    if (kind !== 'unknown-match' && kind !== 'passing-target' && kind !== 'unknown-target') wanted.push('list');
    if (!target && !NEVER_NEGATED.includes(kind))
      wanted.push('parse negated', 'save negated', 'write negated', 'walk negated');
    if (NEVER.includes(kind)) wanted.push('UNKNOWN');
    else if (kind !== 'statistic') wanted.push('YES');
    if (!target && !ALWAYS.includes(kind)) wanted.push('NO');
    t.same(
      wanted.filter((what) => !seen.has(what)),
      [],
      kind,
    );
  }
  t.ok(isTarget({ kind: 'accept' }) && !isTarget({ kind: 'comment', text: '' }));
});

t.test('a rule that is parsed keeps its line and text, and whole texts their tables', async (t) => {
  const text = '# Generated\n*filter\n:FORWARD DROP [3:4]\n\n[1:2] -A FORWARD  -j   ACCEPT\nCOMMIT\n# Completed\n';
  const ruleset = parseSave(text, 'IPv4');
  const chain = ruleset.tables[0]?.chain('FORWARD');
  t.match(chain?.rules[0], {
    chain: 'FORWARD',
    line: 5,
    text: '[1:2] -A FORWARD  -j   ACCEPT',
    statements: [{ kind: 'accept' }],
  });
  t.match(chain?.base, { hook: 'FORWARD', priority: 0, policy: 'DROP' });
});

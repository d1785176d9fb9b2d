import t from 'tap';
import { formatFraction, fraction, sum, toDecimal } from '../../src/base/fraction.js';
import { IPTABLES } from '../../src/netfilter/iptables/language.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';
import type { Packet } from '../../src/netfilter/packet.js';
import type { Chain, Hook, Ruleset } from '../../src/netfilter/ruleset.js';
import { stepsOf } from '../../src/netfilter/walk/steps.js';
import type { HookOutcome } from '../../src/netfilter/walk/types.js';
import { walkHook } from '../../src/netfilter/walk/walk.js';
import { ESTABLISHED, host, packetWith, rulesetOf, tableOf } from './support.js';

/** A step as `CHAIN:POSITION ACTION [TARGET] [chance]`, tables by their first letter. */
function reported(outcome: HookOutcome): string[] {
  return stepsOf(outcome.steps).map((step) => {
    const parts = [`${step.table[0]}/${step.chain}`];
    if (step.position !== undefined) parts[0] += `:${step.position}`;
    parts.push(step.action);
    if (step.target !== undefined) parts.push(step.target);
    if (step.passedOver !== undefined) parts.push(String(step.passedOver));
    if (step.chance !== undefined) parts.push(formatFraction(step.chance.nominal));
    return parts.join(' ');
  });
}

/** An outcome as `VERDICT chance destination mark`, with its steps. */
function summary(outcome: HookOutcome): readonly [string, string[]] {
  const { verdict, chance, packet } = outcome;
  const mark = packet.mark === 0 ? '' : ` mark ${packet.mark}`;
  return [`${verdict} ${formatFraction(chance.nominal)} ${packet.destination}${mark}`, reported(outcome)];
}

interface Row {
  readonly name: string;
  readonly tables: readonly string[];
  readonly hook?: Hook;
  readonly packet?: Partial<Packet>;
  readonly outcomes: readonly (readonly [string, readonly string[]])[];
}

const service = `
  -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
  -A KUBE-SERVICES -m comment --comment "a/b cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 -j SVC
  -A SVC -m comment --comment "a/b cluster IP" -m tcp -p tcp -d 10.96.0.10 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
  -A SVC -m recent --name SEEN --rcheck --seconds 10800 --reap -m comment --comment off -d 10.96.0.11 -j SEP1
  -A SVC -m statistic --mode random --probability 0.3333333333 -j SEP1
  -A SVC -m statistic --mode random --probability 0.5000000000 -j SEP2
  -A SVC -j SEP3
  -A SEP1 -s 10.244.0.1 -j KUBE-MARK-MASQ
  -A SEP1 -m tcp -p tcp -j DNAT --to-destination 10.244.0.1:8080
  -A SEP2 -m tcp -p tcp -j DNAT --to-destination 10.244.0.2:8080
  -A SEP3 -s 10.244.0.9 -j KUBE-MARK-MASQ
  -A SEP3 -m tcp -p tcp -j DNAT --to-destination 10.244.0.3:8080
  -A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000`;

const rows: readonly Row[] = [
  { name: 'no rules', tables: [], outcomes: [['ACCEPT 1 10.96.0.10', []]] },
  {
    name: 'a Service of three endpoints',
    tables: [tableOf('nat', service)],
    hook: 'PREROUTING',
    outcomes: [
      [
        'ACCEPT 1/3 10.244.0.1',
        ['n/PREROUTING:1 JUMP KUBE-SERVICES', 'n/KUBE-SERVICES:1 JUMP SVC', 'n/SVC:3 JUMP SEP1 1/3', 'n/SEP1:2 DNAT'],
      ],
      [
        'ACCEPT 1/3 10.244.0.2',
        [
          'n/PREROUTING:1 JUMP KUBE-SERVICES',
          'n/KUBE-SERVICES:1 JUMP SVC',
          'n/SVC PASSED_OVER 1',
          'n/SVC:4 JUMP SEP2 1/2',
          'n/SEP2:1 DNAT',
        ],
      ],
      [
        'ACCEPT 1/3 10.244.0.3 mark 16384',
        [
          'n/PREROUTING:1 JUMP KUBE-SERVICES',
          'n/KUBE-SERVICES:1 JUMP SVC',
          'n/SVC PASSED_OVER 2',
          'n/SVC:5 JUMP SEP3',
          'n/SEP3:1 JUMP KUBE-MARK-MASQ',
          'n/KUBE-MARK-MASQ:1 MARK',
          'n/SEP3:2 DNAT',
        ],
      ],
    ],
  },
  {
    name: 'a Service asked by a packet that opens nothing',
    tables: [tableOf('nat', service)],
    hook: 'PREROUTING',
    packet: { connection: ESTABLISHED },
    outcomes: [['ACCEPT 1 10.96.0.10', []]],
  },
  {
    name: 'a jump returns, at the end of the chain and by RETURN',
    tables: [
      tableOf('filter', '-A FORWARD -j A\n-A FORWARD -j DROP\n-A A -j B\n-A A -p tcp -j RETURN\n-A A -j ACCEPT\n:B'),
    ],
    outcomes: [['DROP 1 10.96.0.10', ['f/FORWARD:1 JUMP A', 'f/A:1 JUMP B', 'f/A:2 RETURN', 'f/FORWARD:2 DROP']]],
  },
  {
    name: 'what is gone to returns to the caller of the chain that went',
    tables: [
      tableOf(
        'filter',
        '-A FORWARD -j A\n-A FORWARD -j ACCEPT\n-A A -g B\n-A A -j DROP\n-A B -j MARK --set-mark 1\n-A B -p udp ' +
          '-j DROP',
      ),
    ],
    outcomes: [
      ['ACCEPT 1 10.96.0.10 mark 1', ['f/FORWARD:1 JUMP A', 'f/A:1 GOTO B', 'f/B:1 MARK', 'f/FORWARD:2 ACCEPT']],
    ],
  },
  {
    name: 'what a base chain goes to ends with the policy',
    tables: [tableOf('filter', '-A FORWARD -g B\n-A FORWARD -j ACCEPT\n-A B -j RETURN', 'FORWARD')],
    outcomes: [['DROP 1 10.96.0.10', ['f/FORWARD:1 GOTO B', 'f/B:1 RETURN', 'f/FORWARD POLICY DROP']]],
  },
  {
    name: 'a policy drops what no rule decides',
    tables: [tableOf('filter', '-A FORWARD -p udp -j ACCEPT', 'FORWARD')],
    outcomes: [['DROP 1 10.96.0.10', ['f/FORWARD POLICY DROP']]],
  },
  {
    name: 'RETURN in a base chain asks the policy',
    tables: [tableOf('filter', '-A FORWARD -j RETURN\n-A FORWARD -j ACCEPT', 'FORWARD')],
    outcomes: [['DROP 1 10.96.0.10', ['f/FORWARD:1 RETURN', 'f/FORWARD POLICY DROP']]],
  },
  {
    name: 'ACCEPT ends one base chain only; raw, mangle, nat in this order, whatever the order of the tables',
    tables: [
      tableOf('nat', '-A PREROUTING -m mark --mark 3 -j MARK --set-mark 4'),
      tableOf(
        'mangle',
        '-A PREROUTING -m mark --mark 2 -j MARK --set-mark 3\n-A PREROUTING -j ACCEPT\n-A PREROUTING -j DROP',
      ),
      tableOf('raw', '-A PREROUTING -j MARK --set-mark 2\n-A PREROUTING -j ACCEPT'),
    ],
    hook: 'PREROUTING',
    outcomes: [
      [
        'ACCEPT 1 10.96.0.10 mark 4',
        [
          'r/PREROUTING:1 MARK',
          'r/PREROUTING:2 ACCEPT',
          'm/PREROUTING:1 MARK',
          'm/PREROUTING:2 ACCEPT',
          'n/PREROUTING:1 MARK',
        ],
      ],
    ],
  },
  {
    name: 'DROP ends all',
    tables: [tableOf('mangle', '-A FORWARD -j DROP'), tableOf('filter', '-A FORWARD -j ACCEPT')],
    outcomes: [['DROP 1 10.96.0.10', ['m/FORWARD:1 DROP']]],
  },
  {
    name: 'an untracked packet does not ask the nat table',
    tables: [
      tableOf('raw', '-A PREROUTING -j CT --notrack'),
      tableOf('nat', '-A PREROUTING -j DNAT --to-destination 10.0.0.1'),
    ],
    hook: 'PREROUTING',
    outcomes: [['ACCEPT 1 10.96.0.10', ['r/PREROUTING:1 PASS']]],
  },
  {
    name: 'a rule without target and one that logs are shown and passed',
    tables: [tableOf('filter', '-A FORWARD -m comment --comment "to be dropped elsewhere"\n-A FORWARD -j LOG')],
    outcomes: [['ACCEPT 1 10.96.0.10', ['f/FORWARD:1 PASS', 'f/FORWARD:2 PASS']]],
  },
  {
    name: 'an unknown match makes the rest unknown, if all other matches hold',
    tables: [
      tableOf(
        'filter',
        `-A FORWARD -m u32 --u32 "0 >> 1 = 2" -p udp -j DROP
         -A FORWARD -m statistic --mode random --probability 0.5 -m u32 --u32 1 -j DROP
         -A FORWARD -j REJECT`,
      ),
    ],
    outcomes: [
      ['UNKNOWN 1/2 10.96.0.10', ['f/FORWARD:2 UNKNOWN 1/2']],
      ['REJECT 1/2 10.96.0.10', ['f/FORWARD PASSED_OVER 1', 'f/FORWARD:3 REJECT']],
    ],
  },
  {
    name: 'an unknown match of a rule without consequences makes no difference',
    tables: [tableOf('filter', '-A FORWARD -m u32 --u32 2 -j LOG\n-A FORWARD -m u32 --u32 1\n-A FORWARD -j ACCEPT')],
    outcomes: [['ACCEPT 1 10.96.0.10', ['f/FORWARD:3 ACCEPT']]],
  },
  {
    name: 'an unknown target is unknown',
    tables: [tableOf('filter', '-A FORWARD -j ELSEWHERE')],
    outcomes: [['UNKNOWN 1 10.96.0.10', ['f/FORWARD:1 UNKNOWN']]],
  },
  {
    name: 'a loop is unknown',
    tables: [tableOf('filter', '-A FORWARD -j A\n-A A -j B\n-A B -g A')],
    outcomes: [['UNKNOWN 1 10.96.0.10', ['f/FORWARD:1 JUMP A', 'f/A:1 JUMP B', 'f/B:1 UNKNOWN']]],
  },
  {
    name: 'random rules without a last one leave the rest to go on',
    tables: [
      tableOf(
        'filter',
        `-A FORWARD -j A
         -A A -m statistic --mode random --probability 0.25 -j DROP
         -A A -m statistic --mode random --probability 0 -j REJECT
         -A A -m statistic --mode nth --every 3 --packet 0 -j RETURN
         -A A -m mark --mark 1 -j DROP`,
      ),
    ],
    outcomes: [
      ['DROP 1/4 10.96.0.10', ['f/FORWARD:1 JUMP A', 'f/A:1 DROP 1/4']],
      ['ACCEPT 1/4 10.96.0.10', ['f/FORWARD:1 JUMP A', 'f/A PASSED_OVER 2', 'f/A:3 RETURN 1/3']],
      ['ACCEPT 1/2 10.96.0.10', ['f/FORWARD:1 JUMP A', 'f/A PASSED_OVER 3']],
    ],
  },
  {
    name: 'what a rule puts into a list of recent addresses is found by the next',
    tables: [
      tableOf(
        'filter',
        `-A FORWARD -m statistic --mode random --probability 0.5 -m recent --name NEW --set
         -A FORWARD -m recent --name NEW --rcheck -j DROP`,
      ),
    ],
    outcomes: [
      ['DROP 1/2 10.96.0.10', ['f/FORWARD:1 PASS 1/2', 'f/FORWARD:2 DROP']],
      ['ACCEPT 1/2 10.96.0.10', ['f/FORWARD PASSED_OVER 1']],
    ],
  },
  {
    name: 'matches act in their order: what is put into a list before the dice are thrown is in it',
    tables: [
      tableOf(
        'filter',
        `-A FORWARD -m recent --name NEW --set -m statistic --mode random --probability 0.5
         -A FORWARD -m recent --name NEW --rcheck -j DROP`,
      ),
    ],
    outcomes: [
      ['DROP 1/2 10.96.0.10', ['f/FORWARD:1 PASS 1/2', 'f/FORWARD:2 DROP']],
      ['DROP 1/2 10.96.0.10', ['f/FORWARD PASSED_OVER 1', 'f/FORWARD:2 DROP']],
    ],
  },
];

for (const { name, tables, hook = 'FORWARD', packet, outcomes } of rows) {
  t.test(name, async (t) => {
    const ruleset: Ruleset =
      tables.length === 0 ? { family: 'IPv4', language: IPTABLES, tables: [] } : rulesetOf(...tables);
    t.same(walkHook(ruleset, hook, packetWith(packet), host).map(summary), outcomes);
  });
}

t.test('outcomes tell the rule that decided, why it is not known, and the header before and after', async (t) => {
  const nat = rulesetOf(tableOf('nat', service));
  const [first] = walkHook(nat, 'PREROUTING', packetWith(), host);
  const steps = stepsOf(first?.steps);
  t.match(steps.at(-1), {
    hook: 'PREROUTING',
    before: { source: '10.244.0.9', sourcePort: 40000, destination: '10.96.0.10', destinationPort: 80, mark: 0 },
    after: { source: '10.244.0.9', sourcePort: 40000, destination: '10.244.0.1', destinationPort: 8080, mark: 0 },
  });
  t.equal(steps.at(-1)?.rule?.text, '-A SEP1 -m tcp -p tcp -j DNAT --to-destination 10.244.0.1:8080');
  t.equal(first?.rule, undefined, 'a packet that is let through has no deciding rule');
  t.match(first?.packet.connection, { dnat: true, originalDestination: '10.96.0.10', originalDestinationPort: 80 });
  t.same(first?.chance.programmed, fraction(715827883, 2n ** 31n), 'as programmed: 31 bits');

  const filter = rulesetOf(
    tableOf('filter', '-A FORWARD -m u32 --u32 1 -j DROP\n-A INPUT -j TPROXY --on-port 1\n-A OUTPUT -j DROP'),
  );
  const [match] = walkHook(filter, 'FORWARD', packetWith(), host);
  t.match(match?.unknown, { cause: 'UNKNOWN_MATCH', detail: '"-m u32 --u32 1"' });
  t.match(match?.unknown?.detail, /-A FORWARD -m u32 --u32 1 -j DROP/);
  const [target] = walkHook(filter, 'INPUT', packetWith(), host);
  t.match(target?.unknown, { cause: 'UNKNOWN_TARGET', detail: /TPROXY.*-A INPUT -j TPROXY --on-port 1/ });
  const [dropped] = walkHook(filter, 'OUTPUT', packetWith(), host);
  t.equal(dropped?.rule && writeRule(dropped.rule), '-A OUTPUT -j DROP');
  t.equal(dropped?.policy, undefined);
  const [policy] = walkHook(rulesetOf(tableOf('filter', ':OUTPUT', 'OUTPUT')), 'OUTPUT', packetWith(), host);
  t.match(policy, { verdict: 'DROP', policy: true });
  const nth = rulesetOf(tableOf('filter', '-A OUTPUT -m statistic --mode nth --every 2 --packet 0 -j DROP'));
  for (const outcome of walkHook(nth, 'OUTPUT', packetWith(), host)) t.equal(outcome.chance.roundRobin, true);
});

t.test(
  'a chain may offer the few rules that a packet can match; places are given only where they mean something',
  async (t) => {
    const base = rulesetOf(tableOf('filter', '-A FORWARD -j A\n-A A -s 1.1.1.1 -j DROP\n-A A -d 10.96.0.10 -j REJECT'));
    const table = base.tables[0];
    const chain = table?.chain('A');
    if (table === undefined || chain === undefined) throw new Error('no chain');
    const walked = (replaced: Chain) => {
      const tables = [{ ...table, chain: (name: string) => (name === 'A' ? replaced : table.chain(name)) }];
      return walkHook({ family: 'IPv4', language: IPTABLES, tables }, 'FORWARD', packetWith(), host).flatMap(reported);
    };
    const all = ['f/FORWARD:1 JUMP A', 'f/A:2 REJECT'];
    t.same(walked(chain), all);
    t.same(walked({ ...chain, select: () => chain.rules.slice(1) }), all, 'its place among all rules');
    t.same(walked({ ...chain, ordered: false }), ['f/FORWARD:1 JUMP A', 'f/A REJECT']);
    t.same(walked({ ...chain, ordered: false, select: () => [] }), ['f/FORWARD:1 JUMP A']);
  },
);

t.test('of two nat tables at one hook (nft and legacy side by side) the first that translates decides', async (t) => {
  const to = (address: string) =>
    rulesetOf(tableOf('nat', `-A PREROUTING -d 10.96.0.10 -j DNAT --to-destination ${address}`));
  const tables = [
    ...to('10.244.0.1').tables,
    ...rulesetOf(tableOf('nat', '-A PREROUTING -j DNAT --to-destination 10.0.0.9')).tables,
  ];
  const [outcome] = walkHook({ family: 'IPv4', language: IPTABLES, tables }, 'PREROUTING', packetWith(), host);
  t.equal(outcome?.packet.destination, '10.244.0.1');
  const [other] = walkHook(
    { family: 'IPv4', language: IPTABLES, tables },
    'PREROUTING',
    packetWith({ destination: '10.96.0.11' }),
    host,
  );
  t.equal(other?.packet.destination, '10.0.0.9', 'the second, when the first leaves the packet alone');
});

/** A Service of n endpoints as kube-proxy balances it. */
function balanced(n: number): Ruleset {
  const lines = Array.from({ length: n }, (_, i) => {
    const chance = i < n - 1 ? ` -m statistic --mode random --probability ${(1 / (n - i)).toFixed(10)}` : '';
    return `-A SVC${chance} -j SEP${i}\n-A SEP${i} -p tcp -j DNAT --to-destination 10.244.${i >> 8}.${i & 255}:80`;
  });
  return rulesetOf(tableOf('nat', `-A PREROUTING -j SVC\n${lines.join('\n')}`));
}

t.test('n endpoints get exactly 1/n each, and what the kernel programs sums to exactly 1', async (t) => {
  for (const n of [1, 2, 3, 7, 60, 1000]) {
    const outcomes = walkHook(balanced(n), 'PREROUTING', packetWith(), host);
    t.equal(outcomes.length, n);
    t.ok(
      outcomes.every(({ chance }) => formatFraction(chance.nominal) === formatFraction(fraction(1, n))),
      `1/${n}`,
    );
    t.equal(formatFraction(sum(outcomes.map(({ chance }) => chance.programmed))), '1');
    t.equal(
      new Set(outcomes.map(({ packet }) => packet.destination)).size,
      n,
      'in the order of the rules, all different',
    );
    const largest = outcomes.reduce(
      (digits, { chance }) => Math.max(digits, chance.programmed.d.toString(2).length),
      0,
    );
    t.ok(largest <= 257, 'programmed chances stay of bounded size');
  }
  const seven = walkHook(balanced(7), 'PREROUTING', packetWith(), host);
  t.same(
    seven.map(({ chance }) => toDecimal(chance.programmed, 12)),
    // The products of q/2^31, worked out apart.
    [
      '0.142857142724',
      '0.142857142746',
      '0.142857143039',
      '0.142857142873',
      '0.142857142939',
      '0.142857142839',
      '0.142857142839',
    ],
  );
});

t.test('rules that lead nowhere in too many ways end as unknown, with their share', async (t) => {
  // Each chain calls the next twice: nothing is done in 2^40 ways.
  const chains = Array.from({ length: 40 }, (_, i) => `-A C${i} -j C${i + 1}\n-A C${i} -j C${i + 1}`);
  const ruleset = rulesetOf(tableOf('filter', `-A FORWARD -j C0\n${chains.join('\n')}\n:C40`));
  const outcomes = walkHook(ruleset, 'FORWARD', packetWith(), host);
  t.match(outcomes, [{ verdict: 'UNKNOWN', unknown: { detail: /more ways/ } }]);
});

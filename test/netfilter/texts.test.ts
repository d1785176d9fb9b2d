import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import type { IPFamily } from '../../src/base/address.js';
import { QuestionError } from '../../src/base/errors.js';
import { listChain, listTable } from '../../src/netfilter/iptables/list.js';
import { parseRestore, parseSave } from '../../src/netfilter/iptables/parse.js';
import { decimalFraction, nominalOf, statisticThreshold } from '../../src/netfilter/iptables/random-threshold.js';
import { saveRuleset } from '../../src/netfilter/iptables/save.js';
import { statementsOf } from '../../src/netfilter/iptables/statements.js';
import { fixedChain, fixedTable } from '../../src/netfilter/iptables/tables.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';

/**
 * What kube-proxy gave to iptables-restore (and iptables -I) on a node, and what iptables-save of each flavour showed.
 */
interface Recording {
  readonly name: string;
  readonly family: IPFamily;
  readonly loaded: string;
  readonly NFT: string;
  readonly LEGACY: string;
}

const recordings = JSON.parse(
  gunzipSync(readFileSync('test/netfilter/iptables-save.json.gz')).toString(),
) as Recording[];

t.test("a node's rules are saved as iptables-save showed them, byte for byte", async (t) => {
  for (const { name, family, loaded, NFT, LEGACY } of recordings) {
    const ruleset = parseRestore(loaded, family);
    t.equal(saveRuleset(ruleset, 'NFT'), NFT, `${name}, nft`);
    t.equal(saveRuleset(ruleset, 'LEGACY'), LEGACY, `${name}, legacy`);
    t.equal(saveRuleset(parseSave(NFT, family), 'NFT'), NFT, `${name}, saved, read and saved again`);
    for (const table of ruleset.tables) {
      for (const chain of table.chains()) {
        for (const rule of chain.rules) {
          const text = rule.text?.startsWith('-A ') ? rule.text : rule.text?.replace('-I', '-A');
          if (writeRule(rule) !== text) t.equal(writeRule(rule), text, `${name}, written`);
        }
      }
    }
  }
});

t.test('tables and chains are printed in the order of iptables', async (t) => {
  const chains = ['A', 'KUBE-a', 'Z', 'a'].map((name) => `:${name} - [0:0]\n`).join('');
  const rules = '-A OUTPUT -j Z\n-A OUTPUT -g Z\n';
  const tables: Readonly<Record<string, string>> = {
    mangle: 'PREROUTING INPUT FORWARD OUTPUT POSTROUTING',
    security: 'INPUT FORWARD OUTPUT',
    raw: 'PREROUTING OUTPUT',
    filter: 'INPUT FORWARD OUTPUT',
    nat: 'PREROUTING INPUT OUTPUT POSTROUTING',
  };
  const textOf = (table: string) => {
    const builtIn = (tables[table] ?? '').split(' ').map((name) => `:${name} ACCEPT [0:0]\n`);
    return `*${table}\n${builtIn.join('')}${chains}${rules}COMMIT\n`;
  };
  const saved = Object.keys(tables).map(textOf).join('');
  const shuffled = ['nat', 'raw', 'filter', 'security', 'mangle']
    .map(textOf)
    .join('')
    .replaceAll(chains, ':Z - [0:0]\n:a - [0:0]\n:KUBE-a - [0:0]\n:A - [0:0]\n');
  t.equal(saveRuleset(parseSave(shuffled, 'IPv4'), 'NFT'), saved);
  const legacy = saveRuleset(parseSave(shuffled, 'IPv4'), 'LEGACY');
  t.same(
    legacy.split('\n').filter((line) => line.startsWith('*')),
    ['*mangle', '*security', '*filter', '*raw', '*nat'],
    'legacy: the table made last comes first',
  );
  const header = 'target     prot opt source               destination         ';
  const filter = parseSave(saved.replace(':FORWARD ACCEPT', ':FORWARD DROP'), 'IPv4').tables[3];
  if (filter === undefined) throw new Error('no filter table');
  t.equal(
    listTable(filter, 'IPv4'),
    `Chain INPUT (policy ACCEPT)
${header}

Chain FORWARD (policy ACCEPT)
${header}

Chain OUTPUT (policy ACCEPT)
${header}
Z          0    --  0.0.0.0/0            0.0.0.0/0           
Z          0    --  0.0.0.0/0            0.0.0.0/0           [goto] 

Chain A (0 references)
${header}

Chain KUBE-a (0 references)
${header}

Chain Z (2 references)
${header}

Chain a (0 references)
${header}
`,
  );
  const drop = parseSave('*filter\n:FORWARD DROP [0:0]\nCOMMIT\n', 'IPv4').tables[0]?.chain('FORWARD');
  t.equal(drop && listChain(drop, 'IPv4', 0), `Chain FORWARD (policy DROP)\n${header}\n`);
  t.equal(listChain(fixedChain('X', []), 'IPv6', 1), `Chain X (1 references)\n${header}\n`);
  t.same(fixedTable('nat', [fixedChain('X', [])]).baseChains, []);
});

/** Texts that cannot be read, and what is reported of them. */
const wrong: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /no table/],
  ['# nothing\n', /no table/],
  ['X -j ACCEPT\n', /line 1: .* outside of a table/],
  ['*nat\n:X - [0:0]\n', /line 1: the table nat is not ended by COMMIT/],
  ['*nat\n:X - [0:0]\n*filter\nCOMMIT\n', /line 1: the table nat is not ended by COMMIT/],
  ['*nat\nCOMMIT\n*nat\nCOMMIT\n', /line 3: .*twice/],
  ['*nat\n-A X -j ACCEPT\nCOMMIT\n', /line 2: the chain X is not declared/],
  ['*nat\n-A PREROUTING -j ACCEPT\nCOMMIT\n', /line 2: the chain PREROUTING is not declared/],
  ['*nat\n:X\nCOMMIT\n', /line 2: ":X" is no chain/],
  ['*nat\n:FORWARD ACCEPT [0:0]\nCOMMIT\n', /line 2: the table nat has no built-in chain FORWARD/],
  ['*constructor\n:name ACCEPT [0:0]\nCOMMIT\n', /no built-in chain/],
  ['*nat\n:X - [0:0]\n-Z X\nCOMMIT\n', /line 3: "-Z X" is no rule/],
  ['*nat\n:X - [0:0]\n-A\nCOMMIT\n', /line 3: "-A" is no rule/],
  ['*nat\n:X - [0:0]\n-X Y\nCOMMIT\n', /line 3: -X Y/],
  ['*nat\n:X - [0:0]\n-I X 3 -j ACCEPT\nCOMMIT\n', /line 3: -I X 3: the chain has 0 rules/],
];

/**
 * Rules that iptables 1.8.9 refuses: problems of input to `iptables-restore`, rules that are not understood in a dump.
 */
const refused: readonly (readonly [text: string, message: RegExp])[] = [
  ['*nat\n:X - [0:0]\n-A X -m comment --comment "open -j ACCEPT\nCOMMIT\n', /line 3: a quotation mark is not closed/],
  ['*nat\n:X - [0:0]\n-A X -s 10.0.0.256 -j ACCEPT\nCOMMIT\n', /line 3: "10.0.0.256" is no address/],
  ['*nat\n:X - [0:0]\n-A X -s fd00::1 -j ACCEPT\nCOMMIT\n', /line 3: "fd00::1" is not of the family/],
  ['*nat\n:X - [0:0]\n-A X -p tcp --dport 65536 -j ACCEPT\nCOMMIT\n', /line 3: "65536" is no port/],
  ['*nat\n:X - [0:0]\n-A X -p tcp --dport constructor -j ACCEPT\nCOMMIT\n', /line 3: "constructor" is no port/],
  ['*nat\n:X - [0:0]\n-A X -p constructor -j ACCEPT\nCOMMIT\n', /line 3: "constructor" is no protocol/],
  ['*nat\n:X - [0:0]\n-A X toString -j ACCEPT\nCOMMIT\n', /line 3: "toString" is where an option should be/],
  ['*nat\n:X - [0:0]\n-A X --nothing 1 -j ACCEPT\nCOMMIT\n', /line 3: the option --nothing belongs to no module/],
  ['*nat\n:X - [0:0]\n-A X -s\nCOMMIT\n', /line 3: -s lacks its value/],
  ['*nat\n:X - [0:0]\n-A X !\nCOMMIT\n', /line 3: "!" is at the end/],
];

t.test('a rule that cannot be read is a problem of restore input, and UNKNOWN in a dump', async (t) => {
  for (const [text, message] of refused) {
    t.throws(() => parseRestore(text, 'IPv4'), { code: 'MALFORMED', message }, JSON.stringify(text));
    const rules = parseSave(text, 'IPv4').tables[0]?.chain('X')?.rules;
    t.equal(rules?.length, 1, 'the dump is read');
    const [match, target] = statementsOf(rules?.[0]).slice(-2);
    if (match?.kind !== 'unknown-match') throw new Error(`${text}: ${match?.kind}`);
    t.match(`line 3: ${match.reason}`, message);
    t.equal(target?.kind, 'unknown-target');
  }
  const [rule] =
    parseSave(
      '*filter\n:X - [0:0]\n-A X -s 10.0.0.1/32 ! -i lo -p tcp --oh no -j DROP\nCOMMIT\n',
      'IPv4',
    ).tables[0]?.chain('X')?.rules ?? [];
  t.same(
    statementsOf(rule).map(({ kind }) => kind),
    ['source', 'in-interface', 'protocol', 'unknown-match', 'drop'],
    'an option that is not known is one unknown match',
  );
  const [salvaged] =
    parseSave(
      '*filter\n:X - [0:0]\n-A X -s 10.0.0.1/32 -p tcp --dport 99999 -j DROP\nCOMMIT\n',
      'IPv4',
    ).tables[0]?.chain('X')?.rules ?? [];
  t.same(
    statementsOf(salvaged).map(({ kind }) => kind),
    ['source', 'protocol', 'unknown-match', 'unknown-target'],
    'what can be read keeps packets away that cannot match',
  );
});

t.test('another file in place of an iptables-save is recognised', async (t) => {
  const rows: readonly (readonly [text: string, message: RegExp])[] = [
    [
      'Chain INPUT (policy ACCEPT)\ntarget     prot opt source               destination\n',
      /`iptables -L` prints: `iptables-save`/,
    ],
    ['-P INPUT ACCEPT\n-A INPUT -j ACCEPT\n', /`iptables -S` prints/],
    ['table ip nat {\n\tchain PREROUTING {\n\t}\n}\n', /`nft list ruleset` prints/],
    ['# Warning: table ip nat is managed by iptables-nft\ntable ip nat {\n}\n', /`nft list ruleset` prints/],
    ['{"nftables": [{"metainfo": {}}]}', /`nft -j list ruleset` prints/],
    ['create KUBE-CLUSTER-IP hash:ip,port family inet\n', /`ipset save` prints/],
    ['{"kind": "List"}', /JSON, perhaps of kubectl/],
    ['apiVersion: v1\nkind: List\n', /YAML, perhaps of kubectl/],
    ['NAME     STATUS   ROLES\nnode-1   Ready    <none>\n', /a table of kubectl/],
    ['\u001f\ufffd\b\0', /archive/],
    ['save.rules\0\0\0ustar', /archive/],
  ];
  for (const [text, message] of rows) {
    try {
      parseSave(text, 'IPv4', '/x');
      t.fail('read');
    } catch (error) {
      if (!(error instanceof QuestionError)) throw error;
      t.match(error.message, message);
      t.match(error.problems, [{ pointer: '/x' }], 'one sentence');
    }
  }
});

t.test('what is wrong with a text is reported with its lines', async (t) => {
  for (const [text, message] of wrong) {
    t.throws(() => parseSave(text, 'IPv4'), { code: 'MALFORMED', message }, JSON.stringify(text));
  }
  const many = `*nat\n:X - [0:0]\n${'-A Y -j ACCEPT\n'.repeat(70)}COMMIT\n`;
  try {
    parseSave(many, 'IPv4', '/node/iptables');
    t.fail('read');
  } catch (error) {
    if (!(error instanceof QuestionError)) throw error;
    t.match(error.message, /70 problems; line 3: the chain Y is not declared/);
    t.equal(error.problems.length, 50);
    t.equal(error.problems[0]?.pointer, '/node/iptables');
    t.match(error.problems[49]?.detail, /^line 52: /);
  }
});

t.test('restore input may prepend, insert, make and delete chains', async (t) => {
  const text = `*nat
:X - [0:0]
:OLD - [0:0]
-N NEW
-A NEW -j RETURN
-A X -j ACCEPT
-I X -j NEW
-I X 2 -j GONE
-I OUTPUT -j X
-X OLD
COMMIT
`;
  t.equal(
    saveRuleset(parseRestore(text, 'IPv4'), 'NFT'),
    `*nat
:OUTPUT ACCEPT [0:0]
:NEW - [0:0]
:X - [0:0]
-A OUTPUT -j X
-A NEW -j RETURN
-A X -j NEW
-A X -j GONE
-A X -j ACCEPT
COMMIT
`,
  );
  const rules = parseRestore(text, 'IPv4').tables[0]?.chain('X')?.rules;
  t.match(
    rules?.[1]?.statements[0],
    { kind: 'unknown-target', name: 'GONE' },
    'a target that is no chain is not known',
  );
});

t.test('the m of 1/m is recovered from the threshold where only one has it', async (t) => {
  for (let m = 1; m <= 20000; m++) {
    const threshold = statisticThreshold((1 / m).toFixed(10));
    if (nominalOf(threshold) !== m) t.equal(nominalOf(threshold), m);
  }
  const known: readonly (readonly [number, bigint])[] = [
    [3, 715827883n],
    [7, 306783378n],
    [11, 195225786n],
    [999, 2149633n],
    [1000, 2147484n],
  ];
  for (const [m, threshold] of known) t.equal(statisticThreshold((1 / m).toFixed(10)), threshold, `1/${m}`);
  t.equal(statisticThreshold('1'), 1n << 31n);
  t.equal(statisticThreshold('0'), 0n);
  t.equal(nominalOf(statisticThreshold('0.4')), undefined, '0.4 is no 1/m');
  t.equal(nominalOf(0n), undefined);
  t.equal(nominalOf(10n), undefined, 'too many m have so small a threshold');
  t.same(decimalFraction('0.25'), { n: 1n, d: 4n });
  t.same(decimalFraction('.5'), { n: 1n, d: 2n });
  t.same(decimalFraction('1'), { n: 1n, d: 1n });
});

import fc from 'fast-check';
import t from 'tap';
import { saveRule } from '../../src/netfilter/iptables/canonical.js';
import { parseRestore } from '../../src/netfilter/iptables/parse.js';
import type { Match, Statement, Target } from '../../src/netfilter/iptables/statements.js';
import { writeRule } from '../../src/netfilter/iptables/write.js';
import type { Rule } from '../../src/netfilter/ruleset.js';
import { runs } from '../support/runs.js';

/** Rules of all kinds of statements, as a renderer would make them. */

const negated = fc.constantFrom({}, { negated: true as const });
const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,14}$/);
const anyText = fc.string({ minLength: 0, maxLength: 30, unit: fc.constantFrom(...'ab/:->.";\\ \'!é') });
const octet = fc.integer({ min: 0, max: 255 });
const address = fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.'));
const network = fc.oneof(
  address,
  fc.tuple(address, fc.integer({ min: 1, max: 32 })).map(([a, l]) => `${a}/${l}`),
);
const port = fc.integer({ min: 1, max: 65535 });
const ports = fc.oneof(
  port.map((from) => ({ from, to: from })),
  fc.tuple(port, port).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
);
const mark = fc.integer({ min: 0, max: 0xffffffff });

const heads: fc.Arbitrary<Match>[] = [
  fc.tuple(network, negated).map(([a, n]) => ({ kind: 'source', address: a, ...n })),
  fc.tuple(network, negated).map(([a, n]) => ({ kind: 'destination', address: a, ...n })),
  fc.tuple(word, negated).map(([name, n]) => ({ kind: 'in-interface', name, ...n })),
  fc.tuple(word, negated).map(([name, n]) => ({ kind: 'out-interface', name, ...n })),
];

const modules: fc.Arbitrary<Match>[] = [
  anyText.map((text) => ({ kind: 'comment', text })),
  fc.integer({ min: 1, max: 5000 }).map((m) => ({
    kind: 'statistic',
    mode: 'random',
    probability: (1 / m).toFixed(10),
    nominal: m,
  })),
  fc.tuple(fc.integer({ min: 2, max: 9 }), negated).map(([every, n]) => ({
    kind: 'statistic',
    mode: 'nth',
    every,
    packet: every - 1,
    ...n,
  })),
  fc
    .tuple(
      word,
      fc.constantFrom('set', 'rcheck', 'update', 'remove'),
      fc.constantFrom({}, { seconds: 9, reap: true as const }),
      negated,
    )
    .map(([name, action, age, n]) => ({ kind: 'recent', name, action, ...age, ...n })),
  fc.tuple(fc.constantFrom('LOCAL', 'UNICAST'), negated).map(([type, n]) => ({
    kind: 'addrtype',
    destination: { types: [type], ...n },
  })),
  fc.tuple(fc.subarray(['NEW', 'RELATED', 'ESTABLISHED', 'DNAT'], { minLength: 1 }), negated).map(([values, n]) => ({
    kind: 'conntrack',
    states: { values, ...n },
  })),
  fc.tuple(mark, mark, negated).map(([value, mask, n]) => ({ kind: 'mark', value, mask, ...n })),
  fc
    .tuple(fc.array(ports, { minLength: 1, maxLength: 7 }), fc.constantFrom('source', 'destination', 'either'), negated)
    .map(([list, side, n]) => ({ kind: 'multiport', side, ports: list, ...n })),
  negated.map((n) => ({ kind: 'physdev', isIn: n })),
  word.map((name) => ({ kind: 'nfacct', name })),
  fc
    .tuple(word, fc.array(fc.constantFrom('src', 'dst'), { minLength: 1, maxLength: 3 }), negated)
    .map(([name, directions, n]) => ({ kind: 'set', name, directions, ...n })),
  fc.tuple(word, anyText).map(([value, text]) => ({
    kind: 'unknown-match',
    module: 'unheard',
    tokens: ['--of', value, '--text', `x${text}`],
  })),
];

const transports: fc.Arbitrary<Match>[] = [
  fc.tuple(ports, negated).map(([range, n]) => ({ kind: 'destination-port', ports: range, ...n })),
  fc.tuple(ports, negated).map(([range, n]) => ({ kind: 'source-port', ports: range, ...n })),
];

const targets: fc.Arbitrary<Target> = fc.oneof(
  fc.constantFrom<Target>(
    { kind: 'accept' },
    { kind: 'drop' },
    { kind: 'return' },
    { kind: 'reject' },
    { kind: 'jump', chain: 'Y' },
    { kind: 'goto', chain: 'Y' },
    { kind: 'masquerade', randomFully: true },
    { kind: 'redirect', toPorts: { from: 80, to: 81 } },
    { kind: 'snat', address: '10.0.0.1', randomFully: true },
    { kind: 'passing-target', name: 'LOG', tokens: ['--log-prefix', 'a "b" c'] },
    { kind: 'unknown-target', name: 'UNHEARD', tokens: ['--option', '1'] },
  ),
  fc.tuple(address, port).map(([a, p]) => ({ kind: 'dnat' as const, address: a, port: p })),
  mark.map((value) => ({ kind: 'set-mark' as const, operation: 'or' as const, value, mask: value })),
  fc
    .tuple(mark, mark)
    .map(([value, mask]) => ({ kind: 'set-mark' as const, operation: 'set-xmark' as const, value, mask })),
);

function someOf<T>(arbitraries: readonly fc.Arbitrary<T>[]): fc.Arbitrary<T[]> {
  return fc.tuple(...arbitraries.map((one) => fc.option(one))).map((list) => list.filter((item) => item !== null));
}

/** Matches in any order (the protocol before the ports), then the target. */
const rules: fc.Arbitrary<Rule> = fc
  .tuple(
    someOf(heads),
    someOf(modules),
    fc.option(fc.tuple(fc.constantFrom('tcp', 'udp', 'sctp'), fc.boolean(), someOf(transports))),
    fc.option(targets),
    fc.infiniteStream(fc.integer({ min: 0, max: 1000 })),
  )
  .map(([head, loaded, transport, target, order]) => {
    const matches: Statement[] = [];
    for (const match of [...head, ...loaded]) {
      matches.splice((order.next().value ?? 0) % (matches.length + 1), 0, match);
    }
    if (transport !== null) {
      const [name, module, options] = transport;
      if (module) matches.push({ kind: 'module', name });
      matches.push({ kind: 'protocol', protocol: name }, ...options);
    }
    return { chain: 'X', statements: target === null ? matches : [...matches, target] };
  });

function parsed(line: string): Rule {
  const rule = parseRestore(`*nat\n:X - [0:0]\n:Y - [0:0]\n${line}\nCOMMIT\n`, 'IPv4').tables[0]?.chain('X')?.rules[0];
  if (rule === undefined) throw new Error(`no rule: ${line}`);
  return rule;
}

t.test('what is written is read as what it was', async () => {
  fc.assert(
    fc.property(rules, (rule) => {
      const text = writeRule(rule);
      return writeRule(parsed(text)) === text;
    }),
    { numRuns: runs(300) },
  );
});

t.test('what is saved is read as what it was, and a rule is saved alike however it was written', async () => {
  fc.assert(
    fc.property(rules, (rule) => {
      const text = saveRule(rule, 'IPv4');
      return saveRule(parsed(text), 'IPv4') === text && saveRule(parsed(writeRule(rule)), 'IPv4') === text;
    }),
    { numRuns: runs(300) },
  );
});

t.test('no text makes the reader fail in any other way than by telling what is wrong', async () => {
  const words = fc.constantFrom(
    ...'-A X -s -d -p tcp -m comment --comment --dport 80 ! -j -g Y DNAT --to-destination 10.0.0.1 "a - -- -m --set'.split(
      ' ',
    ),
    'recent',
    'statistic',
    'unheard',
    'toString',
    '__proto__',
    '',
  );
  const line = fc.array(words, { maxLength: 12 }).map((list) => `-A X ${list.join(' ')}`);
  fc.assert(
    fc.property(line, (text) => {
      try {
        const rule = parsed(text);
        return saveRule(parsed(saveRule(rule, 'IPv4')), 'IPv4') === saveRule(rule, 'IPv4');
      } catch (error) {
        return (error as { code?: string }).code === 'MALFORMED';
      }
    }),
    { numRuns: runs(600) },
  );
});

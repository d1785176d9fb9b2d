/** YAML as kubectl reads it, and in proportion to its length. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import t from 'tap';
import { readManifests } from '../../src/changes/manifests/read-manifests.js';
import { readSnapshot } from '../../src/cluster/read-snapshot.js';
import { MAX_ALIASED } from '../../src/cluster/yaml/compose.js';
import { MAX_DOCUMENTS, yamlDocuments, yamlValue } from '../../src/cluster/yaml/documents.js';
import { YamlError } from '../../src/cluster/yaml/error.js';

/** The values of a text's documents, null where it is refused. */
function valuesOf(text: string): unknown {
  try {
    return yamlDocuments(text).map(({ value }) => value);
  } catch (error) {
    if (error instanceof YamlError) return null;
    throw error;
  }
}

t.test('texts as sigs.k8s.io/yaml 1.6.0 reads them', async (tt) => {
  // Made by a Go program: YAMLReader of apimachinery, then YAMLToJSON, document by document; null: refused.
  const rows = gunzipSync(readFileSync('test/cluster/fixtures/yaml.jsonl.gz')).toString('utf8').split('\n');
  const wrong: unknown[] = [];
  for (const row of rows) {
    const [text, wanted] = JSON.parse(row) as [string, unknown];
    const is = JSON.stringify(valuesOf(text));
    if (JSON.stringify(sorted(JSON.parse(is))) !== JSON.stringify(sorted(wanted))) wrong.push([text, wanted, is]);
  }
  tt.same(wrong.slice(0, 5), []);
  tt.ok(rows.length > 5000);
});

/** Go prints the fields of objects by name. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.map(([key, item]) => [key, sorted(item)]);
}

t.test('what YAML 1.1 and kubectl make of words, numbers and keys', async (tt) => {
  const cases: readonly (readonly [string, unknown])[] = [
    ['a: yes\nb: on\nc: Off\nd: y\ne: "yes"', { a: true, b: true, c: false, d: true, e: 'yes' }],
    ['a: 0120\nb: 8_080\nc: 0b101\nd: 0x1F\ne: 0o17\nf: 08', { a: 80, b: 8080, c: 5, d: 31, e: 15, f: 8 }],
    ['a: 190:20:30\nb: 2001-12-14\nc: 1e3\nd: .5', { a: '190:20:30', b: '2001-12-14', c: 1000, d: 0.5 }],
    ['1: a\ntrue: b\n1.5: c\n0x10: d', { 1: 'a', true: 'b', '1.5': 'c', 16: 'd' }],
    ['a: \'one\ntwo\'\nb: "three\nfour"', { a: 'one two', b: 'three four' }],
    ['base: &b {x: 1, w: 2}\nc:\n  <<: *b\n  w: 3', { base: { x: 1, w: 2 }, c: { x: 1, w: 3 } }],
    ['c:\n  <<: [{x: 1}, {x: 2, w: 2}]', { c: { x: 1, w: 2 } }],
  ];
  for (const [text, wanted] of cases) tt.strictSame(yamlValue(text), wanted, text);
});

t.test('keys that are twice: the last one counts, and the answer says which', async (tt) => {
  const service = (ports: string) =>
    `kind: Service\nmetadata: {name: a}\nspec:\n  clusterIP: 10.96.0.1\n  ports:\n${ports}`;
  const yaml = readSnapshot({ bytes: Buffer.from(service('  - port: 80\n    port: 81\n')) });
  tt.equal(yaml.cluster.services.get('default/a')?.spec?.ports?.[0]?.port, 81);
  tt.match(yaml.assumptions, [
    {
      field: 'snapshot.duplicateKeys',
      value: '/spec/ports/0/port',
      why: /"port" is at line 6 and again at line 7/,
    },
  ]);
  const json = '{"kind":"Service","metadata":{"name":"a"},\n"spec":{"clusterIP":"10.96.0.1","clusterIP":"10.96.0.2"}}';
  const read = readSnapshot({ bytes: Buffer.from(json) });
  tt.equal(read.cluster.services.get('default/a')?.spec?.clusterIP, '10.96.0.2');
  tt.match(read.assumptions, [
    {
      field: 'snapshot.duplicateKeys',
      value: '/spec/clusterIP',
      why: /line 2, column 9 and again at line 2, column 33/,
    },
  ]);
  const { manifests, assumptions } = readManifests([{ file: 'a.yaml', text: 'kind: A\nx: 1\nx: 2\n' }], '/m');
  tt.equal(manifests[0]?.value.x, 2);
  tt.match(assumptions, [
    { field: 'changes.apply.duplicateKeys', value: 'a.yaml: /x', why: /line 2 and again at line 3/ },
  ]);
  const many = readManifests([`kind: A\n${'x: 1\n'.repeat(1000)}`], '/m').assumptions;
  tt.equal(many.length, 21, 'twenty are named, the others counted');
  tt.match(many.at(-1)?.why, /979 further keys/);
  tt.same(
    readManifests(['kind: A\nx: {y: 1}\nz: {y: 1}\n', '{"kind": "A", "x": ["a:b", {"k": "\\""}]}'], '/m').assumptions,
    [],
  );
});

t.test('what kubectl does not read is named', async (tt) => {
  const { assumptions } = readManifests(['kind: A\n...\nkind: B\n'], '/m');
  tt.match(assumptions, [{ field: 'changes.apply.unread', value: /line 3/ }]);
});

t.test('errors name the place', async (tt) => {
  const cases: readonly (readonly [string, RegExp, number, number])[] = [
    ['a: b: c', /quotes/, 1, 5],
    ['a:\n\tb: 1', /tab/, 2, 1],
    ['a: "x', /closing " of this text is missing/, 1, 4],
    ['a: [1\nb: 2', /',' or '\]'/, 2, 2],
    ['a: *b', /anchor "b"/, 1, 4],
    ['a: &a [*a]', /contains itself/, 1, 8],
    ['---\na: 1\n---\nb: }', /value/, 4, 4],
    ['a: .inf', /JSON does not have/, 1, 1],
    ['a: \u0000', /U\+0000/, 1, 4],
    ['? [a]\n: b', /key is text/, 1, 1],
  ];
  for (const [text, message, line, column] of cases) {
    try {
      yamlDocuments(text);
      tt.fail(`${text} is read`);
    } catch (error) {
      tt.match(error, { name: 'YamlError', message, line, column }, text);
    }
  }
});

const MIB = 1024 * 1024;

t.test('a megabyte of anything is read, or refused by a bound', async (tt) => {
  const lettered = (from: number, each: (at: string, before: string) => string) =>
    Array.from({ length: 12 }, (_, i) => each(String.fromCharCode(from + i), String.fromCharCode(from + i - 1))).join(
      '\n',
    );
  const bomb = `a: &a [x,x,x,x,x,x,x,x,x,x]\n${lettered(98, (at, before) => `${at}: &${at} [${Array(10).fill(`*${before}`).join(',')}]`)}`;
  const fields = Array.from({ length: 1000 }, (_, i) => `k${i}: 1`).join(', ');
  // Each would take minutes or gigabytes if any step looked at the same text again and again.
  const read: Readonly<Record<string, string>> = {
    'double quotes': '"'.repeat(200_000),
    'single quotes': "'".repeat(MIB),
    documents: '---\na: 1\n'.repeat(300_000),
    'ends of documents': 'a: 1\n...\n'.repeat(100_000),
    'a flow sequence': `[${'1,'.repeat(MIB / 2)}]`,
    'pairs in a flow sequence': `[${'a: 1, '.repeat(MIB / 6)}]`,
    comments: '# x\n'.repeat(MIB / 4),
    anchors: Array.from({ length: 60_000 }, (_, i) => `- &a${i} x`).join('\n'),
    aliases: `a: &a x\nb: [${'*a,'.repeat(MIB / 3)}]`,
    keys: Array.from({ length: 80_000 }, (_, i) => `k${i}: 1`).join('\n'),
    'one key': 'a: 1\n'.repeat(200_000),
    'a plain scalar of many lines': 'a\n'.repeat(MIB / 2),
    blanks: `a:${' '.repeat(MIB)}x`,
    'empty lines in a block': `a: |\n${'\n'.repeat(MIB)}`,
    'a folded block': `a: >\n${' x\n'.repeat(MIB / 3)}`,
    'escaped line breaks': `"${'\\\n'.repeat(MIB / 2)}"`,
    digits: `- ${'1'.repeat(MIB)}`,
  };
  for (const [name, text] of Object.entries(read)) tt.not(valuesOf(text), null, name);
  const refused: Readonly<Record<string, readonly [string, string]>> = {
    'open brackets': ['['.repeat(MIB), 'DEPTH'],
    'open braces': ['{a: '.repeat(MIB / 4), 'DEPTH'],
    'nested lists': ['- '.repeat(MIB / 2), 'DEPTH'],
    'nested keys': [Array.from({ length: 1400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'), 'DEPTH'],
    'a bomb of aliases': [bomb, 'LIMIT'],
    'a bomb of merges': [`a: &a {${fields}}\nb:\n${'- <<: *a\n'.repeat(50_000)}`, 'LIMIT'],
    'too many documents': ['---\na\n'.repeat(MAX_DOCUMENTS + 1), 'LIMIT'],
    'a missing quote': [`a: "${'x'.repeat(MIB)}`, 'SYNTAX'],
    'a long key': [`${'a'.repeat(MIB)}: 1`, 'SYNTAX'],
  };
  for (const [name, [text, kind]] of Object.entries(refused)) {
    tt.throws(() => yamlDocuments(text), { name: 'YamlError', kind }, name);
  }
  tt.equal(MAX_ALIASED, 1_000_000);
});

t.test('files that are something else are named', async (tt) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['NAME     STATUS   ROLES    AGE\nnode-1   Ready    <none>   3d\n', /table that kubectl prints/],
    ['*nat\n:PREROUTING ACCEPT [0:0]\nCOMMIT\n', /iptables-save/],
    ['Chain PREROUTING (policy ACCEPT)\n', /iptables -L/],
    ['-P FORWARD ACCEPT\n', /iptables -S/],
    ['table ip nat {\n}\n', /nft list ruleset/],
    ['Warning: v1 Endpoints is deprecated\n{"kind": "List", "items": []}', /warning of kubectl/],
    [`a.yaml${'\u0000'.repeat(300)}`, /tar archive/],
  ];
  for (const [text, sentence] of cases) {
    tt.throws(() => readSnapshot({ bytes: Buffer.from(text) }), { code: 'MALFORMED', message: sentence }, text);
  }
  const template = { file: 't.yaml', text: 'kind: Service\nmetadata:\n  name: {{ .Values.name }}\n' };
  tt.throws(() => readManifests([template], '/m'), { code: 'MALFORMED', message: /helm template/ });
});

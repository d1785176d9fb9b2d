import { readFileSync, writeFileSync } from 'node:fs';
import t from 'tap';
import type { Answer } from '../../src/contract/answers.js';
import type { QuestionKind } from '../../src/questions/kinds.js';
import { render } from '../../src/reports/render.js';
import { markdownBlock, markdownCode, markdownText, printable, printableJson } from '../../src/reports/safe-text.js';
import { EVERYTHING, FIRST_SCREEN } from '../../src/reports/view.js';
import { answerOf, CHAINS_PARTS, CHAINS_RULES, PATH, PROBABILITY, part, TEXT_RESTORE } from './answers.js';
import { BATCH } from './batch-answers.js';
import { HOSTILE, hostileAnswers } from './hostile.js';
import { SWEEP } from './sweep-answers.js';
import { WHAT_IF_CHAINS, WHAT_IF_NOTHING, WHAT_IF_PATH, WHAT_IF_PROBABILITY } from './what-if-answers.js';

const EXPECTED = 'test/reports/expected';
const CASES: readonly (readonly [string, QuestionKind, Answer])[] = [
  ['chains-parts', 'chains', CHAINS_PARTS],
  ['chains-rules', 'chains', CHAINS_RULES],
  ['path', 'path', PATH],
  ['probability', 'probability', PROBABILITY],
  ['what-if-chains', 'what-if', WHAT_IF_CHAINS],
  ['what-if-path', 'what-if', WHAT_IF_PATH],
  ['what-if-probability', 'what-if', WHAT_IF_PROBABILITY],
  ['what-if-nothing', 'what-if', WHAT_IF_NOTHING],
  ['sweep', 'sweep', SWEEP],
  ['batch', 'batch', BATCH],
];

t.test('reports are as written down', async (t) => {
  for (const [name, kind, answer] of CASES) {
    for (const [form, extension, view] of [
      ['text', 'txt', FIRST_SCREEN],
      ['text', 'all.txt', EVERYTHING],
      ['markdown', 'md', FIRST_SCREEN],
    ] as const) {
      const file = `${EXPECTED}/${name}.${extension}`;
      const given = render(kind, answer, form, { view });
      // UPDATE_EXPECTED=1 writes them anew; the difference is then for a person to read.
      if (process.env.UPDATE_EXPECTED === '1') writeFileSync(file, given);
      t.equal(given, readFileSync(file, 'utf8'), file);
    }
  }
});

t.test('one part of chains is exactly its text', async (t) => {
  for (const text of ['', 'x', TEXT_RESTORE, '*nat\n# \u001b[31m stays as it is\r\nCOMMIT']) {
    for (const format of ['RESTORE', 'SAVE', 'LIST'] as const) {
      t.equal(render('chains', answerOf({ format, parts: [part({ text })] }), 'text', { color: true }), text);
    }
  }
  t.equal(render('chains', answerOf({ format: 'RESTORE', parts: [] }), 'text'), '# What the answer is.\n');
});

t.test('comment lines before parts fit the buffer of iptables-restore', async (t) => {
  const nodes = Array.from({ length: 3000 }, (_, index) => `worker-${index}.example.internal`);
  const parts = [part({ nodes, shared: true, text: 'x\n' }), part({ text: 'y' })];
  const lines = render('chains', answerOf({ format: 'RESTORE', parts }), 'text').split('\n');
  const comments = lines.filter((line) => line.startsWith('# '));
  t.ok(comments.every((line) => line.length <= 4000));
  t.same(comments.join('').match(/worker-\d+\.example\.internal/g), nodes, 'every node is named, in order, whole');
  t.same(
    lines.filter((line) => !line.startsWith('# ')),
    ['x', 'y', ''],
  );
});

t.test('rules are on lines of their own, whole, however narrow the terminal is', async (t) => {
  const { result } = PATH as Answer<import('../../src/contract/answers.js').PathResult>;
  const rules = result.traces.flatMap(({ hops }) =>
    hops.flatMap(({ steps }) => steps.flatMap(({ rule }) => rule ?? [])),
  );
  const lines = render('path', PATH, 'text', { width: 40, view: EVERYTHING }).split('\n');
  for (const rule of rules)
    t.ok(
      lines.some((line) => line.replace(/^[│ ]*/, '') === rule),
      rule,
    );
  t.not(rules.length, 0);
  const prose = lines.filter(
    (line) => !line.includes('-A ') && /[a-z] [a-z]+ [a-z]/.test(line) && line.startsWith('│  '),
  );
  t.ok(prose.some((line) => line.length > 20));
});

t.test('colours are there only when asked for, and change nothing else', async (t) => {
  for (const [name, kind, answer] of CASES) {
    const plain = render(kind, answer, 'text');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    t.notMatch(plain, /\u001b/, name);
    const coloured = render(kind, answer, 'text', { color: true });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    t.equal(coloured.replace(/\u001b\[\d+m/g, ''), plain, name);
    if (kind !== 'chains') t.not(coloured, plain, name);
    t.equal(render(kind, answer, 'markdown', { color: true }), render(kind, answer, 'markdown'), name);
  }
});

t.test('text is made safe without changing what is harmless', async (t) => {
  for (const harmless of [
    '',
    'default/web-1',
    '-A KUBE -m comment --comment "a -> b" -j X',
    'größer → 1 %',
    '\u{1f600}',
  ]) {
    t.equal(printable(harmless), harmless);
  }
  t.equal(
    printable('a\u001b[0m\n\t\r\u0000\u007f\u009b\u202e\u2028\u{e0041}\ud800'),
    'a\\x1b[0m\\n\\t\\r\\x00\\x7f\\x9b\\u202e\\u2028\\u{e0041}\\ud800',
  );
  const value = { a: 'x\u007f\u009b\u202e\u2028\u{e0041}\u{1f600}"\n', b: [1] };
  const json = printableJson(JSON.stringify(value, undefined, 2));
  t.same(JSON.parse(json), value, 'the JSON says the same');
  t.match(json, /^\{\n {2}"a": "x\\u007f\\u009b\\u202e\\u2028\\udb40\\udc41\u{1f600}\\"\\n",\n/u);
  t.equal(markdownText('NO_ENDPOINTS in default/web: 1 of 2'), 'NO_ENDPOINTS in default/web: 1 of 2');
  t.equal(markdownText('a|b <c> *d* _e_ @f #1'), 'a&#124;b &lt;c&gt; &#42;d&#42; &#95;e&#95; @<!-- -->f #<!-- -->1');
  t.equal(markdownCode('default/web'), '`default/web`');
  t.equal(markdownCode('a`b'), '<code>a&#96;b</code>');
  t.equal(markdownCode(''), '');
  t.equal(markdownBlock('a\n'), '```text\na\n```');
  t.equal(markdownBlock('a ```` b'), '`````text\na ```` b\n`````');
});

t.test('hostile names reach neither terminals nor pull requests', async (t) => {
  for (const [name, kind, answer] of hostileAnswers()) {
    const text = render(kind, answer, 'text');
    t.notMatch(text, /[^\n\P{C}]/u, `${name}: control and format characters are spelled out`);
    t.notMatch(text, /^INJECTED/m, `${name}: no line of its own`);
    t.match(text, /\\x1b\[31m/, `${name}: the escape is shown`);
    // What is in fenced blocks is literal as long as the fence is longer than any run of backticks inside.
    const markdown = render(kind, answer, 'markdown');
    const prose = markdown.replace(/^(`{3,})(?:text|diff)\n[\s\S]*?\n\1$/gm, 'BLOCK').replace(/`[^`\n]*`/g, 'CODE');
    t.not(prose, markdown, `${name}: blocks were found`);
    for (const raw of ['<script', '<img', '</details><h1', '@everyone', '\n# INJECTED', '](', '#12 ', 'https://']) {
      t.notOk(prose.includes(raw), `${name}: ${JSON.stringify(raw)} is not in Markdown`);
    }
    for (const table of markdown.match(/(^\|.*\|\n)+/gm) ?? []) {
      const cells = table
        .trimEnd()
        .split('\n')
        .map((line) => line.split('|').length);
      t.equal(new Set(cells).size, 1, `${name}: every row of a table has the same cells`);
    }
  }
  t.match(HOSTILE, /INJECTED/);
});

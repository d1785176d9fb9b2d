/**
 * `npm run test:kernel`: the kernel tests alone, and then a table of what they compared. With `--table` that table is
 * all that goes to standard output, as Markdown.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { lacksIpvs } from './ipvs/uml.js';
import { TIMEOUT } from './parameters.js';
import { flavours, lacksTrace, missing, versions } from './sandbox/missing.js';
import { REPORT, type Tally } from './tally.js';

const asMarkdown = process.argv.includes('--table');
const here = fileURLToPath(new URL('.', import.meta.url));
const tests = readdirSync(here).filter((name) => name.endsWith('.test.js'));
const folder = mkdtempSync(join(tmpdir(), 'kernel-'));
const report = join(folder, 'tallies');

const { status } = spawnSync(process.execPath, ['tools/run-tests.mjs', ...tests.map((name) => join(here, name))], {
  stdio: asMarkdown ? ['inherit', process.stderr, process.stderr] : 'inherit',
  env: { ...process.env, TEST_TIMEOUT: String(TIMEOUT / 1000 + 10), [REPORT]: report },
});

function tallies(): readonly Tally[] {
  try {
    return readFileSync(report, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Tally)
      .sort((a, b) => a.test.localeCompare(b.test));
  } catch {
    return [];
  }
}

const COLUMNS = ['cases', 'pairs', 'flows', 'texts', 'saves', 'traces', 'rules', 'disagreements'] as const;

const all = tallies();
const total = (column: (typeof COLUMNS)[number]) => all.reduce((sum, tally) => sum + (tally[column] ?? 0), 0);
const rows = [
  ['test', ...COLUMNS],
  ...all.map((tally) => [tally.test, ...COLUMNS.map((column) => String(tally[column] ?? ''))]),
  ['all', ...COLUMNS.map((column) => String(total(column)))],
];
const widths = rows[0]?.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0))) ?? [];
const padded = rows.map((row) =>
  row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))),
);

const lacking = missing();
const untraced = flavours().flatMap((flavour) => {
  const why = lacksTrace(flavour);
  return why === undefined ? [] : [`No trace of ${flavour}: this machine has ${why}.`];
});
const head = [
  lacking === undefined ? `${versions()}.` : `Not compared, this machine has ${lacking}.`,
  ...untraced,
  lacksIpvs() === undefined ? 'The rows of ipvs in user-mode Linux.' : `No ip_vs: this machine has ${lacksIpvs()}.`,
].join(' ');

if (asMarkdown) {
  const [names = [], ...lines] = padded.map((cells) => `| ${cells.join(' | ')} |`);
  const rule = `| ${widths.map((width, at) => (at === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  process.stdout.write(`${head}\n\n${[names, rule, ...lines].join('\n')}\n`);
} else {
  process.stdout.write(`\n${head}\n${padded.map((cells) => cells.join('  ')).join('\n')}\n`);
}
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;

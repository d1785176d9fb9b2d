/** `npm run test:kernel`: the kernel tests alone, and then a table of what they compared. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TIMEOUT } from './parameters.js';
import { missing, versions } from './sandbox/missing.js';
import { REPORT, type Tally } from './tally.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const tests = readdirSync(here).filter((name) => name.endsWith('.test.js'));
const folder = mkdtempSync(join(tmpdir(), 'kernel-'));
const report = join(folder, 'tallies');

const { status } = spawnSync(
  'npx',
  ['tap', `--timeout=${TIMEOUT / 1000 + 10}`, ...tests.map((name) => join(here, name))],
  {
    stdio: 'inherit',
    env: { ...process.env, [REPORT]: report },
  },
);

function tallies(): readonly Tally[] {
  try {
    return readFileSync(report, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Tally);
  } catch {
    return [];
  }
}

const columns = ['test', 'cases', 'pairs', 'texts', 'flows', 'disagreements'] as const;
const rows = [columns.map(String), ...tallies().map((tally) => columns.map((column) => String(tally[column] ?? '')))];
const widths = columns.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
const lines = rows.map((row) =>
  row.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join('  '),
);
const lacking = missing();
process.stdout.write(
  `\n${lacking === undefined ? versions() : `not compared, this machine has ${lacking}`}\n${lines.join('\n')}\n`,
);
rmSync(folder, { recursive: true });
process.exitCode = status ?? 1;

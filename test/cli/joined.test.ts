/** The joined command line and what V8 compiled of it when it was built: it is used, and nothing depends on it. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { COMPILED, JOINED, joinedScript, runJoined } from '../../src/joined.js';
import { run } from './run.js';

const QUESTION = ['probability', '-s', 'examples/article.json', '--scale', 'default/nginx-deployment=4'];

t.test('what was compiled is of the joined file and of this Node.js', async (t) => {
  t.equal(joinedScript(readFileSync(COMPILED)).cachedDataRejected, false);
  t.type(runJoined(joinedScript()).runCli, 'function');
});

t.test('with it, without it, or with what V8 does not take, the answers are the same', async (t) => {
  const expected = await run(QUESTION);
  t.match(expected.stdout, /nginx/);
  const folder = join(t.testdir({}), 'dist');
  for (const file of ['src/main.js', 'src/joined.js', `cli/${basename(JOINED)}`, `cli/${basename(COMPILED)}`]) {
    cpSync(join('dist', file), join(folder, file));
  }
  const compiled = join(folder, 'cli', basename(COMPILED));
  const ask = async (...flags: readonly string[]) => {
    const args = [...flags, join(folder, 'src/main.js'), ...QUESTION];
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
    return { stdout, stderr };
  };
  const same = { stdout: expected.stdout, stderr: expected.stderr };
  t.same(await ask(), same, 'compiled');
  t.same(await ask('--no-opt'), same, 'compiled under other settings of V8');
  const bytes = readFileSync(compiled);
  writeFileSync(compiled, bytes.subarray(0, bytes.length >> 1));
  t.same(await ask(), same, 'half of it');
  writeFileSync(compiled, '');
  t.same(await ask(), same, 'nothing of it');
  rmSync(compiled);
  t.same(await ask(), same, 'compiled for another Node.js');
  t.notOk(existsSync(compiled), 'nothing is written where the program runs');
});

t.test('what is wrong is said as by the modules', async (t) => {
  const args = ['dist/src/main.js', 'path', '--from', 'pod/default/nobody', '-s', 'examples/article.json'];
  const { code, stderr } = await run(args.slice(1));
  const failed = await new Promise<{ readonly code: unknown; readonly stderr: string }>((resolve) => {
    execFile(process.execPath, args, (error, _stdout, stderr) => resolve({ code: error?.code, stderr }));
  });
  t.same(failed, { code, stderr });
});

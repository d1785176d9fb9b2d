/** `kube-whatif open`: a server for one snapshot on this host alone, its address, and its end. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import t from 'tap';

// Each test starts a server, worker threads and all.
t.setTimeout(600_000);

interface Opened {
  readonly child: ChildProcess;
  /** What it printed, up to the address. */
  readonly address: string;
}

function start(args: readonly string[], env: Readonly<Record<string, string>> = {}, input?: string): ChildProcess {
  const child = spawn(process.execPath, ['dist/src/main.js', 'open', ...args], {
    env: { ...process.env, ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(input);
  return child;
}

async function opened(child: ChildProcess): Promise<Opened> {
  let text = '';
  for await (const data of child.stdout ?? []) {
    text += String(data);
    const address = /http:\S+/.exec(text)?.[0];
    if (address !== undefined) return { child, address };
  }
  throw new Error(`it ended without an address: ${text}`);
}

async function stop({ child }: Opened): Promise<number | null> {
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

t.test('a server for a file, and the address of its page', async (t) => {
  const it = await opened(start(['--no-browser', '-s', 'examples/article.json']));
  const { origin, hash, hostname } = new URL(it.address);
  t.equal(hostname, '127.0.0.1');
  const [, digest = ''] = /^#\/(sha256:[0-9a-f]{64})\/services\?name=/.exec(hash) ?? [];
  t.not(digest, '');
  const answer = await fetch(`${origin}/v1/probability`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ snapshot: { digest }, probability: {} }),
  });
  t.equal(answer.status, 200, 'it holds the snapshot');
  const page = await fetch(`${origin}/`, { headers: { accept: 'text/html' } });
  t.equal(page.status, existsSync('dist/ui/index.html') ? 200 : 404);
  t.equal(await stop(it), 0);
});

t.test('what is piped, whatever the environment says of servers for others', async (t) => {
  const env = { HOST: '0.0.0.0', TOKENS: 'a-token-of-this-test-0123456789', UI: 'off', PORT: '1' };
  const it = await opened(start(['--no-browser'], env, readFileSync('examples/article.json', 'utf8')));
  t.equal(new URL(it.address).hostname, '127.0.0.1');
  t.equal(await stop(it), 0);
});

t.test('the browser gets the address', async (t) => {
  const folder = t.testdir();
  const [browser, seen] = [join(folder, 'browser'), join(folder, 'seen')];
  writeFileSync(browser, `#!/bin/sh\nprintf %s "$1" > ${seen}.part && mv ${seen}.part ${seen}\n`);
  chmodSync(browser, 0o755);
  const it = await opened(start(['-s', 'examples/article.json'], { BROWSER: browser }));
  while (!existsSync(seen)) await pause(20);
  t.equal(readFileSync(seen, 'utf8'), it.address);
  t.equal(await stop(it), 0);
  const without = await opened(start(['-s', 'examples/article.json'], { BROWSER: join(folder, 'nothing') }));
  t.equal(await stop(without), 0, 'without a browser the address alone is printed');
});

t.test('a snapshot that is not valid', async (t) => {
  const child = start(['--no-browser'], {}, '{"kind": "List", "items": [{"kind": "Node"}]}');
  let errors = '';
  child.stderr?.on('data', (data) => {
    errors += String(data);
  });
  const [code] = (await once(child, 'exit')) as [number];
  t.equal(code, 2);
  t.match(errors, /\/items\/0/, 'the place');
});

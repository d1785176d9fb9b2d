// Keeps what V8 compiles of the joined command line, as part of `npm run build`: runs commands as users do, in this
// process, and writes down what they needed (src/joined.ts reads it). It is of the Node.js that runs this.
import { readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { COMPILED, JOINED, joinedScript, runJoined } from '../dist/src/joined.js';

const ARTICLE = 'examples/article.json';
const COMMANDS = [
  ['--help'],
  ['probability', '--help'],
  ['no-such-command'],
  ['inspect', '-s', 'examples/shop.json'],
  ['chains', '-s', ARTICLE, '--node', 'node-1'],
  ['path', '-s', ARTICLE, '--from', 'pod/default/client', '--to', 'svc/default/nginx-svc:80'],
  ['probability', '-s', ARTICLE],
  ['probability', '-s', ARTICLE, '--scale', 'default/nginx-deployment=4', '--json'],
  ['what-if', 'probability', '-s', ARTICLE, '--scale', 'default/nginx-deployment=4'],
  ['check', '-s', 'examples/article-nodeport.json', '-f', 'examples/pull-request'],
];

/** A command line that nobody looks at. */
function terminal() {
  const sink = () => Object.assign(new Writable({ write: (_bytes, _encoding, done) => done() }), { isTTY: false });
  return {
    stdin: Object.assign(Readable.from([]), { isTTY: true }),
    stdout: sink(),
    stderr: sink(),
    env: {},
  };
}

const folder = dirname(JOINED);
for (const file of readdirSync(folder)) if (/\.compiled(\.new)?$/.test(file)) rmSync(join(folder, file));
const script = joinedScript();
const { runCli } = runJoined(script);
for (const command of COMMANDS) await runCli(command, terminal());
// Whole or not at all: V8 does not notice everything that can be wrong with such a file.
writeFileSync(`${COMPILED}.new`, script.createCachedData());
renameSync(`${COMPILED}.new`, COMPILED);

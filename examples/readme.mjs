// Runs the commands of README.md or a page of docs/ and puts what they print where the text shows it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A sh block, and the text block that shows its output. */
const SHOWN = /(```sh\n((?:(?!```)[\s\S])*)```\n\n```text\n)((?:(?!```)[\s\S])*)(```\n)/g;

/** The address that the commands speak to. */
const ADDRESS = 'localhost:8080';

async function startServer(root, main) {
  const server = spawn('node', [main, 'serve', '--port', '0'], {
    cwd: root,
    env: { ...process.env, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  return { server, address: /http:\/\/(\S+)/.exec(line.toString())[1] };
}

/**
 * A page's text with the output of each sh block that a text block follows. `root`: the directory that the commands
 * are run in; `main`: the program they call kube-whatif; `name`: what the page is called in errors. Without curl, the
 * blocks that need it stay as they are.
 */
export async function runReadme(text, root, main, name) {
  if (text.search(SHOWN) === -1) return text;
  const curl = spawnSync('curl', ['--version']).error === undefined;
  if (!curl) console.log(`curl is not installed: the blocks of ${name} that use it are not run`);
  const { server, address } = await startServer(root, main);
  try {
    return text.replace(SHOWN, (block, head, commands, _shown, tail) => {
      if (commands.includes('curl') && !curl) return block;
      const script = `kube-whatif() { node '${main}' "$@"; }\n${commands.replaceAll(ADDRESS, address)}`;
      try {
        const printed = execFileSync('bash', ['-c', script], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
        return `${head}${printed.toString('utf8').replace(/\n?$/, '\n')}${tail}`;
      } catch (error) {
        throw new Error(`${name}: ${commands}${error.stderr}`);
      }
    });
  } finally {
    server.kill();
    await once(server, 'exit');
  }
}

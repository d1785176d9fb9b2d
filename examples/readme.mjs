// Runs the commands of README.md or a page of docs/ and puts what they print where the text shows it.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** A sh block, and the text block that shows its output. */
const SHOWN = /(```sh\n((?:(?!```)[\s\S])*)```\n\n```text\n)((?:(?!```)[\s\S])*)(```\n)/g;

/** The address that the commands speak to. */
const ADDRESS = 'localhost:8080';

async function startServer(root, main) {
  const server = spawn('node', [main, 'serve', '--port', '0', '--grpc-port', '0'], {
    cwd: root,
    env: { ...process.env, LOG_LEVEL: 'warn' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(server.stdout, 'data');
  return { server, address: /http:\/\/([^\s,]+)/.exec(line.toString())[1] };
}

/**
 * A page's text with the output of each sh block that a text block follows. `root`: the directory that the commands
 * are run in; `main`: the program they call kube-whatif; `name`: what the page is called in errors. Blocks stay as they
 * are whose commands need curl or python3 where that is not installed.
 */
export async function runReadme(text, root, main, name) {
  if (text.search(SHOWN) === -1) return text;
  const missing = ['curl', 'python3'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
  for (const tool of missing) console.log(`${tool} is not installed: the blocks of ${name} that use it are not run`);
  const { server, address } = await startServer(root, main);
  try {
    return text.replace(SHOWN, (block, head, commands, _shown, tail) => {
      if (missing.some((tool) => commands.includes(tool))) return block;
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

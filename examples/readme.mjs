// Runs the commands of README.md or a page of docs/ and puts what they print where the text shows it.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** A sh block, and the text block that shows its output. */
const SHOWN = /(```sh\n((?:(?!```)[\s\S])*)```\n\n```text\n)((?:(?!```)[\s\S])*)(```\n)/g;

/** The address that the commands speak to. */
const ADDRESS = 'localhost:8080';

/** `root`: the directory that the commands are run in; `main`: the program that they call kube-whatif. */
export class PageRunner {
  #root;
  #main;
  #server;
  #missing;
  /** As many blocks run at once as there are cores: the ends of those that run last in each row. */
  #rows = Array.from({ length: availableParallelism() }, () => Promise.resolve());
  #next = 0;

  constructor(root, main) {
    this.#root = root;
    this.#main = main;
  }

  /**
   * A page's text with the output of each sh block that a text block follows. `name`: what the page is called in
   * errors. Blocks stay as they are whose commands need curl or python3 where that is not installed.
   */
  async run(text, name) {
    const blocks = [...text.matchAll(SHOWN)];
    const outputs = await Promise.all(blocks.map((block) => this.#queue(() => this.#output(block, name))));
    let index = 0;
    return text.replace(SHOWN, (_block, head, _commands, _shown, tail) => `${head}${outputs[index++]}${tail}`);
  }

  async close() {
    if (this.#server === undefined) return;
    const { server } = await this.#server;
    server.kill();
    await once(server, 'exit');
  }

  #queue(work) {
    const row = this.#next++ % this.#rows.length;
    const done = this.#rows[row].then(work);
    this.#rows[row] = done.catch(() => undefined);
    return done;
  }

  async #output([, , commands, shown], name) {
    this.#missing ??= ['curl', 'python3'].filter((tool) => spawnSync(tool, ['--version']).error !== undefined);
    const missing = this.#missing.filter((tool) => commands.includes(tool));
    if (missing.length > 0) {
      console.log(`${missing.join(' and ')} is not installed: a block of ${name} is not run`);
      return shown;
    }
    let script = `kube-whatif() { node '${this.#main}' "$@"; }\n${commands}`;
    if (commands.includes(ADDRESS)) {
      this.#server ??= this.#start();
      script = script.replaceAll(ADDRESS, (await this.#server).address);
    }
    try {
      const { stdout } = await execute('bash', ['-c', script], { cwd: this.#root, maxBuffer: 64 * 1024 * 1024 });
      return stdout.replace(/\n?$/, '\n');
    } catch (error) {
      throw new Error(`${name}: ${commands}${error.stderr}`);
    }
  }

  async #start() {
    const server = spawn('node', [this.#main, 'serve', '--port', '0', '--grpc-port', '0'], {
      cwd: this.#root,
      env: { ...process.env, LOG_LEVEL: 'warn' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(server.stdout, 'data');
    return { server, address: /http:\/\/([^\s,]+)/.exec(line.toString())[1] };
  }
}

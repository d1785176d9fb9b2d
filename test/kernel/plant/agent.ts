import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { AnswerOf, Command, Flow, Listener, Observed, RunResult } from './protocol.js';

const SCRIPT = fileURLToPath(new URL('./agent-main.js', import.meta.url));

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The process in one network namespace, from outside. */
export class Agent {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;

  /** Starts the process in a named network namespace. `name` is what its servers call themselves. */
  constructor(namespace: string, name: string) {
    this.name = name;
    const { NODE_OPTIONS: _, ...env } = process.env;
    // Each host has a lock of its own: the legacy iptables would otherwise wait for those of other hosts.
    this.#child = spawn('nsenter', [`--net=/run/netns/${namespace}`, process.execPath, SCRIPT, name], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...env, XTABLES_LOCKFILE: `/run/xtables-${namespace}.lock` },
    });
    this.#child.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error(`agent ${name} has ended`));
    });
    // Reported by the end of the process.
    this.#child.stdin?.on('error', () => undefined);
    if (this.#child.stdout === null) throw new Error('no pipe to the agent');
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { id, value, error } = JSON.parse(line) as { id: number; value?: unknown; error?: string };
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
  }

  #ask<C extends Command>(command: C): Promise<AnswerOf[C['op']]> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (value: unknown) => void, reject });
      this.#child.stdin?.write(`${JSON.stringify({ id, command })}\n`);
    });
  }

  /** Listens on these ports and no others. */
  async listen(tcp: readonly Listener[], udp: readonly Listener[] = []): Promise<void> {
    await this.#ask({ op: 'listen', tcp, udp });
  }

  /** Opens connections and tells what became of each, in their order. */
  async connect(flows: readonly Flow[], concurrency = 40): Promise<readonly Observed[]> {
    return (
      await this.sequences(
        flows.map((flow) => [flow]),
        concurrency,
      )
    ).map(([observed]) => observed as Observed);
  }

  /** Opens sequences of connections, those of one sequence after each other. */
  sequences(sequences: readonly (readonly Flow[])[], concurrency: number): Promise<readonly (readonly Observed[])[]> {
    return this.#ask({ op: 'connect', sequences, concurrency });
  }

  /** Runs a command in the namespace. */
  run(argv: readonly string[], input = ''): Promise<RunResult> {
    return this.#ask({ op: 'run', argv, input });
  }

  /** Runs a command that must succeed. */
  async must(argv: readonly string[], input = ''): Promise<string> {
    const { status, stdout, stderr } = await this.run(argv, input);
    if (status !== 0) throw new Error(`${argv.join(' ')} on ${this.name}: ${stderr}\n${input.slice(0, 4000)}`);
    return stdout;
  }

  /** Starts a command that reports packets; without one, ends the last. */
  async watch(argv: readonly string[]): Promise<void> {
    await this.#ask({ op: 'watch', argv });
  }

  /** What that command reported of all packets until now, since the last time. */
  async watched(sentinel: Omit<Extract<Command, { op: 'watched' }>, 'op'>): Promise<Buffer> {
    return Buffer.from(await this.#ask({ op: 'watched', ...sentinel }), 'base64');
  }

  /** Empties the lists of xt_recent; whether that is possible. */
  forgetClients(): Promise<boolean> {
    return this.#ask({ op: 'forget' });
  }

  async sysctl(values: Readonly<Record<string, string>>): Promise<void> {
    await this.#ask({ op: 'sysctl', values });
  }

  /** Ends the process when what it is doing is done. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.stdin?.end();
    });
  }
}

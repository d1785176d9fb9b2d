import { KUBECTL_COMMAND, KUBECTL_CONFIG_COMMAND } from '../base/kubectl.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { inflated, readBytes, readStream } from './input-files.js';
import type { Io } from './io.js';

/** One file of a snapshot: its name, for messages, and what it holds. */
export interface SnapshotFile {
  readonly name: string;
  readonly bytes: Buffer;
}

const HOW_TO_MAKE_ONE =
  `Make one with\n  ${KUBECTL_COMMAND}\n  ${KUBECTL_CONFIG_COMMAND}\nand give it with -s cluster.json -s ` +
  'kube-proxy.json.';

async function standardInput(io: Io): Promise<SnapshotFile> {
  if (io.stdin.isTTY) throw new UsageError(`No snapshot is given. ${HOW_TO_MAKE_ONE}`);
  const name = 'standard input';
  const bytes = await readStream(io.stdin);
  if (bytes.length === 0) throw new UsageError(`No snapshot is given: standard input is empty. ${HOW_TO_MAKE_ONE}`);
  return { name, bytes: await inflated('Standard input', bytes) };
}

/**
 * The files of the snapshot: those of `--snapshot`, in order, else standard input when it is piped.
 * `stdinIs`: what else standard input is, as in `the request`. Throws UsageError, QuestionError TOO_LARGE or MALFORMED.
 */
export async function snapshotFiles(args: Arguments, io: Io, stdinIs: string | undefined): Promise<SnapshotFile[]> {
  const names = args.all('snapshot');
  if (stdinIs !== undefined && (names.length === 0 || names.includes('-'))) {
    throw new UsageError(`Standard input is ${stdinIs}: give the snapshot with -s FILE, or inside the request.`);
  }
  if (names.filter((name) => name === '-').length > 1) throw new UsageError('--snapshot - is given twice.');
  if (names.length === 0) return [await standardInput(io)];
  const files: SnapshotFile[] = [];
  for (const name of names) {
    files.push(
      name === '-'
        ? await standardInput(io)
        : { name, bytes: await inflated(name, await readBytes('--snapshot', name)) },
    );
  }
  return files;
}

/**
 * `snapshot`: takes a snapshot of the cluster of kubectl's context, or of files, and writes it to one file or sends it
 * under a name.
 */
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { parseDocuments } from '../cluster/parse-documents.js';
import { redact } from '../cluster/redact.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { type Io, writeAll } from './io.js';
import { liveSnapshot } from './live.js';
import { snapshotFiles } from './snapshot-files.js';

const compressed = promisify(gzip);

type Fields = Readonly<Record<string, unknown>>;

/** managedFields are half of what kubectl prints, and only server-side apply is answered from them. */
function withoutManagedFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutManagedFields);
  if (typeof value !== 'object' || value === null) return value;
  const { metadata, items, ...rest } = value as Fields;
  const { managedFields: _, ...kept } = Object(metadata) as Fields;
  return {
    ...rest,
    ...(metadata === undefined ? {} : { metadata: kept }),
    ...(items === undefined ? {} : { items: withoutManagedFields(items) }),
  };
}

/** Throws UsageError for options that do not go together. */
function checkWhat(args: Arguments): void {
  const [first, second] = ['output', 'send', 'list', 'delete'].filter((name) => args.has(name));
  if (second !== undefined) throw new UsageError(`--${first} and --${second} are two things: do one of them.`);
  for (const name of ['force', 'expect', 'sender']) {
    if (args.has(name) && !args.has('send')) throw new UsageError(`--${name} belongs to --send NAME.`);
  }
}

/** Runs the command. Throws UsageError, QuestionError. */
export async function runSnapshot(args: Arguments, io: Io): Promise<ExitCode> {
  const live = !args.has('snapshot') && (io.stdin.isTTY === true || args.has('context') || args.has('kubeconfig'));
  const output = args.one('output');
  checkWhat(args);
  const { listNames, deleteNamed, sendNamed, namedServer } = await import('./names-command.js');
  if (args.has('list')) return await listNames(args, io);
  if (args.has('delete')) return await deleteNamed(args, io);
  // Before megabytes are read.
  if (args.has('send')) await namedServer(args, io);
  else if (output === undefined && io.stdout.isTTY)
    throw new UsageError('Say where it goes: -o cluster.json.gz, or a pipe.');
  const files = live || !args.has('snapshot') ? await liveSnapshot(args, io) : await snapshotFiles(args, io, undefined);
  const documents = files.flatMap(({ name, bytes }) => parseDocuments(bytes.toString('utf8'), '', name, []));
  const whole = args.has('redact')
    ? redact(documents)
    : {
        kind: 'List',
        apiVersion: 'v1',
        items: args.has('show-managed-fields') ? documents : documents.map(withoutManagedFields),
      };
  const json = `${JSON.stringify(whole)}\n`;
  if (args.has('send')) return await sendNamed(args, io, Buffer.from(json, 'utf8'));
  if (output === undefined || output === '-') {
    await writeAll(io.stdout, json);
    return EXIT.FINE;
  }
  const bytes = Buffer.from(json, 'utf8');
  try {
    await writeFile(output, output.endsWith('.gz') ? await compressed(bytes) : bytes, { mode: 0o600 });
  } catch (error) {
    throw new UsageError(`--output ${output} cannot be written: ${(error as Error).message}.`);
  }
  await writeAll(io.stderr, `${output} is written. Ask with -s ${output}.\n`);
  return EXIT.FINE;
}

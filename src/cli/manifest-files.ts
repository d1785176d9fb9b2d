import { isUtf8 } from 'node:buffer';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { QuestionError } from '../base/errors.js';
import type { ManifestFile } from '../changes/manifests/read-manifests.js';
import { UsageError } from '../words/usage-error.js';
import type { Arguments } from './arguments.js';
import { inflated, readBytes, readStream } from './input-files.js';
import type { Io } from './io.js';

/** What of a folder is read, as kubectl does; gzipped files beside. */
const MANIFEST_NAME = /\.(?:yaml|yml|json)(?:\.gz)?$/;

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    // That it cannot be read is reported when it is read.
    return false;
  }
}

/** The manifests of a folder itself, by name; those of folders in it are left out, as without kubectl's --recursive. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const names = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => !entry.isDirectory() && MANIFEST_NAME.test(entry.name))
    .map(({ name }) => name)
    .sort();
  if (names.length === 0) {
    throw new UsageError(`--filename ${folder} holds no manifest: files that end in .yaml, .yml or .json are read.`);
  }
  return names.map((name) => join(folder, name));
}

async function fileOf(name: string, bytes: Buffer): Promise<ManifestFile> {
  const plain = await inflated(name, bytes);
  if (!isUtf8(plain)) {
    const detail = `${name} is not UTF-8 text; a manifest is YAML or JSON in UTF-8.`;
    throw new QuestionError('MALFORMED', detail, [{ pointer: '', in: 'request', detail }]);
  }
  return { file: name, text: plain.toString('utf8').replace(/^\ufeff/, '') };
}

/**
 * The manifests of `--filename`: files, the files of folders, `-` for standard input; `stdinTaken` says that something
 * else is read from there. Throws UsageError, QuestionError TOO_LARGE or MALFORMED.
 */
export async function manifestFiles(args: Arguments, io: Io, stdinTaken: boolean): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  let fromStdin = false;
  if (args.has('stdin-name') && !args.all('filename').includes('-')) {
    throw new UsageError('--stdin-name names the manifests on standard input: give --filename - too.');
  }
  for (const path of args.all('filename')) {
    if (path === '-') {
      if (stdinTaken || fromStdin) {
        throw new UsageError('--filename - reads standard input, and so does something else on the line: give files.');
      }
      if (io.stdin.isTTY)
        throw new UsageError('--filename - reads standard input, which is a terminal: pipe manifests.');
      fromStdin = true;
      files.push(await fileOf(args.one('stdin-name') ?? 'standard input', await readStream(io.stdin)));
      continue;
    }
    const paths = (await isFolder(path)) ? await filesIn(path) : [path];
    for (const one of paths) files.push(await fileOf(one, await readBytes('--filename', one)));
  }
  return files;
}

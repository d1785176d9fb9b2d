/** `diff`: check, asked from one snapshot to another one, both named by a word. */
import { existsSync } from 'node:fs';
import { UsageError } from '../words/usage-error.js';
import { runCheck } from './answer-command.js';
import { readArguments } from './arguments.js';
import type { ExitCode } from './exit-codes.js';
import type { Io } from './io.js';

/** A word as `-s` takes it: a file where there is one of this name, else a name that the server has. */
function snapshotWord(word: string): string {
  return word.startsWith('@') || existsSync(word) ? word : `@${word}`;
}

/** Runs the command. `words`: what is behind `diff`. Throws UsageError. */
export async function runDiff(words: readonly string[], io: Io): Promise<ExitCode> {
  const [before, after, ...options] = words;
  if (before === undefined || after === undefined || before.startsWith('-') || after.startsWith('-')) {
    throw new UsageError(
      'Say what is compared: diff BEFORE AFTER, as diff prod@-1 prod, or two files. Options are behind ' +
        'them. See kube-whatif diff --help.',
    );
  }
  const args = readArguments('diff', options);
  return await runCheck(args.with('snapshot', snapshotWord(before)).with('after', snapshotWord(after)), io);
}

/** The command line: a decoder. Answers come from the questions, their text from the reports. */

import { didYouMeanOption } from './base/did-you-mean.js';
import { ENGINE } from './base/engine.js';
import { readArguments } from './cli/arguments.js';
import { EXIT, type ExitCode } from './cli/exit-codes.js';
import { commandHelp, globalHelp } from './cli/help.js';
import { type Io, writeAll } from './cli/io.js';
import { COMMAND_NAMES, type CommandName, PLAIN_KINDS } from './cli/options.js';
import { failureOf } from './cli/problem.js';
import type { PlainKind } from './questions/kinds.js';
import { UsageError } from './words/usage-error.js';

function isCommand(word: string): word is CommandName {
  return (COMMAND_NAMES as readonly string[]).includes(word);
}

/** The question behind `what-if`, and the options behind it; without one, it is in --request. */
function questionOf(rest: readonly string[]): readonly [PlainKind | undefined, readonly string[]] {
  const [word, ...more] = rest;
  const kind = PLAIN_KINDS.find((name) => name === word);
  if (kind !== undefined) return [kind, more];
  if (word === undefined || word.startsWith('-')) {
    const named = rest.some((arg) => arg === '--request' || arg.startsWith('--request='));
    if (named || asksForHelp(rest)) return [undefined, rest];
    throw new UsageError(`Say which question: what-if ${PLAIN_KINDS.join('|')}. See kube-whatif what-if --help.`);
  }
  throw new UsageError(
    `what-if asks ${PLAIN_KINDS.join(', ')}, not ${word}.${didYouMeanOption(word, PLAIN_KINDS)} See ` +
      'kube-whatif what-if --help.',
  );
}

/** A request for help wins over anything else on the line, also over what is wrong there. */
function asksForHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  const [word, ...rest] = args;
  if (word === undefined) {
    throw new UsageError(`Say what to do: ${COMMAND_NAMES.join(', ')}. See kube-whatif --help.`);
  }
  if (word === '--version' || word === '-V') {
    await writeAll(io.stdout, `${ENGINE.name} ${ENGINE.version}\n`);
    return EXIT.FINE;
  }
  if (word === '--help' || word === '-h' || word === 'help') {
    const [topic] = rest;
    await writeAll(io.stdout, topic !== undefined && isCommand(topic) ? commandHelp(topic) : globalHelp());
    return EXIT.FINE;
  }
  if (word === '__complete') {
    await writeAll(io.stdout, await (await import('./cli/completion.js')).complete(rest, io));
    return EXIT.FINE;
  }
  if (!isCommand(word)) {
    const kind = word.startsWith('-') ? 'option' : 'command';
    const meant = didYouMeanOption(word, kind === 'option' ? ['--help', '--version'] : COMMAND_NAMES);
    throw new UsageError(`There is no ${kind} ${word}.${meant} See kube-whatif --help.`);
  }
  const [question, options] = word === 'what-if' ? questionOf(rest) : ([undefined, rest] as const);
  if (asksForHelp(rest)) {
    await writeAll(io.stdout, commandHelp(word, question));
    return EXIT.FINE;
  }
  if (word === 'completion') {
    const { completionScript, SHELLS } = await import('./cli/completion.js');
    const shell = SHELLS.find((name) => name === rest[0]);
    if (shell === undefined || rest.length > 1) throw new UsageError(`completion takes one of ${SHELLS.join(', ')}.`);
    await writeAll(io.stdout, completionScript(shell));
    return EXIT.FINE;
  }
  if (word === 'diff') return await (await import('./cli/diff-command.js')).runDiff(options, io);
  const given = readArguments(word, options, question);
  // Loaded when needed: help and wrong arguments need no compiling of schemas and rules.
  if (word === 'snapshot') return await (await import('./cli/snapshot-command.js')).runSnapshot(given, io);
  if (word === 'open') return await (await import('./cli/open-command.js')).runOpen(given, io);
  if (word === 'collect') return await (await import('./cli/collect-command.js')).runCollect(given, io);
  if (word === 'serve') return await (await import('./cli/serve-command.js')).runServe(given, io);
  const { runApply, runBatch, runCheck, runQuestion, runWhatIf } = await import('./cli/answer-command.js');
  if (word === 'batch') return await runBatch(given, io);
  if (word === 'check') return await runCheck(given, io);
  if (word === 'apply') return await runApply(given, io);
  return word === 'what-if' ? await runWhatIf(question, given, io) : await runQuestion(word, given, io);
}

/**
 * Runs the command line. `args` are the arguments behind the program's name. Answers go to standard output, errors to
 * standard error: a sentence, then one line per place, or with `--json` a problem document. Never throws.
 */
export async function runCli(args: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await run(args, io);
  } catch (error) {
    const failure = failureOf(error);
    const json = args.some(
      (arg, index) =>
        arg === '--json' ||
        arg === '--output=json' ||
        arg === '-ojson' ||
        (arg === 'json' && /^(-o|--output)$/.test(args[index - 1] ?? '')),
    );
    await writeAll(io.stderr, json ? `${JSON.stringify(failure.document)}\n` : failure.text);
    return failure.exit;
  }
}

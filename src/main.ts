#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type CommandLine, compiledCommandLine, JOINED } from './joined.js';

/** The command line, in the form that starts soonest here. */
async function commandLine(command: string | undefined): Promise<CommandLine> {
  const serves = command === 'serve' || command === 'open';
  const compiled = serves ? undefined : compiledCommandLine();
  if (compiled !== undefined) return compiled;
  // Code that Node compiled before is kept where Node can do that (22.8 and later): the next start is faster.
  (module as { enableCompileCache?: () => unknown }).enableCompileCache?.();
  const joined = serves ? fileURLToPath(new URL('../server/cli.js', import.meta.url)) : JOINED;
  const file = existsSync(joined) ? joined : fileURLToPath(new URL('cli.js', import.meta.url));
  return await import(pathToFileURL(file).href);
}

const { runCli } = await commandLine(process.argv[2]);
// The code is set instead of calling exit(): what is still in the pipes must get out.
process.exitCode = await runCli(process.argv.slice(2), process);

#!/usr/bin/env node
import { existsSync } from 'node:fs';
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Code that Node compiled before is kept where Node can do that (22.8 and later): the next start is faster.
(module as { enableCompileCache?: () => unknown }).enableCompileCache?.();

/** What tools/bundle.mjs joined starts several times as fast; a checkout that was only compiled has none. */
function commandLine(command: string | undefined): string {
  const folder = command === 'serve' || command === 'open' ? 'server' : 'cli';
  const joined = new URL(`../${folder}/cli.js`, import.meta.url);
  return existsSync(fileURLToPath(joined)) ? joined.href : new URL('cli.js', import.meta.url).href;
}

const { runCli } = (await import(commandLine(process.argv[2]))) as typeof import('./cli.js');
// The code is set instead of calling exit(): what is still in the pipes must get out.
process.exitCode = await runCli(process.argv.slice(2), process);

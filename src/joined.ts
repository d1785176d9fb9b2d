/**
 * The command line as one joined file (tools/bundle.mjs), with what V8 compiled of it when it was built: reading its
 * four megabytes takes longer than most questions. What was compiled is of one version of Node.js; any other one
 * compiles the file again.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, Script } from 'node:vm';

export type CommandLine = typeof import('./cli.js');

/** The joined file; a checkout that was only compiled has none. */
export const JOINED = fileURLToPath(new URL('../cli/cli.cjs', import.meta.url));

/** What V8 compiled of it, for the Node.js that runs this. Node.js may change V8 without changing V8's version. */
export const COMPILED = JOINED.replace(/cjs$/, `${process.version}-${process.arch}.compiled`);

/** The joined file as a function; with what was compiled of it, unless V8 has other settings than then. */
export function joinedScript(compiled?: Buffer): Script {
  const wrapped = `(function (exports, require, module, __filename) {${readFileSync(JOINED, 'utf8')}\n})`;
  return new Script(wrapped, {
    filename: JOINED,
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
    ...(compiled === undefined ? {} : { cachedData: compiled }),
  });
}

/** Runs the joined file as Node.js runs a module. */
export function runJoined(script: Script): CommandLine {
  const module = { exports: {} };
  const run = script.runInThisContext() as (...args: readonly unknown[]) => void;
  run.call(module.exports, module.exports, createRequire(JOINED), module, JOINED, dirname(JOINED));
  return module.exports as CommandLine;
}

/** The command line, compiled already; undefined where it was not compiled for this Node.js. */
export function compiledCommandLine(): CommandLine | undefined {
  return existsSync(COMPILED) ? runJoined(joinedScript(readFileSync(COMPILED))) : undefined;
}

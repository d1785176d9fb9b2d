/**
 * Runs the steps of a composite action as GitHub's runner does: inputs, contexts, environment, files for outputs. Steps
 * that use actions are written down.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type Contexts, evaluate, filled } from './expressions.js';

export interface Step {
  readonly name?: string;
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly run?: string;
  readonly shell?: string;
  readonly 'working-directory'?: string;
}

export interface Action {
  readonly inputs: Readonly<Record<string, { readonly default?: string; readonly description: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

interface Ended {
  readonly name: string;
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  /** Steps with commands, until one failed. */
  readonly ended: readonly Ended[];
  /** Steps that use other actions, with what they are given. */
  readonly used: readonly { readonly uses: string; readonly with: Readonly<Record<string, string>> }[];
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

export function readAction(file: string): Action {
  return parse(readFileSync(file, 'utf8')) as Action;
}

/** A program before all others in PATH. */
export function standIn(folder: string, name: string, script: string): void {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, name);
  writeFileSync(file, `#!/usr/bin/env bash\n${script}`);
  chmodSync(file, 0o755);
}

/** `name=value` and `name<<END` lines of a file for outputs. */
function outputsIn(file: string): Record<string, string> {
  return Object.fromEntries(
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/**
 * Runs an action. `path`: where its repository is; `work`: the checkout; `dir`: a folder for the runner's own files,
 * whose `bin` comes first in PATH. Throws Error for inputs that the action does not have: GitHub only warns.
 */
export function runAction(
  action: Action,
  {
    path,
    work,
    dir,
    inputs,
    github,
  }: {
    readonly path: string;
    readonly work: string;
    readonly dir: string;
    readonly inputs: Readonly<Record<string, string>>;
    readonly github: Contexts;
  },
): Run {
  for (const name of Object.keys(inputs)) if (!(name in action.inputs)) throw new Error(`no input ${name}`);
  const [temp, output, summary] = ['temp', 'output', 'summary.md'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(temp, { recursive: true });
  writeFileSync(summary, '');
  const steps: Record<string, { outputs: Record<string, string> }> = {};
  for (const { id } of action.runs.steps) if (id !== undefined) steps[id] = { outputs: {} };
  const base = { github: { action_path: path, ...github }, steps };
  const given = Object.entries(action.inputs).map(([name, { default: fallback = '' }]) => [
    name,
    inputs[name] ?? filled(fallback, base),
  ]);
  const contexts = { ...base, inputs: Object.fromEntries(given) as Contexts };
  const ended: Ended[] = [];
  const used: { uses: string; with: Record<string, string> }[] = [];
  for (const step of action.runs.steps) {
    if (step.if !== undefined && !evaluate(step.if, contexts)) continue;
    const fill = (values: Readonly<Record<string, unknown>> = {}) =>
      Object.fromEntries(Object.entries(values).map(([name, value]) => [name, filled(String(value), contexts)]));
    if (step.uses !== undefined) {
      used.push({ uses: step.uses, with: fill(step.with) });
      continue;
    }
    writeFileSync(output, '');
    // As GitHub runs `shell: bash`.
    const script = filled(step.run ?? '', contexts);
    const { status, stdout, stderr } = spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
      cwd: step['working-directory'] === undefined ? work : filled(step['working-directory'], contexts),
      env: {
        PATH: `${join(dir, 'bin')}:${process.env.PATH}`,
        HOME: dir,
        RUNNER_TEMP: temp,
        GITHUB_ACTION_PATH: path,
        GITHUB_OUTPUT: output,
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_REPOSITORY: String(github.repository),
        ...fill(step.env),
      },
      encoding: 'utf8',
    });
    if (step.id !== undefined) steps[step.id] = { outputs: outputsIn(output) };
    ended.push({ name: step.name ?? '', status, stdout, stderr });
    if (status !== 0) break;
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, filled(value, contexts)]),
  );
  return { ended, used, outputs, summary: readFileSync(summary, 'utf8') };
}

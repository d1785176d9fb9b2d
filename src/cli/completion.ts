/** Completion for shells: a script that asks this program what may follow, and the program's answer. */
import { readFile } from 'node:fs/promises';
import { ENUMS } from '../contract/gen/types.js';
import { Arguments } from './arguments.js';
import type { Io } from './io.js';
import { runKubectl } from './kubectl.js';
import type { Options } from './option-groups.js';
import { COMMAND_NAMES, COMMANDS, type CommandName, PLAIN_KINDS } from './options.js';
import { whatIfOptions } from './question-options.js';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `_kube_whatif() {
  local IFS=$'\\n'
  local words=$(kube-whatif __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _kube_whatif kube-whatif kubectl-whatif
`,
  zsh: `#compdef kube-whatif kubectl-whatif
_kube_whatif() {
  local -a found
  found=("\${(@f)$(kube-whatif __complete "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null)}")
  compadd -a found || _files
}
compdef _kube_whatif kube-whatif kubectl-whatif
`,
  fish: `function __kube_whatif
  set -l words (commandline -opc) (commandline -ct)
  kube-whatif __complete $words[2..-1] 2>/dev/null
end
complete -c kube-whatif -a '(__kube_whatif)'
complete -c kubectl-whatif -a '(__kube_whatif)'
`,
};

/** The script for a shell. */
export function completionScript(shell: Shell): string {
  return SCRIPTS[shell];
}

const lower = (words: readonly string[]) => words.map((word) => word.toLowerCase().replaceAll('_', '-'));

/** Values of options that are one of a few words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  output: ['text', 'markdown', 'json', 'rows', 'csv'],
  format: lower(ENUMS['ChainsQuestion.format']),
  mode: ENUMS['KubeProxySettings.mode'],
  protocol: lower(ENUMS.Protocol),
  family: ['IPv4', 'IPv6'],
  via: ['cluster-ip', 'node-port', 'external-ip', 'load-balancer', 'dns'],
  phase: lower(ENUMS.Phase),
  'fail-on': lower(ENUMS['CheckQuestion.failOn']),
  type: ['ClusterIP', 'NodePort', 'LoadBalancer'],
};

/** What options name: the kinds of objects whose names complete them. */
const NAMED: Readonly<Record<string, readonly (readonly [kind: string, before: string])[]>> = {
  to: [['Service', '']],
  service: [['Service', '']],
  from: [
    ['Pod', ''],
    ['Node', 'node/'],
  ],
  scale: [['Deployment', '']],
  workload: [['Deployment', '']],
  node: [['Node', '']],
  'to-node': [['Node', '']],
  drain: [['Node', '']],
  fail: [['Node', '']],
};

interface Named {
  readonly kind: string;
  readonly name: string;
}

/** The names of objects, `namespace/name`, of the snapshot file that the words name, else of the cluster. */
async function namesOf(words: readonly string[], kinds: readonly string[], io: Io): Promise<readonly Named[]> {
  const at = words.findIndex((word) => word === '-s' || word === '--snapshot');
  const file = at < 0 ? undefined : words[at + 1];
  let text: string;
  if (file === undefined) {
    const list = kinds.map((kind) => `${kind.toLowerCase()}s`).join(',');
    const done = await runKubectl(['get', list, '-A', '-o', 'json', '--request-timeout=2s'], new Arguments([]), io);
    text = done.stdout.toString('utf8');
  } else {
    const bytes = await readFile(file);
    text = (bytes[0] === 0x1f ? (await import('node:zlib')).gunzipSync(bytes) : bytes).toString('utf8');
  }
  const items: unknown = (JSON.parse(text) as { readonly items?: unknown }).items;
  return (Array.isArray(items) ? items : []).flatMap((item) => {
    const { kind, metadata } = Object(item) as { readonly kind?: unknown; readonly metadata?: unknown };
    const { name, namespace } = Object(metadata) as { readonly name?: unknown; readonly namespace?: unknown };
    if (typeof kind !== 'string' || typeof name !== 'string' || !kinds.includes(kind)) return [];
    return [{ kind, name: typeof namespace === 'string' ? `${namespace}/${name}` : name }];
  });
}

function optionsOf(words: readonly string[]): Options {
  const [command = '', question] = words;
  if (command === 'what-if') return whatIfOptions(PLAIN_KINDS.find((kind) => kind === question));
  return Object.hasOwn(COMMANDS, command) ? COMMANDS[command as CommandName].options : {};
}

/** What the last word may be, one a line; empty where nothing is known. Never throws. */
export async function complete(words: readonly string[], io: Io): Promise<string> {
  const last = words.at(-1) ?? '';
  const before = words.at(-2) ?? '';
  let found: readonly string[] = [];
  const options = optionsOf(words);
  const name = before.startsWith('--')
    ? before.slice(2)
    : Object.keys(options).find((one) => before === `-${options[one]?.short ?? ''}`);
  const named = name === undefined ? undefined : NAMED[name];
  if (words.length <= 1) found = COMMAND_NAMES;
  else if (words[0] === 'what-if' && words.length === 2) found = PLAIN_KINDS;
  else if (name !== undefined && WORDS[name] !== undefined) found = WORDS[name];
  else if (named !== undefined) {
    const kinds = named.map(([kind]) => kind);
    const objects = await namesOf(words, kinds, io).catch(() => []);
    found = objects.map((one) => `${named.find(([kind]) => kind === one.kind)?.[1] ?? ''}${one.name}`);
  } else if (last === '' || last.startsWith('-')) found = Object.keys(options).map((one) => `--${one}`);
  const fitting = found.filter((one) => one.startsWith(last));
  return fitting.length === 0 ? '' : `${fitting.join('\n')}\n`;
}

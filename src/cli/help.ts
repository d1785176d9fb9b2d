import {
  KUBECTL_COMMAND,
  KUBECTL_CONFIG_COMMAND,
  KUBECTL_INGRESSES_COMMAND,
  KUBECTL_POLICIES_COMMAND,
} from '../base/kubectl.js';
import type { PlainKind } from '../questions/kinds.js';
import { wrap } from '../reports/wrap.js';
import type { Option } from './option-groups.js';
import { COMMAND_NAMES, COMMANDS, type CommandName, PLAIN_KINDS } from './options.js';
import { whatIfOptions } from './question-options.js';

const WIDTH = 100;
const INDENT = ' '.repeat(8);

function optionLines(name: string, option: Option): string[] {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const value = option.value === undefined ? '' : ` ${option.value}`;
  return [`  ${short}--${name}${value}`, ...wrap(option.help, WIDTH - INDENT.length).map((line) => `${INDENT}${line}`)];
}

const SNAPSHOT_LINES = [
  'The snapshot is what kubectl prints:',
  `  ${KUBECTL_COMMAND}`,
  `  ${KUBECTL_CONFIG_COMMAND}`,
  'The second file is worth giving too (-s cluster.json -s kube-proxy.json) where kube-proxy has that ConfigMap.',
  'Policies of administrators, where the cluster has them, are a file for each kind:',
  `  ${KUBECTL_POLICIES_COMMAND}`,
  'Ingresses with a load balancer of their own (AWS), and likewise the objects of MetalLB and Cilium:',
  `  ${KUBECTL_INGRESSES_COMMAND}`,
];

const EXIT_LINES = [
  'Exit codes: 0 fine; 1 a check failed; 2 wrong arguments, request or snapshot; 3 a fault of kube-whatif;',
  '4 answered, but some of the answer is UNKNOWN.',
];

/** Help for the whole program. */
export function globalHelp(): string {
  const width = Math.max(...COMMAND_NAMES.map((name) => name.length));
  return [
    'kube-whatif answers what-if questions about Kubernetes Service networking from a snapshot.',
    '',
    'Usage: kube-whatif COMMAND [OPTION…]',
    '',
    'Commands:',
    ...COMMAND_NAMES.map((name) => `  ${name.padEnd(width)}  ${COMMANDS[name].summary}`),
    '',
    'kube-whatif COMMAND --help lists the options of a command; kube-whatif --version prints the version.',
    '',
    ...SNAPSHOT_LINES,
    '',
    ...EXIT_LINES,
    '',
  ].join('\n');
}

/** Help for one command; for what-if, with the options of the question that it asks twice. */
export function commandHelp(name: CommandName, question?: PlainKind): string {
  const command = COMMANDS[name];
  const asked = name === 'what-if' && question !== undefined;
  const options = asked ? whatIfOptions(question) : command.options;
  return [
    `kube-whatif ${name}: ${command.summary}`,
    '',
    `Usage: kube-whatif ${asked ? `${name} ${question}` : (command.usage ?? name)} [OPTION…]`,
    '',
    ...(name === 'what-if' && !asked
      ? [`The question takes its own options too: kube-whatif what-if ${PLAIN_KINDS.join('|')} --help.`, '']
      : []),
    'Options:',
    ...Object.entries(options).flatMap(([option, described]) => optionLines(option, described)),
    '',
    'Examples:',
    ...command.examples.map((example) => `  ${example}`),
    '',
    ...(name === 'serve' ? [] : [...SNAPSHOT_LINES, '', ...EXIT_LINES, '']),
  ].join('\n');
}

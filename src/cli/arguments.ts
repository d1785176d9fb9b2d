import { parseArgs } from 'node:util';
import { didYouMeanOption } from '../base/did-you-mean.js';
import type { PlainKind } from '../questions/kinds.js';
import { UsageError } from '../words/usage-error.js';
import type { Option } from './option-groups.js';
import { COMMANDS, type CommandName } from './options.js';
import { whatIfOptions } from './question-options.js';

/** One option as it was given. A switch has the value ''. */
export interface Given {
  readonly name: string;
  readonly value: string;
}

/** The options of a command as they were given, in order. */
export class Arguments {
  readonly given: readonly Given[];

  constructor(given: readonly Given[]) {
    this.given = given;
  }

  /** The value of an option that may be given once. */
  one(name: string): string | undefined {
    return this.given.find((given) => given.name === name)?.value;
  }

  all(name: string): readonly string[] {
    return this.given.filter((given) => given.name === name).map((given) => given.value);
  }

  /** The same, and one option more. */
  with(name: string, value: string): Arguments {
    return new Arguments([...this.given, { name, value }]);
  }

  /** Only these of them. */
  only(given: readonly Given[]): Arguments {
    return new Arguments(given);
  }

  has(name: string): boolean {
    return this.one(name) !== undefined;
  }

  /** All given options of these names, in the order of the command line. */
  ordered(...names: readonly string[]): readonly Given[] {
    return this.given.filter((given) => names.includes(given.name));
  }
}

/** Options that people guess, and what they are called here, the first that a command has. */
const GUESSES: Readonly<Record<string, readonly string[]>> = {
  source: ['from', 'clients'],
  src: ['from', 'clients'],
  client: ['from', 'clients'],
  destination: ['to'],
  dst: ['to'],
  dest: ['to'],
  target: ['to'],
  svc: ['to', 'service'],
  service: ['to', 'service'],
  pod: ['from', 'to'],
  port: ['to'],
  replicas: ['scale', 'replicas'],
  file: ['filename', 'snapshot'],
  manifest: ['filename'],
  manifests: ['filename'],
  cluster: ['snapshot'],
  input: ['snapshot'],
  format: ['output'],
  markdown: ['output'],
  csv: ['output'],
  verbose: ['all', 'rules'],
  full: ['all'],
  details: ['all', 'detail'],
  version: ['kubernetes-version'],
  'proxy-mode': ['mode'],
  ns: ['namespace', 'in-namespace'],
  'all-namespaces': [],
  severity: ['fail-on'],
  'node-name': ['node', 'to-node'],
};

function check(
  token: {
    readonly name: string;
    readonly rawName: string;
    readonly value: string | undefined;
    readonly inlineValue?: boolean | undefined;
  },
  options: Readonly<Record<string, Option>>,
  help: string,
): void {
  const option = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
  if (option === undefined) {
    const guessed = GUESSES[token.name]?.find((name) => Object.hasOwn(options, name));
    const meant =
      guessed === undefined
        ? didYouMeanOption(
            token.rawName,
            Object.keys(options).map((name) => `--${name}`),
          )
        : ` Here it is --${guessed}${options[guessed]?.value === undefined ? '' : ` ${options[guessed]?.value}`}.`;
    throw new UsageError(`There is no option ${token.rawName}.${meant} ${help}`);
  }
  if (option.value === undefined && token.value !== undefined) {
    throw new UsageError(`${token.rawName} takes no value.`);
  }
  if (option.value !== undefined && (token.value === undefined || token.value === '')) {
    throw new UsageError(`${token.rawName} needs a value: --${token.name} ${option.value}.`);
  }
  // What follows is more likely another option than a value that begins with a dash.
  if (token.value !== undefined && !token.inlineValue && token.value.startsWith('-') && token.value !== '-') {
    throw new UsageError(
      `${token.rawName} needs a value, and ${token.value} looks like an option. If it is the value: ` +
        `--${token.name}=${token.value}.`,
    );
  }
}

/**
 * Reads a command's options; `question` is the one that what-if asks. Throws UsageError for anything that is not in its
 * table.
 */
export function readArguments(command: CommandName, args: readonly string[], question?: PlainKind): Arguments {
  const options = command === 'what-if' ? whatIfOptions(question) : COMMANDS[command].options;
  const help = `See kube-whatif ${[command, question].filter((name) => name !== undefined).join(' ')} --help.`;
  const config = Object.fromEntries(
    Object.entries(options).map(([name, option]) => [
      name,
      {
        type: option.value === undefined ? ('boolean' as const) : ('string' as const),
        // Repetitions are reported below, in words.
        multiple: true,
        ...(option.short === undefined ? {} : { short: option.short }),
      },
    ]),
  );
  // Tokens first, to say in our own words what is wrong; strictly afterwards, so that nothing slips through.
  const { tokens } = parseArgs({
    args: [...args],
    options: config,
    strict: false,
    tokens: true,
    allowPositionals: true,
  });
  const given: Given[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') {
      const hint = Object.hasOwn(options, 'snapshot') ? ' A snapshot file is given with -s FILE.' : '';
      throw new UsageError(`Unexpected argument ${token.value}.${hint} ${help}`);
    }
    if (token.kind !== 'option') continue;
    check(token, options, help);
    const option = options[token.name] as Option;
    if (option.multiple !== true && option.value !== undefined && given.some(({ name }) => name === token.name)) {
      throw new UsageError(`--${token.name} is given twice.`);
    }
    given.push({ name: token.name, value: token.value ?? '' });
  }
  parseArgs({ args: [...args], options: config, strict: true });
  return new Arguments(given);
}

/** Arguments in which every name is whole, with its namespace. */

import { beforeEquals, wholeDestination, wholeName, wholeSource, wholeWorkload } from '../words/short-names.js';
import { Arguments, type Given } from './arguments.js';

type Whole = (text: string, namespace: string) => string;

const WHOLE: Readonly<Record<string, Whole>> = {
  to: wholeDestination,
  from: wholeSource,
  clients: wholeSource,
  weight: (text, namespace) => beforeEquals(text, (name) => wholeSource(name, namespace)),
  'traffic-from': (text, namespace) => beforeEquals(text, (name) => wholeSource(name, namespace)),
  'connections-from': (text, namespace) => beforeEquals(text, (name) => wholeSource(name, namespace)),
  scale: (text, namespace) => beforeEquals(text, (name) => wholeWorkload(name, namespace)),
  workload: wholeWorkload,
  rollout: wholeWorkload,
  'scale-to': (text, namespace) => beforeEquals(text, (name) => wholeWorkload(name, namespace)),
  service: wholeName,
};

/** Options of commands that read one of the names otherwise. */
const NOT_OF: Readonly<Record<string, readonly string[]>> = { check: ['clients'] };

/** Whether some name lacks its namespace, so that it matters which one is meant. */
export function needsNamespace(args: Arguments, command: string): boolean {
  const probe = '\u0000';
  return wholeArguments(args, command, probe).some(({ value }) => value.includes(probe));
}

function wholeArguments(args: Arguments, command: string, namespace: string): readonly Given[] {
  return args.given.map(({ name, value }) => {
    const whole = NOT_OF[command]?.includes(name) ? undefined : WHOLE[name];
    return { name, value: whole === undefined ? value : whole(value, namespace) };
  });
}

/** The arguments with every name made whole by `namespace`. */
export function withNamespace(args: Arguments, command: string, namespace: string): Arguments {
  return new Arguments(wholeArguments(args, command, namespace));
}

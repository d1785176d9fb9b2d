/** One outcome of a path in short: hop by hop, what the rules did, without those that only pass. */
import { joinHostPort } from '../base/address.js';
import type { PathHeader, PathHop, PathStep, PathTrace } from '../contract/answers.js';
import type { Layout } from './form.js';
import { headerText } from './names-in-reports.js';
import { printable } from './safe-text.js';
import { wrap } from './wrap.js';

/** Rules of these steps decide, and are quoted. */
const DECIDING: readonly PathStep['action'][] = ['DROP', 'REJECT', 'UNKNOWN'];
/** Steps in which nothing happens to the packet. */
const PASSING: readonly PathStep['action'][] = ['JUMP', 'GOTO', 'RETURN', 'PASSED_OVER', 'PASS'];

const HOP_NAMES: Readonly<Partial<Record<PathHop['kind'], string>>> = {
  CLIENT: 'client',
  POD: 'pod',
  LOAD_BALANCER: 'balancer',
  OUTSIDE: 'outside',
};

const HOOK_WIDTH = 12;
const LONGEST_NAME = 20;

function target({ destination, destinationPort }: PathHeader): string {
  return destinationPort === undefined ? destination : joinHostPort(destination, destinationPort);
}

function eventText(step: PathStep): string {
  const { action, after, detail } = step;
  if (action === 'DNAT' && after !== undefined) return `DNAT to ${target(after)}`;
  if ((action === 'MASQUERADE' || action === 'SNAT') && after !== undefined) {
    return `${action === 'SNAT' ? 'SNAT' : 'masqueraded'}: the source becomes ${after.source}`;
  }
  return action === 'DROP' || action === 'REJECT' ? `${action}: ${detail}` : detail;
}

/** A line of a hop. `label`: the hook, undefined for what happens outside of hooks. */
interface Line {
  readonly label?: string;
  readonly text: string;
}

/** What a hook did: its name, then lines. */
function hookLines(hook: string, steps: readonly PathStep[]): Line[] {
  const events = steps.filter(({ action }) => !PASSING.includes(action));
  const shown = events.filter(({ action }) => action !== 'ACCEPT' || events.length === 1);
  const lines: string[] = [];
  const chains = steps.flatMap(({ chain }) => chain ?? []).filter((chain) => chain !== hook);
  const deciding = shown.some(({ action }) => action !== 'ACCEPT');
  if (deciding && chains.length > 0) {
    const unique = [...new Set(chains)];
    const chance = steps.find((step) => step.chance !== undefined)?.chance;
    const last = unique.at(-1) ?? '';
    if (chance === undefined || unique.length < 2) lines.push(unique.join(' → '));
    else lines.push(unique.slice(0, -1).join(' → '), `${chance.nominal} → ${last}`);
  }
  for (const step of shown) {
    lines.push(step.action === 'ACCEPT' ? 'accepted' : eventText(step));
    if (step.rule !== undefined && DECIDING.includes(step.action)) lines.push(`\u0000${step.rule}`);
  }
  return lines.map((text, index) => ({ label: index === 0 ? hook : '', text }));
}

/** A hop in lines, without its name. */
function hopLines(hop: PathHop): Line[] {
  if (hop.kind !== 'NODE') {
    return hop.steps.map(({ action, detail, before, after }) => {
      const header = after ?? before;
      return { text: action === 'SEND' && header !== undefined ? headerText(header) : detail };
    });
  }
  const hooks = new Map<string, PathStep[]>();
  const lines: Line[] = [];
  const flush = () => {
    for (const [hook, steps] of hooks) lines.push(...hookLines(hook, steps));
    hooks.clear();
  };
  for (const step of hop.steps) {
    if (step.hook === undefined) {
      flush();
      lines.push({ text: step.detail });
      continue;
    }
    const steps = hooks.get(step.hook);
    if (steps === undefined) hooks.set(step.hook, [step]);
    else steps.push(step);
  }
  flush();
  return lines.length === 0 ? [{ text: 'passes it on unchanged' }] : lines;
}

/** Lines behind a name, wrapped; a rule (marked by U+0000) is alone, whole, so that it can be copied. */
function named(name: string, lines: readonly Line[], pad: number, width: number): string[] {
  // A name that leaves no room for what happens there is on a line of its own.
  const isLong = [...name].length > pad;
  const out: string[] = isLong ? [`  ${printable(name)}`] : [];
  let head = isLong ? '' : name;
  for (const { label, text } of lines) {
    if (text.startsWith('\u0000')) {
      out.push(`    ${printable(text.slice(1))}`);
      continue;
    }
    const start = `  ${printable(head).padEnd(pad)}  ${label === undefined ? '' : `${label.padEnd(HOOK_WIDTH)} `}`;
    const indent = ' '.repeat([...start].length);
    const [first = '', ...rest] = wrap(printable(text), Math.max(20, width - indent.length));
    out.push(`${start}${first}`.trimEnd(), ...rest.map((more) => `${indent}${more}`));
    head = '';
  }
  return out;
}

/** The way of a packet: at most so many lines of hops, which are more only where a way has many hops. */
export function wayLines(trace: PathTrace, { width }: Layout): string[] {
  const name = (hop: PathHop) => HOP_NAMES[hop.kind] ?? hop.name;
  const lengths = trace.hops.map((hop) => [...name(hop)].length);
  const pad = Math.max(8, ...lengths.filter((length) => length <= LONGEST_NAME));
  const lines = trace.hops.flatMap((hop) => named(name(hop), hopLines(hop), pad, width));
  const { reply } = trace;
  if (reply === undefined) return lines;
  const translated = reply.hops.flatMap(({ kind, name: at, steps }) =>
    steps.flatMap(({ action, before, after }) =>
      kind === 'NODE' && action === 'CONNTRACK' && before !== undefined && after !== undefined
        ? [`${at} turns ${before.source} back into ${after.source}`]
        : [],
    ),
  );
  const text = reply.returns
    ? [translated[0] ?? 'returns', ...(translated.length > 1 ? [translated.at(-1) ?? ''] : [])]
    : [`is lost: ${reply.explanation}`];
  return [
    ...lines,
    ...named(
      'reply',
      text.map((line) => ({ text: line })),
      pad,
      width,
    ),
  ];
}

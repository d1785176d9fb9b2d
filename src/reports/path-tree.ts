import type { PathHop, PathStep, PathTrace } from '../contract/answers.js';
import type { Layout } from './form.js';
import { endpointText, headerText } from './names-in-reports.js';
import { paintVerdict } from './paint.js';
import { printable } from './safe-text.js';
import { basisText, chanceText, exact, percent } from './share-text.js';
import type { TreeNode } from './tree.js';
import { wrap } from './wrap.js';

const HOP_WORDS: Readonly<Record<PathHop['kind'], string>> = {
  CLIENT: 'client',
  LOAD_BALANCER: 'load balancer',
  NODE: 'node',
  POD: 'pod',
  OUTSIDE: 'outside',
};

/** Where a step happened: `PREROUTING nat KUBE-SERVICES rule 1`; the host's own steps have no place. */
function place(step: PathStep): string {
  const rule = step.position === undefined ? '' : `rule ${step.position}`;
  return [step.hook, step.table, step.chain, rule].filter((part) => part !== undefined && part !== '').join(' ');
}

function stepNode(step: PathStep, { paint }: Layout): TreeNode {
  const where = printable(place(step));
  const action = step.action.replace('_', ' ');
  const chance = step.chance === undefined ? '' : ` [${chanceText(step.chance)}]`;
  const lines = [
    `${where === '' ? '' : `${paint.dim(where)}  `}${paint.bold(action)}${printable(`${chance}: ${step.detail}`)}`,
  ];
  // The rule is alone on its line, uncut, so that it can be copied and searched for on the node.
  if (step.rule !== undefined) lines.push(printable(step.rule));
  if (step.before !== undefined && step.after !== undefined) {
    lines.push(printable(`before  ${headerText(step.before)}`), printable(`after   ${headerText(step.after)}`));
  } else if (step.after !== undefined) lines.push(printable(`packet  ${headerText(step.after)}`));
  else if (step.before !== undefined) lines.push(printable(`packet  ${headerText(step.before)}`));
  return { lines, children: [] };
}

function hopNode(hop: PathHop, layout: Layout): TreeNode {
  const word = HOP_WORDS[hop.kind];
  // An outside client is called `outside 203.0.113.7` already.
  const name = hop.name.startsWith(`${word} `) ? hop.name : `${word} ${hop.name}`;
  return {
    lines: [layout.paint.bold(printable(name))],
    children: hop.steps.map((step) => stepNode(step, layout)),
  };
}

/** Prose that hangs below the tree's first lines. */
function prose(text: string, layout: Layout): string[] {
  return wrap(printable(text), Math.max(40, layout.width - 8));
}

/** `1/3 (33.33 %; programmed 0.333333333489)`; a certain one is just `1`. */
function probabilityText(trace: PathTrace): string {
  const { probability } = trace;
  if (probability.fraction === '1') return '1';
  return `${exact(probability)} (${percent(probability)}; programmed ${probability.programmed})`;
}

/** The line that sums a trace up: verdict, cause and where it ended. */
export function outcome(trace: PathTrace): string {
  const cause = trace.cause === undefined ? '' : ` ${trace.cause}`;
  return `${trace.verdict}${cause}`;
}

/** One trace as a tree: what came of it, then a branch per hop with its steps, then the reply's way back. */
export function traceTree(trace: PathTrace, title: string, layout: Layout): TreeNode {
  const { paint } = layout;
  const lines = [
    `${paint.bold(title)}  probability ${probabilityText(trace)}  ` +
      `${paintVerdict(paint, trace.verdict, outcome(trace))}`,
    ...(trace.count === undefined || trace.count === 1 ? [] : [`stands for ${trace.count} traces`]),
    ...(trace.endpoint === undefined ? [] : [printable(`endpoint    ${endpointText(trace.endpoint)}`)]),
    ...(trace.seenClient === undefined
      ? []
      : [
          printable(
            `pod sees    ${trace.seenClient}${
              trace.clientAddressKept === undefined
                ? ''
                : trace.clientAddressKept
                  ? " (the client's own address)"
                  : " (not the client's own address)"
            }`,
          ),
        ]),
    printable(`client      ${trace.client}`),
    printable(`client sees ${trace.clientSees}`),
    ...prose(trace.explanation, layout),
    ...(trace.basis === undefined ? [] : prose(basisText(trace.basis), layout)),
  ];
  const children = trace.hops.map((hop) => hopNode(hop, layout));
  if (trace.reply !== undefined) {
    const { returns, explanation, hops } = trace.reply;
    const word = returns ? paint.good('comes back') : paint.bad('is lost');
    children.push({
      lines: [`${paint.bold('reply')} ${word}`, ...prose(explanation, layout)],
      children: hops.map((hop) => hopNode(hop, layout)),
    });
  }
  return { lines, children };
}

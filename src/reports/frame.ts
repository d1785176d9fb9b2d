/**
 * What is around the result in every report for people: the headline, findings, changes, and what is behind a word.
 */

import { describeChange } from '../changes/index.js';
import type { Answer, Finding } from '../contract/answers.js';
import { type AlikeGroups, alikeFindings, type FindingGroup, groupedFindings } from '../questions/findings/effects.js';
import { assumptionLines, changeLines } from './assumptions.js';
import type { Layout } from './form.js';
import { printable } from './safe-text.js';
import { item, wrap } from './wrap.js';

const SEVERITY_WORDS: Readonly<Record<Finding['severity'], string>> = { ERROR: 'ERROR', WARNING: 'WARN', INFO: 'INFO' };

/** Findings and changes that the first screen names. */
const NAMED_FINDINGS = 4;
const NAMED_EFFECTS = 1;
const NAMED_CHANGES = 4;

/** The sentence that answers the question. */
export function headline({ summary }: Pick<Answer, 'summary'>, { paint, width }: Layout): string[] {
  return wrap(printable(summary), width).map((line) => paint.bold(line));
}

function findingLines({ cause, effects, severity }: FindingGroup, { width, view, paint }: Layout): string[] {
  const word = SEVERITY_WORDS[severity].padEnd(5);
  const colour = severity === 'ERROR' ? paint.bad : severity === 'WARNING' ? paint.doubtful : paint.dim;
  const { code, message, evidence } = cause;
  const [first = '', ...rest] = item(`${word}  `, printable(`${message} (${code})`), width, 7);
  const shown = view.all && Object.keys(evidence).length > 0 ? [`       ${printable(JSON.stringify(evidence))}`] : [];
  const named = view.all ? effects : effects.slice(0, NAMED_EFFECTS);
  const left = effects.length - named.length;
  return [
    `${colour(word)}${first.slice(word.length)}`,
    ...rest,
    ...shown,
    ...named.flatMap((effect) => item('       → ', printable(`${effect.message} (${effect.code})`), width, 9)),
    ...(left === 0 ? [] : [`       → ${left} more ${left === 1 ? 'effect' : 'effects'}: --all`]),
  ];
}

/** The first of findings of one kind, and how many others there are. */
function alikeLines({ first, others }: AlikeGroups, layout: Layout): string[] {
  const count = others.length;
  const more = count === 0 ? [] : [`       → ${count} more like this: --all`];
  return [...findingLines(first, layout), ...more];
}

/** The findings that a person reads first, by cause, one of each kind; how many more there are. */
export function findingsText({ findings }: Pick<Answer, 'findings'>, layout: Layout, named = NAMED_FINDINGS): string[] {
  const groups = groupedFindings(findings);
  const grave = groups.filter(({ severity }) => severity !== 'INFO');
  if (layout.view.all) return groups.flatMap((group) => findingLines(group, layout));
  const shown = alikeFindings(grave.length === 0 ? groups : grave).slice(0, named);
  const left = groups.length - shown.reduce((sum, { others }) => sum + 1 + others.length, 0);
  return [
    ...shown.flatMap((alike) => alikeLines(alike, layout)),
    ...(left === 0 ? [] : [`${left} more ${left === 1 ? 'finding' : 'findings'}: --all`]),
  ];
}

/** The changes made before the question: a line each, with what followed from them where all is shown. */
export function changesText({ changes }: Pick<Answer, 'changes'>, layout: Layout, title = 'After'): string[] {
  if (changes.length === 0) return [];
  if (layout.view.all) return [`${title}:`, ...changes.flatMap((change) => changeLines(change, layout))];
  const lines = changes.slice(0, NAMED_CHANGES).flatMap(({ change, choices }) => {
    const drawn =
      choices.length === 0
        ? ''
        : ` (${choices.length} ${choices.length === 1 ? 'choice' : 'choices'} of Kubernetes: --all)`;
    return item(`${title}: `, printable(`${describeChange(change)}${drawn}`), layout.width, 7);
  });
  const left = changes.length - NAMED_CHANGES;
  return left > 0 ? [...lines, `${left} more changes: --all`] : lines;
}

/** Whose rules the answer rests on: `kube-proxy 1.30.5, iptables.` */
function basis({ settings }: Pick<Answer, 'settings'>): string {
  const { kubernetesVersion, kubeProxy, dataplane } = settings as {
    readonly kubernetesVersion?: string;
    readonly kubeProxy?: { readonly mode?: string };
    readonly dataplane?: string;
  };
  if (typeof dataplane === 'string') {
    return (
      `Kubernetes ${kubernetesVersion}, ${dataplane === 'EBPF' ? 'eBPF' : 'another data plane'} instead of ` +
      'kube-proxy.'
    );
  }
  return `kube-proxy ${kubernetesVersion}, ${kubeProxy?.mode}.`;
}

/** A pointer to what is not shown: what it is, and the word that shows it. */
export type Behind = readonly [what: string, word: string];

/** Parts three spaces apart, on as many lines as they need; no part is broken. */
function packed(parts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 3 + part.length <= width) lines[lines.length - 1] = `${last}   ${part}`;
    else lines.push(part);
  }
  return lines;
}

/** The last lines: whose rules these are, what was assumed, and the words that show more. */
export function footer(answer: Answer, layout: Layout, behind: readonly Behind[] = []): string[][] {
  const { assumptions } = answer;
  const { view, width } = layout;
  const more = packed(
    [...behind, ['data', '-o json'] as const].map(([what, word]) => `${what}: ${word}`),
    width,
  );
  const count = assumptions.length;
  const assumed =
    count === 0
      ? ''
      : ` ${count} ${count === 1 ? 'assumption' : 'assumptions'}${view.assumptions ? '.' : ': --assumptions'}`;
  const lines = [...wrap(printable(`${basis(answer)}${assumed}`), width), ...more];
  return [...(view.assumptions && count > 0 ? [['Assumed', ...assumptionLines(answer, layout)]] : []), lines];
}

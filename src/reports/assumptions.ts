import type { Answer, AppliedChange, Finding } from '../contract/answers.js';
import { describeChange } from './change-words.js';
import { joinSections, type Layout } from './form.js';
import { markdownCode, markdownText, printable } from './safe-text.js';
import { markdownTable } from './table.js';
import { item } from './wrap.js';

function json(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

/** The text with a full stop, which it may have already. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function changeLines(applied: AppliedChange, layout: Layout): string[] {
  const lines = item('  ', printable(describeChange(applied.change)), layout.width, 4);
  for (const { object, detail } of applied.consequences) {
    lines.push(
      ...item('    → ', printable(detail.includes(object) ? detail : `${object}: ${detail}`), layout.width, 6),
    );
  }
  for (const choice of applied.choices) {
    const others = choice.alternatives.length > 0 ? ` As well possible: ${choice.alternatives.join(', ')}.` : '';
    const text = `${choice.what}: ${choice.taken}. ${sentence(choice.why)}${others}`;
    lines.push(...item('    ? ', printable(text), layout.width, 6));
  }
  return lines;
}

const SEVERITY_ORDER: Readonly<Record<Finding['severity'], number>> = { ERROR: 0, WARNING: 1, INFO: 2 };

function bySeverity(findings: readonly Finding[]): readonly Finding[] {
  return [...findings].sort((a, b) => SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity]);
}

const CHANGES_TITLE = 'Changes made before the question';

/** The changes made, what was found and what was assumed: sections of lines, each under a title, in this order. */
export function backgroundText(answer: Answer, layout: Layout, changesTitle = CHANGES_TITLE): string[][] {
  const { paint, width } = layout;
  const sections: string[][] = [];
  if (answer.changes.length > 0) {
    sections.push([paint.bold(changesTitle), ...answer.changes.flatMap((change) => changeLines(change, layout))]);
  }
  if (answer.findings.length > 0) {
    const lines = bySeverity(answer.findings).flatMap((finding) => {
      const text = `${finding.severity} ${finding.code}: ${finding.message}`;
      const evidence = Object.keys(finding.evidence).length > 0 ? [`    ${printable(json(finding.evidence))}`] : [];
      return [...item('  ', printable(text), width, 4), ...evidence];
    });
    sections.push([paint.bold('Findings'), ...lines]);
  }
  if (answer.assumptions.length > 0) {
    const lines = answer.assumptions.flatMap(({ field, value, why }) =>
      item('  ', printable(`${field} = ${json(value)}: ${why}`), width, 4),
    );
    sections.push([paint.bold('Assumed'), ...lines]);
  }
  return sections;
}

/** The same in Markdown; assumptions are folded away. */
export function backgroundMarkdown(answer: Answer, changesTitle = CHANGES_TITLE): string[][] {
  const sections: string[][] = [];
  if (answer.changes.length > 0) {
    const lines = answer.changes.flatMap((applied) => [
      `- ${markdownText(describeChange(applied.change))}`,
      ...applied.consequences.map(({ object, detail }) => `  - ${markdownCode(object)}: ${markdownText(detail)}`),
      ...applied.choices.map((choice) => {
        const others = choice.alternatives.map(markdownCode).join(', ');
        const possible = others === '' ? '' : ` As well possible: ${others}.`;
        return `  - choice: ${markdownText(choice.what)}: ${markdownCode(choice.taken)}. ${markdownText(sentence(choice.why))}${possible}`;
      }),
    ]);
    sections.push([`### ${changesTitle}`], lines);
  }
  if (answer.findings.length > 0) {
    const rows = bySeverity(answer.findings).map((finding) => [
      finding.severity,
      markdownCode(finding.code),
      markdownText(finding.message),
    ]);
    const columns = [{ title: 'severity' }, { title: 'code' }, { title: 'finding' }];
    sections.push(['### Findings'], markdownTable(columns, rows));
  }
  if (answer.assumptions.length > 0) {
    const rows = answer.assumptions.map(({ field, value, why }) => [
      markdownCode(field),
      markdownCode(json(value)),
      markdownText(why),
    ]);
    const table = markdownTable([{ title: 'field' }, { title: 'value' }, { title: 'why' }], rows);
    sections.push([details(`Assumed: ${answer.assumptions.length}`, table.join('\n'))]);
  }
  return sections;
}

/** A folded section. `summary` must be safe for HTML, `content` Markdown. */
export function details(summary: string, content: string): string {
  return `<details>\n<summary>${summary}</summary>\n\n${content}\n\n</details>`;
}

/** A whole Markdown report: sections, one empty line apart. */
export function markdownReport(sections: readonly (readonly string[])[]): string {
  return joinSections(sections);
}

import { describeChange } from '../changes/index.js';
import type { Answer, AppliedChange, Finding } from '../contract/answers.js';
import { groupedFindings } from '../questions/findings/effects.js';
import { joinSections, type Layout } from './form.js';
import { markdownCode, markdownText, printable } from './safe-text.js';

import { markdownTable } from './text-table.js';
import { item } from './wrap.js';

function json(value: unknown): string {
  return JSON.stringify(value) ?? '';
}

/** The text with a full stop, which it may have already. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/** A change with what followed from it and what Kubernetes chose. */
export function changeLines(applied: AppliedChange, layout: Layout): string[] {
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

/** Each assumption with its reason. */
export function assumptionLines({ assumptions }: Pick<Answer, 'assumptions'>, { width }: Layout): string[] {
  return assumptions.flatMap(({ field, value, why }) =>
    item('  ', printable(`${field} = ${json(value)}: ${why}`), width, 4),
  );
}

const CHANGES_TITLE = 'Changes made before the question';

/** A finding in a cell, with what follows from it below. */
export function markdownGroup(cause: Finding, effects: readonly Finding[]): string {
  return [cause.message, ...effects.map(({ message }) => `→ ${message}`)].map(markdownText).join('<br>');
}

/** The changes made, what was found and what was assumed, in Markdown, in this order; assumptions are folded away. */
export function backgroundMarkdown(answer: Answer, changesTitle = CHANGES_TITLE): string[][] {
  const sections: string[][] = [];
  if (answer.changes.length > 0) {
    const lines = answer.changes.flatMap((applied) => [
      `- ${markdownText(describeChange(applied.change))}`,
      ...applied.consequences.map(({ object, detail }) => `  - ${markdownCode(object)}: ${markdownText(detail)}`),
      ...applied.choices.map((choice) => {
        const others = choice.alternatives.map(markdownCode).join(', ');
        const possible = others === '' ? '' : ` As well possible: ${others}.`;
        return (
          `  - choice: ${markdownText(choice.what)}: ${markdownCode(choice.taken)}. ` +
          `${markdownText(sentence(choice.why))}${possible}`
        );
      }),
    ]);
    sections.push([`### ${changesTitle}`], lines);
  }
  if (answer.findings.length > 0) {
    const rows = groupedFindings(answer.findings).map(({ cause, effects, severity }) => [
      severity,
      markdownCode(cause.code),
      markdownGroup(cause, effects),
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

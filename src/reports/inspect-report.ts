import type { Answer, InspectResult } from '../contract/answers.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { markdownText } from './safe-text.js';

/** Causes that the first screen names: the findings are the answer. */
const NAMED = 8;

function text(answer: Answer<InspectResult>, layout: Layout): string {
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout, NAMED),
    changesText(answer, layout),
    ...footer(answer, layout, layout.view.all ? [] : [['every finding', '--all'] as const]),
  ]);
}

function markdown(answer: Answer<InspectResult>): string {
  return markdownReport([[`**${markdownText(answer.summary)}**`], ...backgroundMarkdown(answer)]);
}

/** What is wrong with a cluster: its findings by cause, the worst first. */
export const inspectReport: Report<Answer<InspectResult>> = { text, markdown };

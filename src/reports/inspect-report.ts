import type { Answer, InspectResult } from '../contract/answers.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { changesText, findingsText, footer, headline } from './frame.js';
import { markdownText } from './safe-text.js';
import { exact, hasShare } from './shares.js';
import { textTable } from './table.js';

/** Causes that the first screen names: the findings are the answer. */
const NAMED = 8;

/** The Services in few numbers, each the worst of its doors; the lists of objects are for programs. */
function servicesText({ result: { services } }: Answer<InspectResult>): string[] {
  if (services === undefined) return [];
  const columns = [
    { title: 'Service' },
    { title: 'endpoints', align: 'right' },
    { title: 'lost', align: 'right' },
    { title: 'imbalance', align: 'right' },
    { title: 'cross-zone', align: 'right' },
  ] as const;
  const rows = services.map(({ service, endpoints, notDelivered, unknown, imbalance, crossZone }) => [
    service,
    String(endpoints),
    hasShare(unknown) ? 'not known' : exact(notDelivered),
    imbalance === undefined ? '' : exact(imbalance),
    crossZone === undefined ? '' : exact(crossZone),
  ]);
  return textTable(columns, rows);
}

function text(answer: Answer<InspectResult>, layout: Layout): string {
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout, NAMED),
    changesText(answer, layout),
    servicesText(answer),
    ...footer(answer, layout, layout.view.all ? [] : [['every finding', '--all'] as const]),
  ]);
}

function markdown(answer: Answer<InspectResult>): string {
  return markdownReport([[`**${markdownText(answer.summary)}**`], ...backgroundMarkdown(answer)]);
}

/** What is wrong with a cluster: its findings by cause, the worst first. */
export const inspectReport: Report<Answer<InspectResult>> = { text, markdown };

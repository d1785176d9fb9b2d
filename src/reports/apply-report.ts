/** The objects that changes make, as `kubectl diff` shows them. */
import { stringify } from 'yaml';
import type { Answer, AppliedObject, ApplyResult } from '../contract/answers.js';
import { unifiedDiff } from '../questions/differences/unified.js';
import { backgroundMarkdown, markdownReport } from './assumptions.js';
import { joinSections, type Layout, type Report } from './form.js';
import { findingsText, footer, headline } from './frame.js';
import { markdownBlock, markdownCode, markdownText, printable } from './safe-text.js';

function nameOf({ kind, namespace, name }: AppliedObject): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

const yaml = (value: unknown) =>
  value === undefined ? '' : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true });

function diffOf(object: AppliedObject): string {
  const name = nameOf(object);
  if (object.before === undefined && object.after === undefined) return '';
  return unifiedDiff(yaml(object.before), yaml(object.after), { before: `before ${name}`, after: `after ${name}` });
}

function lineOf(object: AppliedObject): string {
  const { outcome, error } = object;
  const why = error === undefined ? '' : `: ${error.reason}: ${error.message}`;
  return `${nameOf(object)} ${outcome.toLowerCase()}${why}`;
}

function text(answer: Answer<ApplyResult>, layout: Layout): string {
  const { objects } = answer.result;
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    objects.map((object) => printable(lineOf(object))),
    ...objects.map((object) => {
      const diff = diffOf(object);
      return diff === '' ? [] : diff.trimEnd().split('\n').map(printable);
    }),
    ...footer(answer, layout, []),
  ]);
}

function markdown(answer: Answer<ApplyResult>): string {
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    ...answer.result.objects.map((object) => {
      const diff = diffOf(object);
      const title = `${markdownCode(nameOf(object))} ${markdownText(lineOf(object).slice(nameOf(object).length + 1))}`;
      return [title, ...(diff === '' ? [] : ['', markdownBlock(diff)])].flat();
    }),
    ...backgroundMarkdown(answer),
  ]);
}

/** A line for each object, then the difference of each. */
export const applyReport: Report<Answer<ApplyResult>> = { text, markdown };

/** The objects that changes make, as `kubectl diff` shows them. */
import { stringify } from 'yaml';
import { LAST_APPLIED } from '../api-server/note.js';
import type { Answer, AppliedObject, ApplyResult } from '../contract/answers.js';
import { unifiedDiff } from '../questions/differences/unified.js';
import { backgroundMarkdown, details, markdownReport } from './assumptions.js';
import { controlledCounts, isControlled } from './controlled-objects.js';
import { joinSections, type Layout, type Report } from './form.js';
import { findingsText, footer, headline } from './frame.js';
import { markdownBlock, markdownCode, markdownText, printable } from './safe-text.js';
import { item } from './wrap.js';

function nameOf({ kind, namespace, name }: AppliedObject): string {
  return `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`;
}

const yaml = (value: unknown) =>
  value === undefined ? '' : stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true });

type Fields = Readonly<Record<string, unknown>>;

/** An object without kubectl's note, in which all that changes would be once more. */
function withoutNote(value: unknown): unknown {
  const { metadata, ...object } = Object(value) as Fields;
  const { annotations, ...rest } = Object(metadata) as Fields;
  const { [LAST_APPLIED]: _note, ...others } = Object(annotations) as Fields;
  if (annotations === undefined) return value;
  return { ...object, metadata: Object.keys(others).length === 0 ? rest : { ...rest, annotations: others } };
}

/** The file that kubectl diff would compare: `apps.v1.Deployment.shop.web`. */
function fileOf({ kind, namespace, name, before, after }: AppliedObject): string {
  const { apiVersion = '' } = Object(after ?? before) as { readonly apiVersion?: string };
  return [...apiVersion.split('/'), kind, namespace ?? '', name].join('.');
}

/** The difference of an object as `kubectl diff` prints it, what is live before what it becomes. */
function diffOf(object: AppliedObject): string {
  const { before, after } = object;
  if (before === undefined && after === undefined) return '';
  const file = fileOf(object);
  const names = { before: `LIVE/${file}`, after: `MERGED/${file}` };
  const [was, is] = [before, after].map((value) => yaml(value === undefined ? undefined : withoutNote(value)));
  const diff = unifiedDiff(was ?? '', is ?? '', names);
  return diff === '' ? '' : `diff -u -N ${names.before} ${names.after}\n${diff}`;
}

/** An object in a line, with what is wrong with it in lines of their own where that is more than one thing. */
function linesOf(object: AppliedObject): readonly string[] {
  const { outcome, error } = object;
  const head = `${nameOf(object)} ${outcome.toLowerCase()}`;
  if (error === undefined) return [head];
  const [only, ...more] = error.causes;
  if (only === undefined) return [`${head}: ${error.reason}: ${error.message}`];
  const causes = error.causes.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`));
  if (more.length === 0) return [`${head}: ${error.reason}: ${causes[0]}`];
  return [`${head}: ${error.reason}:`, ...causes.map((line) => `  ${line}`)];
}

/** Objects of controllers that are shown where there are no others. */
const MOST_CONTROLLED = 6;

function text(answer: Answer<ApplyResult>, layout: Layout): string {
  const { objects } = answer.result;
  const { view, width } = layout;
  const own = view.all ? objects : objects.filter((object) => !isControlled(object));
  // Where nobody wrote an object, what controllers do is all there is.
  const shown = own.length === 0 ? objects.slice(0, MOST_CONTROLLED) : own;
  const others = objects.filter((object) => !shown.includes(object));
  return joinSections([
    headline(answer, layout),
    findingsText(answer, layout),
    [
      ...shown.flatMap((object) => linesOf(object).map(printable)),
      ...(others.length === 0
        ? []
        : item('', `by controllers: ${controlledCounts(others).join(', ')} (each: --all)`, width, 2)),
    ],
    ...shown.map((object) => {
      const diff = diffOf(object);
      return diff === '' ? [] : diff.trimEnd().split('\n').map(printable);
    }),
    ...footer(answer, layout, others.length === 0 ? [] : [['every object', '--all'] as const]),
  ]);
}

function markdown(answer: Answer<ApplyResult>): string {
  const { objects } = answer.result;
  const section = (object: AppliedObject) => {
    const diff = diffOf(object);
    const [head = '', ...more] = linesOf(object);
    const title = `${markdownCode(nameOf(object))} ${markdownText(head.slice(nameOf(object).length + 1))}`;
    const causes = more.map((line) => `- ${markdownText(line.trim())}`);
    return [title, ...causes, ...(diff === '' ? [] : ['', markdownBlock(diff)])].flat();
  };
  const controlled = objects.filter(isControlled);
  const folded = controlled.map((object) => section(object).join('\n')).join('\n\n');
  return markdownReport([
    [`**${markdownText(answer.summary)}**`],
    ...objects.filter((object) => !isControlled(object)).map(section),
    controlled.length === 0
      ? []
      : [details(`By controllers: ${markdownText(controlledCounts(controlled).join(', '))}`, folded)],
    ...backgroundMarkdown(answer),
  ]);
}

/** A line for each object, then the difference of each. */
export const applyReport: Report<Answer<ApplyResult>> = { text, markdown };

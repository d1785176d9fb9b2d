/**
 * A packet's way as a picture of its own, to be saved: hops in a row, their steps by hook, the header as it leaves,
 * where it ends, and the reply below. What is seen on the page is text that opens and closes; a picture has all of it
 * open.
 */
import type { Header, Hop, Step, Trace } from '../api/types.js';
import { format, parse } from '../state/fraction.js';
import { byHook, headersOf, KINDS } from './hop-model.js';
import { VERDICT_SIGNS, VERDICT_WORDS } from './verdicts.js';

/** The colours and fonts of the page, as it is seen. */
export interface Look {
  readonly ground: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly lost: string;
  readonly font: string;
  readonly mono: string;
}

const [COLUMN, GAP, PAD, MARGIN] = [330, 26, 12, 16];

type Style = 'kind' | 'title' | 'hook' | 'step' | 'rewrite' | 'end' | 'rule' | 'header' | 'verdict';

interface Line {
  readonly style: Style;
  readonly text: string;
}

const HEIGHTS: Readonly<Record<Style, number>> = {
  kind: 16,
  title: 20,
  hook: 22,
  step: 19,
  rewrite: 19,
  end: 19,
  rule: 14,
  header: 16,
  verdict: 18,
};

/**
 * How wide a letter is, with room for names that have many wide ones: a picture cannot be measured where fonts differ.
 */
const LETTERS: Readonly<Record<Style, number>> = {
  kind: 6.4,
  title: 9.9,
  hook: 8.8,
  step: 7.2,
  rewrite: 7.9,
  end: 7.9,
  rule: 6.7,
  header: 6.7,
  verdict: 8.6,
};

const isMono = (style: Style) => style === 'rule' || style === 'header';

/** Words in lines that fit; a word that does not is cut. */
function wrapped(text: string, letters: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const whole of text.split(/\s+/)) {
    for (let word = whole; word !== ''; ) {
      const room = line === '' ? letters : letters - line.length - 1;
      if (word.length <= room) {
        line = line === '' ? word : `${line} ${word}`;
        word = '';
      } else if (line === '') {
        lines.push(word.slice(0, letters));
        word = word.slice(letters);
      } else {
        lines.push(line);
        line = '';
      }
    }
  }
  return line === '' ? lines : [...lines, line];
}

const linesOf = (style: Style, text: string): readonly Line[] =>
  wrapped(text, Math.floor((COLUMN - 2 * PAD) / LETTERS[style])).map((part) => ({
    style,
    text: part,
  }));

const at = (address: string, port: number | undefined) =>
  port === undefined ? address : address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const headerText = ({ source, sourcePort, destination, destinationPort, mark }: Header) =>
  `${at(source, sourcePort)} → ${at(destination, destinationPort)}${Number(mark) === 0 ? '' : ` mark ${mark}`}`;

const ENDS: ReadonlySet<Step['action']> = new Set(['DROP', 'REJECT', 'UNKNOWN']);
const REWRITES: ReadonlySet<Step['action']> = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'MARK']);

function stepLines({ action, detail, chance, rule, after }: Step): readonly Line[] {
  const style = ENDS.has(action) ? 'end' : REWRITES.has(action) ? 'rewrite' : 'step';
  const share = chance === undefined ? '' : ` · ${format(parse(chance.nominal))}`;
  return [
    ...linesOf(style, `${style === 'rewrite' ? `${action} ` : ''}${detail}${share}`),
    ...(after === undefined ? [] : linesOf('header', headerText(after))),
    ...(rule === undefined ? [] : linesOf('rule', rule)),
  ];
}

function hopLines(hop: Hop, after: Header | undefined, isLast: boolean, end: Trace | undefined): readonly Line[] {
  return [
    ...(hop.name.startsWith(KINDS[hop.kind]) ? [] : linesOf('kind', KINDS[hop.kind])),
    ...linesOf('title', hop.name),
    ...byHook(hop.steps).flatMap(({ hook, steps }) => [
      ...(hook === '' ? [] : linesOf('hook', hook)),
      ...steps.flatMap(stepLines),
    ]),
    ...(end === undefined
      ? []
      : [
          ...linesOf(
            'verdict',
            `${VERDICT_SIGNS[end.verdict]} ${VERDICT_WORDS[end.verdict]}` +
              (end.cause === undefined ? '' : ` · ${end.cause}`),
          ),
          ...linesOf('step', end.explanation),
        ]),
    ...(after === undefined
      ? []
      : [...linesOf('hook', isLast ? 'at its end' : 'leaves as'), ...linesOf('header', headerText(after))]),
  ];
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function textOf({ style, text }: Line, x: number, y: number, look: Look, isLost: boolean): string {
  const fill =
    style === 'end' || (style === 'verdict' && isLost)
      ? look.lost
      : style === 'rewrite' || style === 'verdict'
        ? look.accent
        : style === 'step' || style === 'title' || style === 'header'
          ? look.text
          : look.quiet;
  const size = style === 'title' ? 15 : style === 'verdict' ? 13 : isMono(style) || style === 'kind' ? 11 : 12;
  const weight = ['title', 'verdict', 'end', 'rewrite'].includes(style) ? ' font-weight="600"' : '';
  const font = isMono(style) ? ` font-family="${look.mono}"` : '';
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}"${weight}${font}>${escaped(text)}</text>`;
}

interface Row {
  readonly text: string;
  readonly width: number;
  readonly height: number;
}

function rowOf(hops: readonly Hop[], top: number, look: Look, end?: Trace): Row {
  const headers = headersOf(hops);
  const isLost = end !== undefined && end.verdict !== 'DELIVERED';
  const columns = hops.map((hop, index) => {
    const isLast = index === hops.length - 1;
    return hopLines(hop, headers[index], isLast, isLast ? end : undefined);
  });
  const heights = columns.map((lines) => lines.reduce((sum, { style }) => sum + HEIGHTS[style], 2 * PAD));
  const parts = columns.map((lines, index) => {
    const x = MARGIN + index * (COLUMN + GAP);
    const stroke = isLost && index === hops.length - 1 ? look.lost : look.line;
    let y = top + PAD;
    const texts = lines.map((line) => {
      y += HEIGHTS[line.style];
      return textOf(line, x + PAD, y - 4, look, isLost);
    });
    const middle = top + 32;
    const arrow =
      index === 0
        ? ''
        : `<path d="M${x - GAP + 3} ${middle}h${GAP - 8}m-5 -4l5 4l-5 4" fill="none" ` +
          `stroke="${look.quiet}" stroke-width="1.5"/>`;
    const box =
      `<rect x="${x}" y="${top}" width="${COLUMN}" height="${heights[index]}" rx="4" fill="none" ` +
      `stroke="${stroke}"/>`;
    return arrow + box + texts.join('');
  });
  const width = hops.length * COLUMN + Math.max(0, hops.length - 1) * GAP;
  return { text: parts.join(''), width, height: Math.max(0, ...heights) };
}

/** The whole picture. A pure function; names are text in it, never markup. */
export function traceSvg(trace: Trace, headline: string, look: Look): { text: string; width: number; height: number } {
  const way = rowOf(trace.hops, MARGIN + 30, look, trace);
  const parts = [
    `<text x="${MARGIN}" y="${MARGIN + 14}" font-size="16" font-weight="600" ` +
      `fill="${look.text}">${escaped(headline)}</text>`,
    way.text,
  ];
  let height = MARGIN + 30 + way.height + MARGIN;
  let { width } = way;
  const { reply } = trace;
  if (reply !== undefined) {
    const fill = reply.returns ? look.text : look.lost;
    parts.push(
      `<text x="${MARGIN}" y="${height + 14}" font-size="13" font-weight="600" fill="${fill}">` +
        `${escaped(`${reply.returns ? '✓' : '✕'} The reply: ${reply.explanation}`)}</text>`,
    );
    height += 28;
    if (reply.hops.length > 0) {
      const back = rowOf(reply.hops, height, look);
      parts.push(back.text);
      height += back.height + MARGIN;
      width = Math.max(width, back.width);
    }
  }
  const longest = Math.max(headline.length * 9, (reply?.explanation.length ?? 0) * 7.5 + 90);
  width = Math.ceil(Math.max(width, longest) + 2 * MARGIN);
  height = Math.ceil(height);
  const head =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="${look.font}">`;
  return {
    text: `${head}<rect width="100%" height="100%" fill="${look.ground}"/>${parts.join('')}</svg>`,
    width,
    height,
  };
}

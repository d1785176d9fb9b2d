/** Where the marks and flows of a picture stand, by d3-sankey: columns are given, widths are shares. */
import { sankey, sankeyLinkHorizontal } from 'd3-sankey';
import { type Fraction, toNumber } from '../state/fraction.js';
import type { Flow, FlowNode } from './flow-model.js';

export interface PlacedNode extends FlowNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedLink {
  readonly source: string;
  readonly target: string;
  readonly share: Fraction;
  readonly lost: boolean;
  /** It is not known what becomes of these connections. */
  readonly unknown: boolean;
  readonly path: string;
  readonly thickness: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Labels are to be shorter. */
  readonly narrow: boolean;
  /** Letters that a label has room for, in the last column and before it. */
  readonly letters: { readonly last: number; readonly inner: number };
  readonly nodes: readonly PlacedNode[];
  readonly links: readonly PlacedLink[];
  /** The left edge of each column. */
  readonly columns: readonly number[];
}

interface DrawnNode {
  readonly id: string;
  readonly mark: FlowNode;
}

interface DrawnLink {
  readonly share: Fraction;
}

const BAR = 10;
const PADDING = 28;
/** Room above for the titles of columns, and right for the labels of the last. */
const TOP = 34;
const [RIGHT, NARROW_RIGHT] = [256, 172];
const [LEAST_COLUMN, NARROW_COLUMN] = [150, 90];
/** Below this width labels are shorter and columns closer. */
const NARROW = 700;
const ROW = 40;
/** The width of a letter, on average and a little more. */
const LETTER = 7.6;

/** The layout in a width. A pure function; wider than asked where columns would be too narrow to read. */
export function layoutOf(flow: Flow, wanted: number): Layout {
  const count = flow.columns.length;
  const narrow = wanted < NARROW;
  const right = narrow ? NARROW_RIGHT : RIGHT;
  const width = Math.max(wanted, right + (count - 1) * (narrow ? NARROW_COLUMN : LEAST_COLUMN) + BAR);
  const rows = Array.from({ length: count }, (_, column) => flow.nodes.filter((node) => node.column === column).length);
  const height = Math.max(240, Math.max(...rows) * ROW + TOP + 16);
  const places = new Map(flow.nodes.map(({ id }, index) => [id, index]));
  const place = (end: unknown) => places.get((end as DrawnNode).id) ?? 0;
  const make = sankey<DrawnNode, DrawnLink>()
    .nodeId(({ id }) => id)
    .nodeAlign((node) => node.mark.column)
    .nodeSort((a, b) => flow.nodes.indexOf(a.mark) - flow.nodes.indexOf(b.mark))
    // Flows leave and arrive in the order of what they go to and come from, so that they cross as little as they can.
    .linkSort((a, b) => place(a.target) - place(b.target) || place(a.source) - place(b.source))
    .nodeWidth(BAR)
    .nodePadding(PADDING)
    .extent([
      [1, TOP],
      [width - right + BAR, height - 14],
    ]);
  const graph = make({
    nodes: flow.nodes.map((mark) => ({ id: mark.id, mark })),
    links: flow.links.map(({ source, target, share }) => ({ source, target, share, value: toNumber(share) })),
  });
  const line = sankeyLinkHorizontal();
  const nodes = graph.nodes.map(({ mark, x0 = 0, x1 = 0, y0 = 0, y1 = 0 }) => ({
    ...mark,
    x: x0,
    y: y0,
    width: x1 - x0,
    height: Math.max(2, y1 - y0),
  }));
  const links = graph.links.map((link) => {
    const [source, target] = [link.source as unknown as DrawnNode, link.target as unknown as DrawnNode];
    return {
      source: source.id,
      target: target.id,
      share: link.share,
      lost: target.mark.kind === 'lost',
      unknown: target.mark.verdict === 'UNKNOWN',
      path: line(link as never) ?? '',
      thickness: Math.max(1, link.width ?? 0),
    };
  });
  const step = count > 1 ? (width - right - 1) / (count - 1) : 0;
  const letters = { last: Math.floor((right - 20) / LETTER), inner: Math.max(8, Math.floor((step - 24) / LETTER)) };
  return { width, height, narrow, letters, nodes, links, columns: flow.columns.map((_, index) => 1 + index * step) };
}

/** The graph of chains, from left to right, laid out by dagre. A chain is a button that shows its rules. */
import { Graph, layout } from '@dagrejs/dagre';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { ChainGraph, ChainNode } from './chain-model.js';

const [WIDTH, HEIGHT] = [196, 44];
const LONGEST = 28;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** From left to right; from top to bottom where the place is narrow and there are few ends. */
function placed({ nodes, edges }: ChainGraph, large: boolean) {
  const ends = nodes.filter(({ kind }) => kind === 'endpoint' || kind === 'more').length;
  const rankdir = large || ends > 3 ? 'LR' : 'TB';
  const graph = new Graph();
  graph.setGraph({ rankdir, nodesep: 14, ranksep: rankdir === 'LR' ? 40 : 30, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id } of nodes) graph.setNode(id, { width: WIDTH, height: HEIGHT });
  for (const { source, target, label } of edges) {
    graph.setEdge(source, target, { width: label === '' ? 0 : 44, height: 14, labelpos: 'c' });
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.ceil(width),
    height: Math.ceil(height),
    nodes: nodes.map((node) => ({ node, ...(graph.node(node.id) as unknown as Point) })),
    edges: edges.map((edge) => {
      const {
        points = [],
        x,
        y,
      } = graph.edge(edge.source, edge.target) as unknown as {
        points?: readonly Point[];
        x?: number;
        y?: number;
      };
      return { edge, points, x, y };
    }),
  };
}

const middle = (text: string) => (text.length <= LONGEST ? text : `${text.slice(0, 17)}…${text.slice(-10)}`);

function path(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  return `M${first.x},${first.y}${rest.map(({ x, y }) => `L${x},${y}`).join('')}`;
}

interface Props {
  readonly graph: ChainGraph;
  readonly selected: string;
  readonly large: boolean;
  readonly label: string;
  onSelect(node: ChainNode): void;
}

export default function ChainsPicture({ graph, selected, large, label, onSelect }: Props) {
  const drawn = useMemo(() => placed(graph, large), [graph, large]);
  const element = useRef<HTMLDivElement>(null);
  const middleOf = drawn.nodes.find(({ node }) => node.id === selected)?.x;
  useEffect(() => {
    // Where the picture is wider than its place, the chain that is shown is in the middle of what is seen.
    const place = element.current;
    if (place !== null && middleOf !== undefined) place.scrollLeft = middleOf - place.clientWidth / 2;
  }, [middleOf]);
  return (
    <div class="picture chains" tabindex={0} role="region" aria-label={`${label}, as a picture`} ref={element}>
      <svg
        role="group"
        aria-label={label}
        width={drawn.width}
        height={drawn.height}
        viewBox={`0 0 ${drawn.width} ${drawn.height}`}
      >
        {drawn.edges.map(({ edge, points, x, y }) => (
          <g key={`${edge.source} ${edge.target}`} class="edge">
            <path d={path(points)} />
            <circle cx={points.at(-1)?.x ?? 0} cy={points.at(-1)?.y ?? 0} r={2.5} />
            {edge.label === '' ? null : (
              <text x={x ?? 0} y={(y ?? 0) + 4} text-anchor="middle">
                {edge.label}
              </text>
            )}
          </g>
        ))}
        {drawn.nodes.map(({ node, x, y }) => (
          <g
            key={node.id}
            class={`chain ${node.kind}`}
            role="button"
            tabindex={0}
            aria-pressed={node.id === selected}
            onClick={() => onSelect(node)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' && event.key !== ' ') return;
              event.preventDefault();
              onSelect(node);
            }}
          >
            <title>{`${node.name}, ${node.detail}`}</title>
            <rect x={x - WIDTH / 2} y={y - HEIGHT / 2} width={WIDTH} height={HEIGHT} rx={4} />
            <text class="chain-name" x={x - WIDTH / 2 + 8} y={y - 4}>
              {middle(node.name)}
            </text>
            <text class="number" x={x - WIDTH / 2 + 8} y={y + 13}>
              {` ${node.detail}`}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}

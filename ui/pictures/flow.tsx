/**
 * The flow as a picture: widths are shares. Groups open by click or Enter; focus or hover lights what flows through.
 */
import { useMemo, useState } from 'preact/hooks';
import type { Fraction } from '../state/fraction.js';
import { format, parse, percent, points, short, subtract } from '../state/fraction.js';
import type { Flow } from './flow-model.js';
import { layoutOf, type PlacedLink, type PlacedNode } from './sankey-layout.js';
import { useWidth } from './width.js';

interface Props {
  readonly flow: Flow;
  readonly label: string;
  /** The exact share that a mark had before, by its id: marks that differ show the difference. */
  readonly before?: ReadonlyMap<string, Fraction>;
  onToggle(group: string): void;
  onSelect?(node: PlacedNode): void;
}

/** A label that fits: its start and its end, which tells pods apart; of words the start. */
function shortened(text: string, most: number): string {
  if (text.length <= most) return text;
  if (text.includes(' ')) return `${text.slice(0, most - 1).trimEnd()}…`;
  const end = Math.min(11, Math.floor(most / 2) - 1);
  return `${text.slice(0, most - end - 1)}…${text.slice(-end)}`;
}

/** The marks that a mark's connections come from and go to. */
function lit(links: readonly PlacedLink[], id: string): ReadonlySet<string> {
  const found = new Set([id]);
  const follow = (from: 'source' | 'target', to: 'source' | 'target') => {
    const queue = [id];
    for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
      for (const link of links) {
        if (link[from] !== at || found.has(`${from} ${link.source} ${link.target}`)) continue;
        found.add(`${from} ${link.source} ${link.target}`);
        found.add(link[to]);
        queue.push(link[to]);
      }
    }
  };
  follow('source', 'target');
  follow('target', 'source');
  return found;
}

function Mark({
  node,
  letters,
  brief,
  dim,
  was,
  onToggle,
  onSelect,
  onLight,
}: {
  node: PlacedNode;
  letters: number;
  /** The fraction alone, where there is no room for more. */
  brief: boolean;
  dim: boolean;
  was: Fraction | undefined;
  onToggle(group: string): void;
  onSelect: ((node: PlacedNode) => void) | undefined;
  onLight(id: string | undefined): void;
}) {
  const exact = format(node.share);
  const change = was === undefined ? undefined : subtract(node.share, was);
  const differs = change !== undefined && change.n !== 0n;
  const words = [
    node.label,
    node.detail,
    `${exact}${exact === '1' ? '' : `, ${percent(node.share)}`}`,
    ...(differs ? [`${points(change)} points`] : []),
    ...(node.group === undefined ? [] : [node.isOpen === true ? 'open' : 'closed']),
  ].filter((word) => word !== '');
  // The difference takes the room of the count of endpoints, which the columns beside it show.
  const isInner = node.kind === 'node' || node.kind === 'zone';
  const acts = node.group !== undefined || onSelect !== undefined;
  const act = () => (node.group === undefined ? onSelect?.(node) : onToggle(node.group));
  const middle = node.y + node.height / 2;
  const sign = node.group === undefined ? '' : node.isOpen === true ? '▾ ' : '▸ ';
  return (
    <g
      class={
        `mark ${node.kind}${node.verdict === undefined ? '' : ` v-${node.verdict.toLowerCase()}`}` +
        `${dim ? ' dim' : ''}${differs ? ' differs' : ''}`
      }
      role={acts ? 'button' : 'img'}
      tabindex={0}
      aria-expanded={node.group === undefined ? undefined : node.isOpen === true}
      data-id={node.id}
      data-fraction={`${node.share.n}/${node.share.d}`}
      onClick={act}
      onKeyDown={(event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        act();
      }}
      onFocus={() => onLight(node.id)}
      onBlur={() => onLight(undefined)}
      onPointerEnter={() => onLight(node.id)}
      onPointerLeave={() => onLight(undefined)}
    >
      <title>{words.join(', ')}</title>
      <rect
        class="hit"
        x={node.x - 4}
        y={Math.min(node.y, middle - 14)}
        width={150}
        height={Math.max(node.height, 28)}
      />
      <rect class="bar" x={node.x} y={node.y} width={node.width} height={node.height} />
      <text x={node.x + node.width + 6} y={middle - 3}>
        {sign}
        {shortened(node.label, letters)}
      </text>
      <text class="number" x={node.x + node.width + 6} y={middle + 12}>
        {' '}
        <tspan class="fraction">{short(node.share)}</tspan>
        {brief || exact === '1' || exact === '0' ? '' : ` · ${percent(node.share)}`}
        {differs ? <tspan class="change">{` ${change.n > 0n ? '▲' : '▼'} ${points(change)}`}</tspan> : null}
        {node.detail === '' || brief || (differs && isInner) ? '' : ` · ${node.detail}`}
      </text>
    </g>
  );
}

export function FlowPicture({ flow, label, before, onToggle, onSelect }: Props) {
  const [element, width] = useWidth();
  const [light, setLight] = useState<string | undefined>(undefined);
  const layout = useMemo(() => (width === 0 ? undefined : layoutOf(flow, width)), [flow, width]);
  const bright = useMemo(
    () => (layout === undefined || light === undefined ? undefined : lit(layout.links, light)),
    [layout, light],
  );
  const isLit = ({ source, target }: PlacedLink) =>
    bright === undefined || bright.has(`source ${source} ${target}`) || bright.has(`target ${source} ${target}`);
  return (
    <div class="picture" tabindex={0} role="region" aria-label={`${label}, as a picture`} ref={element}>
      {layout === undefined ? null : (
        <svg
          class="flow"
          role="group"
          aria-label={label}
          width={layout.width}
          height={layout.height}
          viewBox={`0 0 ${layout.width} ${layout.height}`}
        >
          <defs>
            <pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
              <rect class="hatch-ground" width="6" height="6" />
              <rect class="hatch-line" width="3" height="6" />
            </pattern>
          </defs>
          {layout.columns.map((x, index) => (
            <text key={x} class="column" x={x} y={14}>
              {layout.narrow ? flow.columns[index]?.replace('endpoint’s ', '') : flow.columns[index]}
            </text>
          ))}
          <g class="links">
            {layout.links.map((link) => (
              <path
                key={`${link.source} ${link.target}`}
                class={`link${link.unknown ? ' unknown' : link.lost ? ' lost' : ''}${isLit(link) ? '' : ' dim'}`}
                d={link.path}
                stroke-width={link.thickness}
              />
            ))}
          </g>
          {layout.nodes.map((node) => (
            <Mark
              key={node.id}
              node={node}
              letters={node.column === flow.columns.length - 1 ? layout.letters.last : layout.letters.inner}
              brief={layout.narrow && node.column < flow.columns.length - 1}
              dim={bright !== undefined && !bright.has(node.id)}
              was={before === undefined ? undefined : (before.get(node.id) ?? parse('0'))}
              onToggle={onToggle}
              onSelect={onSelect}
              onLight={setLight}
            />
          ))}
        </svg>
      )}
    </div>
  );
}

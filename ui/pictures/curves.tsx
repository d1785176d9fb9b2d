/**
 * Curves over numbers of replicas, with a bound as a line. Each point is exact: the crosshair reads its fraction, by
 * pointer or arrow keys.
 */
import { scaleLinear } from 'd3-scale';
import { useState } from 'preact/hooks';

/** A point: where it is drawn, and what is read there, exact where it is exact. */
export interface Value {
  readonly y: number;
  readonly text: string;
}

export interface Curve {
  readonly name: string;
  /** One for each position; undefined: nothing there. */
  readonly values: readonly (Value | undefined)[];
}

interface Props {
  readonly label: string;
  readonly xName: string;
  readonly positions: readonly number[];
  readonly curves: readonly Curve[];
  /** A line across, with its words. */
  readonly bound?: Value;
  /** The number at a line of the grid. */
  readonly tick: (y: number) => string;
  readonly marked?: number;
  readonly width: number;
}

const HEIGHT = 320;
const [LEFT, RIGHT, TOP, BOTTOM] = [56, 20, 16, 40];
/** Dashes beside colours: curves differ without them. */
const DASHES = ['', '6 3', '2 3', '8 3 2 3', '1 4', '10 4'];

const ticksOf = (most: number) => (most > 0.5 ? 5 : 4);

export function Curves({ label, xName, positions, curves, bound, tick: written, marked, width }: Props) {
  const [at, setAt] = useState<number | undefined>(undefined);
  const values = curves.flatMap((curve) => curve.values.flatMap((value) => (value === undefined ? [] : [value.y])));
  const most = Math.max(...values, bound?.y ?? 0, 0.01);
  const [first = 0, last = 1] = [positions[0], positions.at(-1)];
  const x = scaleLinear([first, Math.max(last, first + 1)], [LEFT, width - RIGHT]);
  const y = scaleLinear([0, most * 1.05], [HEIGHT - BOTTOM, TOP]);
  const line = ({ values: all }: Curve) =>
    all
      .map((value, index) => {
        const position = positions[index];
        if (value === undefined || position === undefined) return '';
        return (
          `${index > 0 && all[index - 1] !== undefined ? 'L' : 'M'}${x(position).toFixed(1)},` +
          `${y(value.y).toFixed(1)}`
        );
      })
      .join('');
  const nearest = (pixel: number) => {
    const wanted = x.invert(pixel);
    return positions.reduce(
      (best, one, index) => (Math.abs(one - wanted) < Math.abs((positions[best] ?? 0) - wanted) ? index : best),
      0,
    );
  };
  const step = (by: number) => setAt(at === undefined ? 0 : Math.min(positions.length - 1, Math.max(0, at + by)));
  const position = at === undefined ? undefined : positions[at];
  return (
    <div class="picture curves">
      <svg
        role="slider"
        tabindex={0}
        aria-label={`${label}. Arrow keys read the points.`}
        aria-valuemin={first}
        aria-valuemax={last}
        aria-valuenow={position ?? first}
        aria-valuetext={
          at === undefined
            ? undefined
            : `${position} ${xName}: ` +
              `${curves.map(({ name, values: all }) => `${name} ${all[at]?.text ?? 'none'}`).join(', ')}`
        }
        width={width}
        height={HEIGHT}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        onPointerMove={({ clientX, currentTarget }) =>
          setAt(nearest(clientX - currentTarget.getBoundingClientRect().left))
        }
        onPointerLeave={() => setAt(undefined)}
        onKeyDown={(event) => {
          if (event.key === 'ArrowRight') step(1);
          else if (event.key === 'ArrowLeft') step(-1);
          else return;
          event.preventDefault();
        }}
      >
        {y.ticks(ticksOf(most)).map((tick) => (
          <g key={tick} class="grid">
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} />
            <text x={LEFT - 8} y={y(tick) + 4} text-anchor="end">
              {written(tick)}
            </text>
          </g>
        ))}
        {x
          .ticks(Math.min(10, Math.max(1, last - first)))
          .filter(Number.isInteger)
          .map((tick) => (
            <text key={tick} class="tick" x={x(tick)} y={HEIGHT - BOTTOM + 18} text-anchor="middle">
              {tick}
            </text>
          ))}
        <text class="tick" x={(LEFT + width - RIGHT) / 2} y={HEIGHT - 4} text-anchor="middle">
          {xName}
        </text>
        {bound === undefined ? null : (
          <g class="bound">
            <line x1={LEFT} x2={width - RIGHT} y1={y(bound.y)} y2={y(bound.y)} />
            <text x={width - RIGHT} y={y(bound.y) - 5} text-anchor="end">
              {bound.text}
            </text>
          </g>
        )}
        {marked === undefined ? null : (
          <g class="marked">
            <line x1={x(marked)} x2={x(marked)} y1={TOP} y2={HEIGHT - BOTTOM} />
            <text x={x(marked) + 5} y={TOP + 10}>
              {marked} are enough
            </text>
          </g>
        )}
        {curves.map((curve, index) => (
          <path key={curve.name} class={`curve c${index % 6}`} d={line(curve)} stroke-dasharray={DASHES[index % 6]} />
        ))}
        {at === undefined || position === undefined ? null : (
          <g class="crosshair">
            <line x1={x(position)} x2={x(position)} y1={TOP} y2={HEIGHT - BOTTOM} />
            {curves.map(({ name, values: all }, index) =>
              all[at] === undefined ? null : (
                <circle key={name} class={`c${index % 6}`} cx={x(position)} cy={y(all[at]?.y ?? 0)} r={4} />
              ),
            )}
          </g>
        )}
      </svg>
      <ul class="legend" aria-hidden="true">
        {curves.map(({ name, values: all }, index) => {
          const value = at === undefined ? undefined : all[at];
          return (
            <li key={name}>
              <svg width="28" height="10" class="sample">
                <path class={`curve c${index % 6}`} d="M1,5L27,5" stroke-dasharray={DASHES[index % 6]} />
              </svg>
              {name}
              {value === undefined ? '' : ` ${value.text}`}
            </li>
          );
        })}
        {position === undefined ? null : (
          <li>
            at {position} {xName}
          </li>
        )}
      </ul>
    </div>
  );
}

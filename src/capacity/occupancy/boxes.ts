/** The chance that each pod's load is within its box, by one Fourier sum. */
import { poissonLog } from '../numbers.js';
import { LAST_TERM } from './characteristic.js';
import type { Box } from './groups.js';
import { logAtMean, nearest, poissonWindow } from './poisson.js';

/** exp(i·angle) to a whole power of a complex number. */
function power(re: number, im: number, exponent: number): readonly [number, number] {
  const size = Math.sqrt(re * re + im * im) ** exponent;
  const angle = Math.atan2(im, re) * exponent;
  return [size * Math.cos(angle), size * Math.sin(angle)];
}

/** One value by the Fourier sum, tilted so that the cut variables have the wanted sum as their mean. */
export function byFourier(connections: number, boxes: readonly Box[]): number {
  const series = (rate: number) =>
    boxes.map(({ share, low, high }) => {
      const mean = rate * share;
      const from = Math.max(low, Math.floor(mean - 14 * Math.sqrt(mean) - 14), 0);
      const to = Math.min(high, Math.ceil(mean + 14 * Math.sqrt(mean) + 14));
      // A box beside the mean: its nearest end holds what there is of it.
      const [a, b] =
        from > to ? (mean > high ? [Math.max(low, high - 60), high] : [low, Math.min(high, low + 60)]) : [from, to];
      // Relative to the likeliest value, since all of a window far beside the mean may be too small for a double.
      return {
        a,
        chances: poissonWindow(mean, a, b, true),
        log: b < a ? Number.NEGATIVE_INFINITY : poissonLog(mean, nearest(mean, a, b)),
      };
    });
  const momentsAt = (rate: number) => {
    let [mean, variance, log] = [0, 0, 0];
    for (const [index, { a, chances, log: scale }] of series(rate).entries()) {
      const { count } = boxes[index] as Box;
      let [w, m, q] = [0, 0, 0];
      for (const [k, chance] of chances.entries()) {
        w += chance;
        m += (a + k) * chance;
        q += (a + k) ** 2 * chance;
      }
      if (w === 0) return { mean: Number.NaN, variance: 0, log: Number.NEGATIVE_INFINITY };
      mean += (count * m) / w;
      variance += count * (q / w - (m / w) ** 2);
      log += count * (Math.log(w) + scale);
    }
    return { mean, variance, log };
  };
  const least = boxes.reduce((sum, { count, low }) => sum + count * low, 0);
  const most = boxes.reduce((sum, { count, high }) => sum + count * Math.min(high, connections), 0);
  if (connections < least || connections > most) return 0;
  let rate = connections;
  for (let round = 0; round < 60; round++) {
    const { mean, variance } = momentsAt(rate);
    if (Number.isNaN(mean) || variance <= 0) break;
    const move = ((connections - mean) / variance) * rate;
    if (Math.abs(move) < 1e-9 * rate) break;
    rate = Math.max(rate / 2, Math.min(rate * 2, rate + move));
  }
  const { variance, log } = momentsAt(rate);
  const parts = series(rate).map(({ a, chances }) => {
    const weight = chances.reduce((sum, one) => sum + one, 0);
    return { a, chances: chances.map((one) => one / weight) };
  });
  const points = Math.ceil(20 * Math.sqrt(Math.max(variance, 0.1))) + 60;
  let [total, small] = [0, 0];
  for (let index = 0; index <= points / 2; index++) {
    const angle = (2 * Math.PI * index) / points;
    const turn = [Math.cos(angle), Math.sin(angle)] as const;
    let [a, b] = [1, 0];
    for (const [group, part] of parts.entries()) {
      let [x, y] = [0, 0];
      // The next angle by turning the one before it.
      let [c, s] = [Math.cos(angle * part.a), Math.sin(angle * part.a)];
      for (const chance of part.chances) {
        x += chance * c;
        y += chance * s;
        const turned = c * turn[0] - s * turn[1];
        s = c * turn[1] + s * turn[0];
        c = turned;
      }
      const { count } = boxes[group] as Box;
      const [u, v] = count === 1 ? [x, y] : power(x, y, count);
      [a, b] = [a * u - b * v, a * v + b * u];
    }
    const value = a * Math.cos(angle * connections) + b * Math.sin(angle * connections);
    total += index === 0 || index * 2 === points ? value : 2 * value;
    // A characteristic function may pass by zero once and come back.
    small = Math.sqrt(a * a + b * b) < LAST_TERM ? small + 1 : 0;
    if (small === 4) break;
  }
  // The tilt is undone: Poisson variables of another rate differ by a factor that the sum alone decides.
  const off = rate / connections - 1;
  const undo = log + connections * (off - Math.log1p(off)) - logAtMean(connections);
  return Math.min(1, Math.max(0, (total / points) * Math.exp(undo)));
}

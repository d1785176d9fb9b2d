/** What a sweep draws: shares of endpoints, nodes and zones; the load of pods where traffic is given. */

import type { SweepPoint } from '../api/types.js';
import { format, parse, percent, toNumber } from '../state/fraction.js';
import { isRecord } from '../state/record.js';
import type { Curve, Value } from './curves.js';

/** A share, read as the fraction that it is. */
function shareValue({ fraction }: { readonly fraction: string }): Value {
  const exact = parse(fraction);
  return { y: toNumber(exact), text: `${format(exact)} · ${percent(exact)}` };
}

/** Largest and smallest share of an endpoint, and the share of each zone. */
export function shareCurves(points: readonly SweepPoint[], index: number): readonly Curve[] {
  const services = points.map((point) => point.services[index]);
  const named = services.flatMap((one) => one?.zones.map(({ zone }) => zone) ?? []).filter((zone) => zone !== '');
  const zones = [...new Set(named)].sort().slice(0, 3);
  const curve = (
    name: string,
    of: (one: NonNullable<(typeof services)[number]>) => { readonly fraction: string } | undefined,
  ) => ({
    name,
    values: services.map((one) => {
      const value = one === undefined ? undefined : of(one);
      return value === undefined ? undefined : shareValue(value);
    }),
  });
  return [
    curve('largest endpoint', (one) => one.largest),
    curve('smallest endpoint', (one) => one.smallest),
    curve('busiest node', (one) => one.nodes.largest),
    ...zones.map((zone) =>
      curve(/^zone/.test(zone) ? zone : `zone ${zone}`, (one) => one.zones.find((found) => found.zone === zone)?.share),
    ),
  ];
}

/** A number of a load: rounded for the eye, since loads are no fractions. */
function loadValue(value: unknown): Value | undefined {
  if (typeof value !== 'number' || !Number.isFinite(value)) return undefined;
  return { y: value, text: Number(value.toPrecision(4)).toLocaleString('en') };
}

/** The most and the least loaded pod, where the answer has loads. Empty where it has none. */
export function loadCurves(points: readonly SweepPoint[], index: number): readonly Curve[] {
  const loads = points.map((point) => point.services[index]?.load);
  if (loads.every((load) => load === undefined)) return [];
  const at = (load: unknown, group: string, field: string) => {
    const inner = isRecord(load) ? load[group] : undefined;
    return loadValue(isRecord(inner) ? inner[field] : undefined);
  };
  const curves: readonly Curve[] = [
    { name: 'busiest pod, mean', values: loads.map((load) => at(load, 'most', 'mean')) },
    { name: 'busiest pod, 95th percentile', values: loads.map((load) => at(load, 'most', 'p95')) },
    { name: 'idlest pod, mean', values: loads.map((load) => at(load, 'least', 'mean')) },
  ];
  return curves.filter(({ values }) => values.some((value) => value !== undefined));
}

/** The chance that some pod is over its capacity, of each point that has one. */
export function overChance(point: SweepPoint, index: number): number | undefined {
  const load = point.services[index]?.load;
  const chance = isRecord(load) ? load.anyOver : undefined;
  return typeof chance === 'number' ? chance : undefined;
}

/** A Service in few numbers, for lists: each number is that of the door where it is the largest. */
import { compare, type Fraction, formatFraction, parseFraction, sum, toNumber, ZERO } from '../../base/fraction.js';
import type { ExactShare, InspectedService, Probability } from '../../contract/answers.js';
import type { SideDoor } from '../check/compare-doors.js';

const exact = ({ fraction }: { readonly fraction: string }): Fraction => parseFraction(fraction) ?? ZERO;

const written = (value: Fraction): ExactShare => ({ fraction: formatFraction(value), value: toNumber(value) });

function largest(values: readonly Fraction[]): Fraction | undefined {
  return values.reduce<Fraction | undefined>(
    (most, value) => (most === undefined || compare(value, most) > 0 ? value : most),
    undefined,
  );
}

/** The share of a door's connections that do not arrive, for whatever reason that is known. */
function lost({ result: { dropped, rejected, unreachable } }: SideDoor): Fraction {
  return sum([dropped, rejected, unreachable].map(exact));
}

/** The numbers of a Service, from its doors as `askSide` gives them. */
export function inspectedService(side: {
  readonly key: string;
  readonly doors: readonly SideDoor[];
}): InspectedService {
  const { key, doors } = side;
  const of = (pick: (door: SideDoor) => Probability | { readonly fraction: string } | undefined) =>
    largest(doors.flatMap((door) => pick(door) ?? []).map(exact));
  const crossZone = of(({ result }) => result.crossZone);
  const imbalance = of(({ result }) => result.imbalance);
  return {
    service: key,
    doors: doors.length,
    endpoints: Math.max(0, ...doors.map(({ result }) => result.endpoints.length)),
    notDelivered: written(largest(doors.map(lost)) ?? ZERO),
    unknown: written(of(({ result }) => result.unknown) ?? ZERO),
    ...(crossZone === undefined ? {} : { crossZone: written(crossZone) }),
    ...(imbalance === undefined ? {} : { imbalance: written(imbalance) }),
  };
}

import type { SweepBoundResult, SweepPoint, SweepResult, SweptShares } from '../../contract/answers.js';
import type { SweepBound } from '../../contract/requests.js';
import { fieldsOfLoad } from '../load/fields.js';
import { bearingText } from './load.js';
import { count, share } from './sentence-parts.js';

/** What is bounded, of the Service port in which it is largest. */
function largestOf(services: readonly SweptShares[]): SweptShares['largest'] {
  return services.reduce<SweptShares['largest']>(
    (most, { largest }) =>
      largest !== undefined && (most === undefined || largest.value > most.value) ? largest : most,
    undefined,
  );
}

/**
 * The Service port of a point whose pods are over their capacity with the largest chance, else the one with the hottest
 * pod.
 */
function worstLoad({ services }: SweepPoint): SweptShares['load'] {
  const rank = ({ load }: SweptShares) => {
    const { overCapacity = 0, requestsPerSecond, most } = fieldsOfLoad(load) ?? {};
    return [overCapacity, most?.p99 ?? requestsPerSecond?.most ?? 0] as const;
  };
  const [worst] = [...services].sort((a, b) => rank(b)[0] - rank(a)[0] || rank(b)[1] - rank(a)[1]);
  return worst?.load;
}

/** How many replicas bear the traffic, and what one number less would mean. */
function loadedSummary(points: readonly SweepPoint[], at: number, bound: SweepBoundResult, name: string): string {
  const [here, before] = [points[at] as SweepPoint, points[at - 1]];
  const enough =
    `${count(here.replicas, 'replica')} of ${name} ${here.replicas === 1 ? 'is' : 'are'} enough: ` +
    `${bearingText(worstLoad(here))}.`;
  const fails =
    before === undefined || before.satisfied === true
      ? ''
      : ` ${before.replicas} ${before.replicas === 1 ? 'is' : 'are'} not: ${bearingText(worstLoad(before))}.`;
  const lasting =
    bound.lasting === bound.smallest
      ? ''
      : bound.lasting === undefined
        ? ' Larger numbers do not all keep the bound.'
        : ` From ${bound.lasting} on every number keeps the bound.`;
  return `${enough}${fails}${lasting}`;
}

/**
 * The smallest number that keeps the bound, or how the largest share moves over the range. `asked` is the question's
 * own bound; a question that has none is bounded by the load, where it says what a pod takes.
 */
export function sweepSummary(
  { bound, points, workload, services }: SweepResult,
  asked: SweepBound | undefined,
): string {
  const isAboutLoad = asked === undefined || asked.overCapacity !== undefined;
  const [first] = points;
  const last = points.at(-1);
  const name = `${workload.namespace}/${workload.name}`;
  if (first === undefined || last === undefined) return `No number of replicas of ${name} was asked about.`;
  const known = points.every(({ services: swept }) => swept.every(({ unknown }) => unknown.fraction === '0'));
  if (bound !== undefined) {
    if (bound.smallest === undefined) {
      if (known && isAboutLoad) {
        return (
          `No number of replicas of ${name} from ${first.replicas} to ${last.replicas} is enough: at ` +
          `${last.replicas}, ${bearingText(worstLoad(last))}.`
        );
      }
      const doubt = known ? '' : ', as far as it is known';
      return (
        `No number of replicas from ${first.replicas} to ${last.replicas} keeps the bound${doubt}. ` +
        `${bound.explanation}`
      );
    }
    const at = points.findIndex(({ replicas }) => replicas === bound.smallest);
    const before = points[at - 1];
    const loaded = (points[at]?.services ?? []).some(({ load }) => fieldsOfLoad(load)?.overCapacity !== undefined);
    if (loaded && isAboutLoad) return loadedSummary(points, at, bound, name);
    const largest = largestOf(points[at]?.services ?? []);
    const most = largest === undefined ? '' : `: no endpoint gets more than ${share(largest)}`;
    const fails =
      before === undefined || before.satisfied === true
        ? ''
        : ` ${count(before.replicas, 'replica')} ${before.replicas === 1 ? 'is' : 'are'} not.`;
    const lasting =
      bound.lasting === bound.smallest
        ? ''
        : bound.lasting === undefined
          ? ' Larger numbers do not all keep the bound.'
          : ` From ${bound.lasting} on every number keeps the bound.`;
    return (
      `${count(bound.smallest, 'replica')} of ${name} ${bound.smallest === 1 ? 'is' : 'are'} ` +
      `enough${most}.${fails}${lasting}`
    );
  }
  if (services.length === 0) return `No Service selects the pods of ${name}.`;
  const from = largestOf(first.services);
  const to = largestOf(last.services);
  const isNever = points.every(({ services: at }) => largestOf(at) === undefined);
  const shares =
    from === undefined || to === undefined
      ? isNever
        ? 'nothing is delivered'
        : `nothing is delivered at ${(from === undefined ? first : last).replicas}`
      : `the largest share of an endpoint goes from ${share(from)} to ${share(to)}`;
  const doubt = known ? '' : ' Of some connections it is not known what becomes of them.';
  return `From ${first.replicas} to ${last.replicas} replicas of ${name}, ${shares}.${doubt}`;
}

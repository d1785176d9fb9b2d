import type { SweepResult, SweptShares } from '../../contract/answers.js';
import { count, share } from './words.js';

/** What is bounded, of the Service port in which it is largest. */
function largestOf(services: readonly SweptShares[]): SweptShares['largest'] {
  return services.reduce<SweptShares['largest']>(
    (most, { largest }) =>
      largest !== undefined && (most === undefined || largest.value > most.value) ? largest : most,
    undefined,
  );
}

/** The smallest number that keeps the bound, or how the largest share moves over the range. */
export function sweepSummary({ bound, points, workload, services }: SweepResult): string {
  const [first] = points;
  const last = points.at(-1);
  const name = `${workload.namespace}/${workload.name}`;
  if (first === undefined || last === undefined) return `No number of replicas of ${name} was asked about.`;
  const known = points.every(({ services: swept }) => swept.every(({ unknown }) => unknown.fraction === '0'));
  if (bound !== undefined) {
    if (bound.smallest === undefined) {
      const doubt = known ? '' : ', as far as it is known';
      return `No number of replicas from ${first.replicas} to ${last.replicas} keeps the bound${doubt}. ${bound.explanation}`;
    }
    const at = points.findIndex(({ replicas }) => replicas === bound.smallest);
    const before = points[at - 1];
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
    return `${count(bound.smallest, 'replica')} of ${name} ${bound.smallest === 1 ? 'is' : 'are'} enough${most}.${fails}${lasting}`;
  }
  if (services.length === 0) return `No Service selects the pods of ${name}.`;
  const from = largestOf(first.services);
  const to = largestOf(last.services);
  const shares =
    from === undefined || to === undefined
      ? 'at one end of the range nothing is delivered'
      : `the largest share of an endpoint goes from ${share(from)} to ${share(to)}`;
  const doubt = known ? '' : ' Of some connections it is not known what becomes of them.';
  return `From ${first.replicas} to ${last.replicas} replicas of ${name}, ${shares}.${doubt}`;
}

/** Sweep: how shares go from few replicas to many, and the smallest number that keeps a bound. */
import { useMemo, useState } from 'preact/hooks';
import type { SweepResult } from '../api/types.js';
import { Curves } from '../pictures/curves.js';
import { loadCurves, overChance, shareCurves } from '../pictures/sweep-curves.js';
import { useWidth } from '../pictures/width.js';
import { useAnswer } from '../state/ask.js';
import { format, parse, toNumber } from '../state/fraction.js';
import { scalable, useObjects } from '../state/objects.js';
import { route } from '../state/route.js';
import { request } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { chosenSweep, readLimit, type SweepChosen, UNITS } from '../state/sweep-question.js';
import { RestsOn } from './assumptions.js';
import { Empty, FailureBox, FindingLines, Headline, Share, Waiting } from './parts.js';
import { Select } from './select.js';
import { SweepSentence } from './sweep-sentence.js';

const chanceText = (chance: number | undefined) =>
  chance === undefined ? '–' : `${Number((100 * chance).toPrecision(3))} %`;

function PointsTable({ result, index }: { result: SweepResult; index: number }) {
  const hasChance = result.points.some((point) => overChance(point, index) !== undefined);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Points">
      <table class="data" data-points>
        <thead>
          <tr>
            {[
              'Replicas',
              'Endpoints',
              'Largest',
              'Smallest',
              'Busiest node',
              'Delivered',
              ...(hasChance ? ['Some pod over'] : []),
              ...(result.bound === undefined ? [] : ['Bound']),
            ].map((title) => (
              <th scope="col" key={title} class="number">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {result.points.map((point) => {
            const one = point.services[index];
            if (one === undefined) return null;
            return (
              <tr key={point.replicas} class={point.replicas === result.bound?.smallest ? 'smallest' : ''}>
                <th scope="row" class="number">
                  {point.replicas}
                </th>
                <td class="number">{one.endpoints}</td>
                <td class="number">{one.largest === undefined ? '–' : <Share of={one.largest} />}</td>
                <td class="number">{one.smallest === undefined ? '–' : <Share of={one.smallest} />}</td>
                <td class="number">{one.nodes.largest === undefined ? '–' : <Share of={one.nodes.largest} />}</td>
                <td class="number">
                  <Share of={one.delivered} />
                </td>
                {hasChance ? <td class="number">{chanceText(overChance(point, index))}</td> : null}
                {point.satisfied === undefined ? null : (
                  <td class="number">
                    {point.satisfied ? '✓ kept' : '✕ not kept'}
                    {point.replicas === result.bound?.smallest ? ' ← smallest' : ''}
                  </td>
                )}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const boundValue = (limit: string) => ({ y: toNumber(parse(limit)), text: `bound ${format(parse(limit))}` });

function SweepPicture({ result, chosen }: { result: SweepResult; chosen: SweepChosen }) {
  const [element, width] = useWidth();
  const [index, setIndex] = useState(0);
  const curves = useMemo(() => shareCurves(result.points, index), [result, index]);
  const loads = useMemo(() => loadCurves(result.points, index), [result, index]);
  const positions = result.points.map(({ replicas }) => replicas);
  const capacity = Number(chosen.capacity);
  const limit = readLimit(chosen.bound);
  const smallest = result.bound?.smallest;
  const drawn = chosen.boundName !== 'imbalance' && limit !== undefined ? { bound: boundValue(limit) } : {};
  return (
    <section aria-labelledby="curves-title">
      <div class="section-head">
        <h2 id="curves-title">Shares of new connections</h2>
        {result.services.length > 1 ? (
          <Select
            label="Service port"
            value={String(index)}
            options={result.services.map(
              ({ service, via }, place) =>
                [String(place), `${service.namespace}/${service.name}:${service.port} ${via}`] as const,
            )}
            onPick={(place) => setIndex(Number(place))}
          />
        ) : (
          <span class="detail">
            {result.services[0] === undefined
              ? ''
              : `${result.services[0].service.namespace}/${result.services[0].service.name}:` +
                `${result.services[0].service.port}, ${result.services[0].clients}`}
          </span>
        )}
      </div>
      <div ref={element}>
        {width === 0 ? null : (
          <Curves
            label="Shares over numbers of replicas"
            tick={(share) => `${Math.round(share * 1000) / 10} %`}
            xName="replicas"
            positions={positions}
            curves={curves}
            width={width}
            {...drawn}
            {...(smallest === undefined ? {} : { marked: smallest })}
          />
        )}
      </div>
      {loads.length === 0 || width === 0 ? null : (
        <>
          <h2 class="second">Load of a pod, in {UNITS[chosen.unit]}</h2>
          <Curves
            label="Load over numbers of replicas"
            tick={(load) => load.toLocaleString('en')}
            xName="replicas"
            positions={positions}
            curves={loads}
            width={width}
            {...(capacity > 0 ? { bound: { y: capacity, text: `a pod takes ${chosen.capacity}` } } : {})}
            {...(smallest === undefined ? {} : { marked: smallest })}
          />
        </>
      )}
      <details class="as-table">
        <summary>Points as a table</summary>
        <PointsTable result={result} index={index} />
      </details>
    </section>
  );
}

export function SweepView() {
  const { objects, answer: cluster, failure: fault } = useObjects();
  const { parameters } = route.value;
  const chosen = useMemo(() => chosenSweep(objects, parameters), [objects, parameters]);
  const body = cluster === undefined || chosen.question === undefined ? undefined : request(chosen.question);
  const { answer, failure, asking } = useAnswer('sweep', body);
  useShown('sweep', body);
  if (fault !== undefined) return <FailureBox failure={fault} />;
  if (cluster === undefined) return <Waiting what="Reading the cluster" />;
  if (scalable(objects).length === 0) {
    return (
      <Empty title="Nothing to scale">
        <p>
          The snapshot has no Deployment, StatefulSet or ReplicaSet. Was it made with deployments, replicasets and
          statefulsets?
        </p>
      </Empty>
    );
  }
  return (
    <>
      <SweepSentence chosen={chosen} objects={objects} />
      {failure === undefined ? null : <FailureBox failure={failure} />}
      {answer === undefined && asking ? (
        <Waiting what={`Scaling ${chosen.workload} from ${chosen.from} to ${chosen.to}`} />
      ) : null}
      {answer === undefined || failure !== undefined ? null : (
        <>
          <Headline text={answer.summary} asking={asking} />
          <FindingLines findings={answer.findings} />
          {answer.result.services.length === 0 ? (
            <Empty title="No Service">
              <p>No Service selects the pods of {chosen.workload}.</p>
            </Empty>
          ) : (
            <SweepPicture result={answer.result} chosen={chosen} />
          )}
          <RestsOn answer={answer} />
        </>
      )}
    </>
  );
}

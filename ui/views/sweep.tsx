/** Sweep: how shares go from few replicas to many, and the smallest number that keeps a bound. */
import { useMemo, useState } from 'preact/hooks';
import type { Body, ListedObjects, SweepPoint, SweepResult } from '../api/types.js';
import { type Curve, Curves } from '../pictures/curves.js';
import { useAnswer } from '../state/ask.js';
import { parse } from '../state/fraction.js';
import { findService, useObjects, workloadOf } from '../state/objects.js';
import { type Parameters, route, set } from '../state/route.js';
import { chosenOf, questionOf } from '../state/service-question.js';
import { request } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { scalable } from './change-forms.js';
import { Combobox } from './combobox.js';
import { Empty, FailureBox, FindingLines, Headline, Share, Waiting } from './parts.js';
import { Select } from './select.js';
import { useWidth } from './width.js';

const BOUNDS = {
  largestShare: 'no endpoint gets more than',
  largestNodeShare: 'no node gets more than',
  largestZoneShare: 'no zone gets more than',
  imbalance: 'the largest over the even share is at most',
  delivered: 'delivered is at least',
} as const;

type BoundName = keyof typeof BOUNDS;

const LIMIT = /^\d{1,18}(\/0*[1-9]\d{0,17})?$/;

/** `5 %` and `0.05` are written as fractions, since answers are exact. Undefined for what is no number. */
export function readLimit(text: string): string | undefined {
  const wanted = text.trim().replace(/\s*%$/, '%');
  if (LIMIT.test(wanted)) return wanted;
  const [, whole = '', decimals = '', sign] = /^(\d{1,6})(?:\.(\d{1,6}))?(%)?$/.exec(wanted) ?? [];
  if (whole === '') return undefined;
  return `${Number(`${whole}${decimals}`)}/${10 ** decimals.length * (sign === undefined ? 1 : 100)}`;
}

const whole = (text: string | undefined, fallback: number) => {
  const number = Number(text);
  return text !== undefined && Number.isInteger(number) && number >= 0 && number <= 5000 ? number : fallback;
};

interface SweepChosen {
  readonly workload: string;
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly boundName: BoundName;
  readonly bound: string;
  readonly question: Body | undefined;
}

/** The workload that the address names, else the first; no more than some hundred points unless asked for. */
function chosenSweep(objects: ListedObjects, parameters: Parameters): SweepChosen {
  const choices = scalable(objects);
  const workload = parameters.workload ?? choices[0]?.value ?? '';
  const reference = workloadOf(workload);
  const listed = objects.workloads.find((one) => `${one.kind} ${one.namespace}/${one.name}` === workload);
  const now = listed?.replicas ?? listed?.pods ?? 3;
  const from = whole(parameters.least, 1);
  const to = Math.max(from, whole(parameters.most, Math.max(20, 2 * now)));
  const step = Math.max(1, whole(parameters.step, Math.ceil((to - from) / 200)));
  const boundName = (parameters.boundOf ?? 'largestShare') as BoundName;
  const limit = readLimit(parameters.bound ?? '');
  const service = findService(objects, parameters.service ?? '');
  const probability =
    service === undefined || service.ports.length === 0
      ? {}
      : { probability: questionOf(chosenOf(service, parameters)) };
  const question =
    reference === undefined
      ? undefined
      : {
          sweep: {
            scale: reference,
            from,
            to,
            ...(step === 1 ? {} : { step }),
            ...probability,
            ...(limit === undefined ? {} : { bound: { [boundName]: limit } }),
          },
        };
  return { workload, from, to, step, boundName, bound: parameters.bound ?? '', question };
}

function NumberField({ label, value, name }: { label: string; value: number; name: string }) {
  return (
    <label>
      {label}{' '}
      <input
        type="number"
        min={0}
        max={5000}
        value={value}
        onChange={({ currentTarget }) => set({ [name]: currentTarget.value })}
      />
    </label>
  );
}

function SweepSentence({ chosen, objects }: { chosen: SweepChosen; objects: ListedObjects }) {
  const [fault, setFault] = useState('');
  return (
    <div class="sentence">
      <span>Scale</span>
      <Combobox
        label="Workload"
        value={chosen.workload}
        choices={scalable(objects)}
        onPick={(workload) => set({ workload, least: undefined, most: undefined, step: undefined })}
      />
      <NumberField label="from" value={chosen.from} name="least" />
      <NumberField label="to" value={chosen.to} name="most" />
      <span>so that</span>
      <Select<BoundName>
        label="Bound"
        value={chosen.boundName}
        options={Object.entries(BOUNDS).map(([name, words]) => [name as BoundName, words] as const)}
        onPick={(boundOf) => set({ boundOf })}
      />
      <label>
        <span class="hidden">Limit</span>
        <input
          type="text"
          size={8}
          placeholder="1/20 or 5 %"
          value={chosen.bound}
          onChange={({ currentTarget }) => {
            const text = currentTarget.value;
            const isRight = text.trim() === '' || readLimit(text) !== undefined;
            setFault(isRight ? '' : 'A limit is a fraction, as 1/20, or a percentage, as 5 %.');
            if (isRight) set({ bound: text });
          }}
        />
      </label>
      {fault === '' ? null : (
        <span class="fault" role="alert">
          {fault}
        </span>
      )}
    </div>
  );
}

/** Largest and smallest share of an endpoint, and the share of each zone. */
function curvesOf(points: readonly SweepPoint[], index: number): readonly Curve[] {
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
      return value === undefined ? undefined : parse(value.fraction);
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

function PointsTable({ result, index }: { result: SweepResult; index: number }) {
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

function SweepPicture({ result, chosen }: { result: SweepResult; chosen: SweepChosen }) {
  const [element, width] = useWidth();
  const [index, setIndex] = useState(0);
  const curves = useMemo(() => curvesOf(result.points, index), [result, index]);
  const limit = readLimit(chosen.bound);
  const smallest = result.bound?.smallest;
  const drawn = chosen.boundName !== 'imbalance' && limit !== undefined ? { bound: parse(limit) } : {};
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
              : `${result.services[0].service.namespace}/${result.services[0].service.name}:${result.services[0].service.port}, ${result.services[0].clients}`}
          </span>
        )}
      </div>
      <div ref={element}>
        {width === 0 ? null : (
          <Curves
            label="Shares over numbers of replicas"
            xName="replicas"
            positions={result.points.map(({ replicas }) => replicas)}
            curves={curves}
            width={width}
            {...drawn}
            {...(smallest === undefined ? {} : { marked: smallest })}
          />
        )}
      </div>
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
        </>
      )}
    </>
  );
}

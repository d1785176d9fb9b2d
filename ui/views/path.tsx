/** A path: who sends where, what becomes of it, one outcome hop by hop, and what would let it pass. */
import { useMemo } from 'preact/hooks';
import type { Family, ListedObjects, Remedy, Trace, Via } from '../api/types.js';
import { TracePicture } from '../pictures/hops.js';
import { type Look, traceSvg } from '../pictures/trace-svg.js';
import { useAnswer } from '../state/ask.js';
import { findService, useObjects } from '../state/objects.js';
import { destinationChoices, type PathChosen, pathChosen, sourceChoices } from '../state/path-question.js';
import { route, set } from '../state/route.js';
import { familiesOf, WAYS, waysOf } from '../state/service-question.js';
import { addChange, request } from '../state/session.js';
import { useDrawing, useShown } from '../state/shown.js';
import { RestsOn } from './assumptions.js';
import { Combobox } from './combobox.js';
import { Empty, FailureBox, FindingLines, Headline, Name, Share, VerdictMark, Waiting } from './parts.js';
import { Select } from './select.js';

function PathSentence({ chosen, objects }: { chosen: PathChosen; objects: ListedObjects }) {
  const sources = useMemo(() => sourceChoices(objects), [objects]);
  const destinations = useMemo(() => destinationChoices(objects), [objects]);
  const { service } = chosen;
  const fresh = { port: undefined, via: undefined, family: undefined, from: undefined, n: undefined };
  const pickDestination = (text: string) =>
    findService(objects, text) === undefined
      ? set({ ...fresh, service: undefined, to: text })
      : set({ ...fresh, to: undefined, service: text });
  return (
    <div class="sentence">
      <span>From</span>
      <Combobox
        label="Source"
        value={chosen.source}
        choices={sources}
        free
        onPick={(text) => set({ source: text, n: undefined })}
      />
      <span>to</span>
      <Combobox
        label="Destination"
        value={chosen.destination}
        placeholder="Service, address:port, name:port"
        choices={destinations}
        free
        onPick={pickDestination}
      />
      {service === undefined ? null : (
        <>
          {service.service.ports.length > 1 ? (
            <Select
              label="Port"
              value={String(service.port)}
              options={service.service.ports.map((one) => [String(one.port), `${one.port} ${one.name ?? ''}`] as const)}
              onPick={(port) => set({ port, n: undefined })}
            />
          ) : (
            <span>port {service.port}</span>
          )}
          <span>by</span>
          <Select<Via>
            label="Way"
            value={service.via}
            options={waysOf(service.service).map((way) => [way, WAYS[way]] as const)}
            onPick={(via) => set({ via, n: undefined })}
          />
          {familiesOf(service.service).length > 1 ? (
            <Select<Family>
              label="Family"
              value={service.family}
              options={familiesOf(service.service).map((one) => [one, one] as const)}
              onPick={(family) => set({ family, n: undefined })}
            />
          ) : (
            <span>{service.family}</span>
          )}
        </>
      )}
    </div>
  );
}

function Outcome({ trace, index, isShown }: { trace: Trace; index: number; isShown: boolean }) {
  const { endpoint, verdict, cause, probability, seenClient, clientAddressKept, client } = trace;
  return (
    <li>
      <button
        type="button"
        class="outcome"
        aria-pressed={isShown}
        data-outcome={index + 1}
        onClick={() => set({ n: String(index + 1) }, true)}
      >
        <Share of={probability} />
        <VerdictMark verdict={verdict} cause={cause} />
        <span class="to">
          {endpoint === undefined ? (
            trace.clientSees
          ) : (
            <Name text={endpoint.pod ?? `${endpoint.address}:${endpoint.port}`} />
          )}
        </span>
        <span class="detail">
          {[
            endpoint?.node,
            client,
            seenClient === undefined
              ? undefined
              : `sees ${clientAddressKept === true ? 'the client’s own address' : seenClient}`,
          ]
            .filter((word) => word !== undefined)
            .join(' · ')}
        </span>
      </button>
    </li>
  );
}

const MOST_OUTCOMES = 40;

/** What would let the packet pass, each tried by the service itself. */
function Remedies({ remedies }: { remedies: readonly Remedy[] }) {
  return (
    <section aria-labelledby="remedies">
      <h2 id="remedies">What would let it pass</h2>
      <ul class="remedies">
        {remedies.map(({ what, outcome, change, opens = [] }) => (
          <li key={what}>
            <b>{what}</b>
            <span>{outcome}</span>
            {opens.length > 0 ? <span class="detail">It opens too: {opens.join('; ')}</span> : null}
            {change === undefined ? null : (
              <button type="button" class="small" onClick={() => addChange(change)}>
                Try it
              </button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/**
 * The outcome that is shown first: of those that are not delivered the most likely, else the most likely, as the
 * command line does.
 */
function firstOf(traces: readonly Trace[]): number {
  const lost = traces.findIndex(({ verdict }) => verdict !== 'DELIVERED');
  return Math.max(0, lost);
}

/** The page's colours, light or dark, and its fonts. */
function lookOf(): Look {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string) => style.getPropertyValue(name).trim().replaceAll('"', "'");
  return {
    ground: value('--ground'),
    text: value('--text'),
    quiet: value('--text-2'),
    line: value('--line-strong'),
    accent: value('--accent'),
    lost: value('--loss'),
    font: value('--sans'),
    mono: value('--mono'),
  };
}

export function PathView() {
  const { objects, answer: cluster, failure: fault } = useObjects();
  const { parameters } = route.value;
  const chosen = useMemo(() => pathChosen(objects, parameters), [objects, parameters]);
  const body = cluster === undefined || chosen.question === undefined ? undefined : request(chosen.question);
  const { answer, failure, asking } = useAnswer('path', body);
  useShown('path', body);
  const traces = answer?.result.traces ?? [];
  const wanted = parameters.n === undefined ? firstOf(traces) : Number(parameters.n) - 1;
  const shownIndex = traces[wanted] === undefined ? 0 : wanted;
  const trace = failure === undefined ? traces[shownIndex] : undefined;
  useDrawing(trace, () => traceSvg(trace as Trace, `${chosen.source} to ${chosen.destination}`, lookOf()));
  if (fault !== undefined) return <FailureBox failure={fault} />;
  if (cluster === undefined) return <Waiting what="Reading the cluster" />;
  return (
    <>
      <PathSentence chosen={chosen} objects={objects} />
      {chosen.says === '' ? null : (
        <Empty title="Where does the packet go?">
          <p>{chosen.says}</p>
        </Empty>
      )}
      {failure === undefined ? null : <FailureBox failure={failure} />}
      {answer === undefined && asking ? <Waiting what="Walking the rules" /> : null}
      {answer === undefined || failure !== undefined || body === undefined ? null : (
        <>
          <Headline text={answer.summary} asking={asking} />
          <FindingLines findings={answer.findings} />
          <section aria-labelledby="outcomes">
            <h2 id="outcomes">
              {traces.length === 1 ? 'The outcome' : `${traces.length} outcomes, the most likely first`}
            </h2>
            <ol class="outcomes">
              {traces.slice(0, Math.max(MOST_OUTCOMES, shownIndex + 1)).map((one, index) => (
                <Outcome key={index} trace={one} index={index} isShown={index === shownIndex} />
              ))}
            </ol>
            {answer.result.omitted === undefined ? null : (
              <p class="detail">
                {answer.result.omitted.traces} more, together <Share of={answer.result.omitted.share} />.
              </p>
            )}
          </section>
          {trace === undefined ? null : (
            <section aria-labelledby="way">
              <h2 id="way">{traces.length === 1 ? 'The way' : `The way of outcome ${shownIndex + 1}`}</h2>
              <TracePicture trace={trace} />
            </section>
          )}
          {answer.result.remedies === undefined ? null : <Remedies remedies={answer.result.remedies} />}
          <RestsOn answer={answer} />
        </>
      )}
    </>
  );
}

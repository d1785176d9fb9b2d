/** A packet's way: hops in a row, the steps of each by hook, the header between them, and where it ends. */
import type { Hop, Step, Trace } from '../api/types.js';
import { format, parse, percent } from '../state/fraction.js';
import { byHook, headersOf, KINDS } from './hop-model.js';
import { Packet } from './packet.js';
import { Verbatim } from './verbatim.js';
import { VERDICT_SIGNS, VERDICT_WORDS } from './verdicts.js';

const ENDS: ReadonlySet<Step['action']> = new Set(['DROP', 'REJECT', 'UNKNOWN']);
const REWRITES: ReadonlySet<Step['action']> = new Set(['DNAT', 'SNAT', 'MASQUERADE', 'MARK']);
/** Steps that only pass a packet on, which are quiet. */
const QUIET: ReadonlySet<Step['action']> = new Set(['JUMP', 'GOTO', 'RETURN', 'PASSED_OVER', 'PASS', 'POLICY']);

function StepLine({ step }: { step: Step }) {
  const { action, chance, rule, table, chain, position, before, after, policy, detail } = step;
  const nominal = chance === undefined ? undefined : parse(chance.nominal);
  const kind = ENDS.has(action) ? 'end' : REWRITES.has(action) ? 'rewrite' : QUIET.has(action) ? 'quiet' : '';
  const where = [table, chain, position === undefined ? undefined : `rule ${position}`].filter(
    (word) => word !== undefined,
  );
  const hasMore = rule !== undefined || after !== undefined || where.length > 0 || policy !== undefined;
  const line = (
    <>
      {kind === 'rewrite' ? <span class="action">{action}</span> : null} <span class="what">{detail}</span>
      {nominal === undefined ? null : (
        <span class="chance" title={`${format(nominal)} = ${percent(nominal)}`}>
          {' '}
          {format(nominal)}
        </span>
      )}
    </>
  );
  if (!hasMore) return <li class={`step ${kind}`}>{line}</li>;
  return (
    <li class={`step ${kind}`}>
      <details open={kind === 'end'}>
        <summary>{line}</summary>
        {where.length > 0 ? <p class="detail">{where.join(' · ')}</p> : null}
        {after === undefined ? null : (
          <p>
            <Packet header={after} before={before} />
          </p>
        )}
        {policy === undefined ? null : (
          <p class="detail">
            {policy.direction.toLowerCase()} of {policy.pod}: {policy.verdict.toLowerCase()}
            {policy.isolatedBy.length > 0 ? `, isolated by ${policy.isolatedBy.join(', ')}` : ''}
          </p>
        )}
        {rule === undefined ? null : <Verbatim text={rule} label={`Rule of ${chain ?? 'the node'}`} />}
      </details>
    </li>
  );
}

function HopRow({ hops, label, end }: { hops: readonly Hop[]; label: string; end?: Trace }) {
  const headers = headersOf(hops);
  return (
    <ol class="hops" aria-label={label} tabIndex={0}>
      {hops.map((hop, index) => {
        const [before, after] = [headers[index - 1] ?? hop.steps.find((step) => step.before)?.before, headers[index]];
        const isLast = index === hops.length - 1;
        return (
          <li class={`hop ${hop.kind.toLowerCase()}${isLast && end !== undefined ? ' last' : ''}`} key={index}>
            <h3>
              {hop.name.startsWith(KINDS[hop.kind]) ? null : <span class="kind">{KINDS[hop.kind]} </span>}
              {hop.name}
            </h3>
            {byHook(hop.steps).map(({ hook, steps }, place) => (
              <div class="hook" key={place}>
                {hook === '' ? null : <h4>{hook}</h4>}
                <ol class="steps">
                  {steps.map((step, number) => (
                    <StepLine key={number} step={step} />
                  ))}
                </ol>
              </div>
            ))}
            {isLast && end !== undefined ? (
              <p class={`stop ${end.verdict.toLowerCase()}`}>
                <b>
                  <span aria-hidden="true">{VERDICT_SIGNS[end.verdict]}</span> {VERDICT_WORDS[end.verdict]}
                  {end.cause === undefined ? '' : ` · ${end.cause}`}
                </b>
                <br />
                {end.explanation}
              </p>
            ) : null}
            {after === undefined ? null : (
              <p class="leaves">
                <span class="detail">{isLast ? 'at its end' : 'leaves as'}</span>
                <Packet header={after} before={before} />
              </p>
            )}
          </li>
        );
      })}
    </ol>
  );
}

/** One outcome: the way, its end, and the reply's way back. */
export function TracePicture({ trace }: { trace: Trace }) {
  const { reply } = trace;
  return (
    <div class="trace">
      <HopRow hops={trace.hops} label="The packet’s way" end={trace} />
      {reply === undefined ? null : (
        <>
          <h2>The reply</h2>
          <p class={reply.returns ? 'reply' : 'reply lost'}>
            <span aria-hidden="true">{reply.returns ? '✓' : '✕'}</span> {reply.explanation}
          </p>
          {reply.hops.length > 0 ? <HopRow hops={reply.hops} label="The reply’s way" /> : null}
        </>
      )}
    </div>
  );
}

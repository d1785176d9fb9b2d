/** What is different after changes: shares, verdicts, established connections, and the chains as a diff. */
import { useState } from 'preact/hooks';
import type { AppliedChange, ChainsWhatIf, ProbabilityWhatIf, ServiceDifference } from '../api/types.js';
import { endpointKey } from '../pictures/flow-model.js';
import { useAnswer } from '../state/ask.js';
import { changeWords } from '../state/change-words.js';
import { parse, points, toNumber } from '../state/fraction.js';
import { changes, request } from '../state/session.js';
import { FailureBox, Name, Share, VerdictMark, Waiting } from './parts.js';

function Shifted({ fraction }: { fraction: string }) {
  const value = parse(fraction);
  const sign = value.n > 0n ? '▲ ' : value.n < 0n ? '▼ ' : '';
  return (
    <span class={value.n > 0n ? 'more' : value.n < 0n ? 'less' : ''} data-shift={fraction}>
      <span aria-hidden="true">{sign}</span>
      {value.n === 0n ? '=' : points(value)}
    </span>
  );
}

/** Two thin bars: before in grey, after in the accent. */
function Bars({ before, after, most }: { before: string; after: string; most: number }) {
  const width = (text: string) => `${most > 0 ? (100 * toNumber(parse(text))) / most : 0}%`;
  return (
    <span class="bars" aria-hidden="true">
      <span class="before" style={{ width: width(before) }} />
      <span class="after" style={{ width: width(after) }} />
    </span>
  );
}

const MOST_ROWS = 60;

export function SharesDifference({ difference }: { difference: ServiceDifference }) {
  const [all, setAll] = useState(false);
  const size = (fraction: string) => Math.abs(toNumber(parse(fraction)));
  const sorted = [...difference.endpoints].sort((a, b) => size(b.shift.fraction) - size(a.shift.fraction));
  const rows = all ? sorted : sorted.slice(0, MOST_ROWS);
  const most = Math.max(...sorted.flatMap(({ before, after }) => [before.value, after.value]), 0);
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Shares before and after">
      <table class="data" data-difference>
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            <th scope="col">Node</th>
            <th scope="col" class="number">
              Before
            </th>
            <th scope="col" class="number">
              After
            </th>
            <th scope="col" class="number">
              Points
            </th>
            <th scope="col">
              <span class="hidden">As bars</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {difference.verdicts
            .filter(({ verdict }) => verdict !== 'DELIVERED')
            .map(({ verdict, cause, before, after, shift }) => (
              <tr key={`${verdict} ${cause}`} class="lost">
                <th scope="row" colSpan={2}>
                  <VerdictMark verdict={verdict} cause={cause} />
                </th>
                <td class="number">
                  <Share of={before} />
                </td>
                <td class="number">
                  <Share of={after} />
                </td>
                <td class="number">
                  <Shifted fraction={shift.fraction} />
                </td>
                <td>
                  <Bars before={before.fraction} after={after.fraction} most={most} />
                </td>
              </tr>
            ))}
          {rows.map((one) => (
            <tr key={endpointKey(one)}>
              <th scope="row">
                <Name text={one.pod ?? endpointKey(one)} />
              </th>
              <td>{one.node ?? ''}</td>
              <td class="number">{one.before.fraction === '0' ? '–' : <Share of={one.before} />}</td>
              <td class="number">{one.after.fraction === '0' ? '–' : <Share of={one.after} />}</td>
              <td class="number">
                <Shifted fraction={one.shift.fraction} />
              </td>
              <td>
                <Bars before={one.before.fraction} after={one.after.fraction} most={most} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < sorted.length ? (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {sorted.length - rows.length} more endpoints
        </button>
      ) : null}
    </div>
  );
}

/** What becomes of connections that are open while the change is made. */
export function EstablishedBox({ established }: { established: ProbabilityWhatIf['established'] }) {
  const { kept, lost, lostEndpoints = [], explanation } = established;
  return (
    <section aria-labelledby="established">
      <h2 id="established">Connections that are open</h2>
      <p data-established>
        {kept === undefined ? null : kept.fraction === '1' ? (
          'All are kept. '
        ) : (
          <>
            Kept <Share of={kept} />
            {lost === undefined || lost.fraction === '0' ? '. ' : null}
          </>
        )}
        {lost === undefined || lost.fraction === '0' ? null : (
          <>
            , lost <Share of={lost} />
            {lostEndpoints.length > 0 ? ` (${lostEndpoints.map((one) => one.pod ?? endpointKey(one)).join(', ')})` : ''}
            .{' '}
          </>
        )}
        {explanation}
      </p>
    </section>
  );
}

/** What followed from each change, and what was chosen among equals. */
export function Consequences({ applied }: { applied: readonly AppliedChange[] }) {
  return (
    <details class="as-table">
      <summary>What Kubernetes makes of it</summary>
      {applied.map(({ change, choices, consequences }, index) => (
        <div key={index}>
          <h3>{changeWords(change)}</h3>
          <ul class="plain">
            {choices.map((one) => (
              <li key={`${one.what} ${one.taken}`}>
                {one.what}: <b>{one.taken}</b>
                {one.alternatives.length > 0 ? `, or ${one.alternatives.slice(0, 5).join(', ')}` : ''}.{' '}
                <span class="detail">{one.why}</span>
              </li>
            ))}
            {consequences.slice(0, 60).map((one) => (
              <li key={`${one.kind} ${one.object} ${one.detail}`}>
                <code>{one.object}</code> {one.detail}
              </li>
            ))}
            {consequences.length > 60 ? (
              <li class="detail">{consequences.length - 60} more: Save as Markdown.</li>
            ) : null}
          </ul>
        </div>
      ))}
    </details>
  );
}

const lineKind = (line: string) =>
  line.startsWith('@@') || line.startsWith('---') || line.startsWith('+++')
    ? 'place'
    : line.startsWith('+')
      ? 'added'
      : line.startsWith('-')
        ? 'removed'
        : '';

/** The chains of one Service before and after, as `diff -u` prints it. Asked for when it is opened. */
export function ChainsDiff({ service }: { service: string }) {
  const [isOpen, setOpen] = useState(false);
  const body = isOpen ? request({ chains: { services: [service], format: 'SAVE' } }, changes.value) : undefined;
  const { answer, failure } = useAnswer('what-if', body);
  const result = answer?.result as ChainsWhatIf | undefined;
  return (
    <details class="as-table" onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>Chains as a diff</summary>
      {failure === undefined ? null : <FailureBox failure={failure} />}
      {isOpen && result === undefined && failure === undefined ? (
        <Waiting what="Comparing the rules of every node" />
      ) : null}
      {result?.difference.unified.length === 0 ? <p class="detail">The rules of this Service are the same.</p> : null}
      {result?.difference.unified.map(({ nodes, family, text }) => (
        <div key={`${nodes.join()} ${family}`}>
          <h3>
            {nodes.length === 1
              ? nodes[0]
              : `${nodes.length} nodes: ${nodes.slice(0, 4).join(', ')}${nodes.length > 4 ? ' …' : ''}`}
            , {family}
          </h3>
          <pre class="diff" tabIndex={0} role="region" aria-label={`Difference on ${nodes.join(', ')}`}>
            {text.split('\n').map((line, index) => (
              <span key={index} class={lineKind(line)}>
                {`${line}\n`}
              </span>
            ))}
          </pre>
        </div>
      ))}
    </details>
  );
}

/** The cluster: what was read, what was assumed; each assumption can be changed here, for every view. */
import { useState } from 'preact/hooks';
import type { Assumption } from '../api/types.js';
import { useAnswer } from '../state/ask.js';
import { givenFields, placeOf, readValue, valueAt, withValue, wordsFor, writeValue } from '../state/assumed.js';
import { digest, nameOf, request, setSettings, settings } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { WhereItRuns } from './open.js';
import { Copy, FailureBox, Waiting } from './parts.js';

function Editor({ field, value, done }: { field: string; value: unknown; done: () => void }) {
  const [text, setText] = useState(writeValue(value));
  const [fault, setFault] = useState('');
  const place = placeOf(field) ?? [];
  const words = typeof value === 'boolean' ? ['true', 'false'] : wordsFor(field);
  const use = (given: string) => {
    try {
      setSettings(withValue(settings.value, place, readValue(given, value)));
      done();
    } catch {
      setFault(`This must be JSON, such as ${JSON.stringify(value)}.`);
    }
  };
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        use(text);
      }}
    >
      {words === undefined ? (
        <input
          type="text"
          aria-label={field}
          spellcheck={false}
          value={text}
          onInput={({ currentTarget }) => setText(currentTarget.value)}
        />
      ) : (
        <select aria-label={field} value={text} onChange={({ currentTarget }) => setText(currentTarget.value)}>
          {words.map((word) => (
            <option key={word} value={word} selected={word === text}>
              {word}
            </option>
          ))}
        </select>
      )}
      <button type="submit">Use</button>
      <button type="button" class="link" onClick={done}>
        cancel
      </button>
      {fault === '' ? null : <span class="fault">{fault}</span>}
    </form>
  );
}

interface Line {
  readonly field: string;
  readonly value: unknown;
  readonly why: string;
  readonly given: boolean;
}

function AssumptionLine({ line: { field, value, why, given } }: { line: Line }) {
  const [editing, setEditing] = useState(false);
  const place = placeOf(field);
  return (
    <tr class={given ? 'given' : ''} data-field={field}>
      <th scope="row">
        <code>{field.replace(/^settings\./, '')}</code>
      </th>
      <td>
        {editing ? (
          <Editor field={field} value={value} done={() => setEditing(false)} />
        ) : (
          <code class="value">{writeValue(value)}</code>
        )}
      </td>
      <td>{why}</td>
      <td class="actions">
        {given ? (
          <button
            type="button"
            class="small"
            onClick={() => setSettings(withValue(settings.value, place ?? [], undefined))}
          >
            Undo
          </button>
        ) : null}
        {place === undefined || editing ? null : (
          <button type="button" class="small" aria-label={`Change ${field}`} onClick={() => setEditing(true)}>
            Change
          </button>
        )}
      </td>
    </tr>
  );
}

/** Those that were changed here first, then what was assumed, as the answer lists it. */
function linesOf(assumptions: readonly Assumption[]): readonly Line[] {
  const given = givenFields(settings.value);
  const changed = given.map((field) => ({
    field,
    value: valueAt(settings.value, placeOf(field) ?? []),
    why: 'Given here, for every view.',
    given: true,
  }));
  return [...changed, ...assumptions.map((one) => ({ ...one, given: false }))];
}

export function ClusterView() {
  const body = request({ inspect: { failOn: 'NEVER', maxServices: 0 } });
  const { answer, failure } = useAnswer('inspect', body);
  useShown('inspect', body);
  const fields = Object.keys(settings.value).length;
  return (
    <>
      {failure === undefined ? null : (
        <>
          <FailureBox failure={failure} />
          {fields > 0 ? (
            <button type="button" onClick={() => setSettings({})}>
              Take back what was changed here
            </button>
          ) : null}
        </>
      )}
      {answer === undefined ? (
        failure === undefined ? (
          <Waiting what="Reading the cluster" />
        ) : null
      ) : (
        <>
          <section aria-labelledby="read">
            <h2 id="read">What was read</h2>
            <p>
              {nameOf(digest.value)} <code class="long">{digest.value}</code> <Copy text={digest.value} />
            </p>
            <ul class="counts">
              {Object.entries(answer.snapshot.counts).map(([kind, count]) => (
                <li key={kind}>
                  <b>{count.toLocaleString('en')}</b> {kind}
                </li>
              ))}
            </ul>
            <WhereItRuns />
          </section>
          <section aria-labelledby="assumed">
            <h2 id="assumed">What was assumed</h2>
            <p class="detail">
              What the snapshot does not tell, or tells only by convention. A change here holds for every question, and
              is part of the address.
            </p>
            <div class="scroll" tabIndex={0} role="region" aria-label="Assumptions">
              <table class="data assumptions">
                <thead>
                  <tr>
                    <th scope="col">Setting</th>
                    <th scope="col">Value</th>
                    <th scope="col">Why</th>
                    <th scope="col">
                      <span class="hidden">Actions</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {linesOf(answer.assumptions).map((line) => (
                    <AssumptionLine key={`${line.given} ${line.field}`} line={line} />
                  ))}
                </tbody>
              </table>
            </div>
          </section>
        </>
      )}
    </>
  );
}

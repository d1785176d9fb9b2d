/** What an answer rests on: what was assumed, each of it to change, for every view. */
import { useState } from 'preact/hooks';
import type { Answer, Assumption } from '../api/types.js';
import { givenFields, placeOf, readValue, valueAt, withValue, wordsFor, writeValue } from '../state/assumed.js';
import { setSettings, settings } from '../state/session.js';

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

export function AssumptionsTable({ assumptions }: { assumptions: readonly Assumption[] }) {
  return (
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
          {linesOf(assumptions).map((line) => (
            <AssumptionLine key={`${line.given} ${line.field}`} line={line} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** `kube-proxy 1.30.5, iptables`, as far as an answer's settings say it. */
function proxyWords(used: Answer['settings']): string {
  const { kubernetesVersion, kubeProxy } = used as { kubernetesVersion?: unknown; kubeProxy?: { mode?: unknown } };
  const words = [kubernetesVersion, kubeProxy?.mode].filter((word) => typeof word === 'string');
  return words.length === 0 ? '' : `kube-proxy ${words.join(', ')}. `;
}

/** The same below an answer, folded. */
export function RestsOn({ answer }: { answer: Pick<Answer, 'assumptions' | 'settings'> }) {
  const { length } = answer.assumptions;
  return (
    <details class="as-table rests-on">
      <summary>
        {proxyWords(answer.settings)}
        {length === 1 ? 'One assumption' : `${length} assumptions`}
      </summary>
      <AssumptionsTable assumptions={answer.assumptions} />
    </details>
  );
}

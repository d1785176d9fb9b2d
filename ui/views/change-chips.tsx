/** The changes that hold for every view, as chips: each can be taken back; and which side of them is shown. */
import { changeWords } from '../state/change-words.js';
import { addressOf, go, route, set } from '../state/route.js';
import { listedChanges, setChanges, side } from '../state/session.js';

/** What of the address says which Service, by which way. */
const SUBJECT = ['service', 'port', 'via', 'family', 'from'];

export function ChangeChips() {
  const listed = listedChanges.value;
  const { view, parameters } = route.value;
  const subject = Object.fromEntries(
    SUBJECT.flatMap((name) => (parameters[name] === undefined ? [] : [[name, parameters[name]]])),
  );
  if (listed.length === 0 || view === 'what-if') return null;
  return (
    <section class="chips" aria-label="Changes">
      <span class="detail">After</span>
      {listed.map(({ change, off }, index) => (
        <span class={`chip${off === true ? ' off' : ''}`} key={index}>
          {changeWords(change)}
          <button
            type="button"
            aria-label={`Remove: ${changeWords(change)}`}
            onClick={() => setChanges(listed.filter((_, other) => other !== index))}
          >
            ×
          </button>
        </span>
      ))}
      <a href={addressOf('what-if', subject)}>edit</a>
      <span class="switch" role="group" aria-label="Which side is shown">
        {(['before', 'after'] as const).map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={side.value === name}
            onClick={() => set({ side: name === 'after' ? undefined : name })}
          >
            {name}
          </button>
        ))}
        <button type="button" aria-pressed={false} onClick={() => go(addressOf('what-if', subject))}>
          both
        </button>
      </span>
    </section>
  );
}

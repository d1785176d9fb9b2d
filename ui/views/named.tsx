/** Snapshots that the server has under names: the list, and the address that names one. */
import { useEffect, useState } from 'preact/hooks';
import type { NamedSnapshots } from '../api/types.js';
import { failureOf } from '../state/ask.js';
import { ageOf, versionOf } from '../state/named.js';
import { go, route, writeRoute } from '../state/route.js';
import { engine, names, tokenWanted } from '../state/session.js';

/** So many versions of a name are shown. */
const SHOWN = 5;

const show = (name: string, digest: string) => {
  names.value = { ...names.value, [digest]: name };
  go(writeRoute({ digest, view: 'services', parameters: { name } }));
};

/** The names that the server has. Nothing where there are none. */
export function NamedList() {
  const [list, setList] = useState<readonly NamedSnapshots[]>([]);
  useEffect(() => {
    let wanted = true;
    // A server without names, or one that wants a token first, has nothing to show here.
    engine.value.names().then(
      (found) => wanted && setList(found),
      () => {},
    );
    return () => {
      wanted = false;
    };
  }, [tokenWanted.value]);
  if (list.length === 0) return null;
  const now = Date.now();
  return (
    <section aria-labelledby="named">
      <h2 id="named">By name</h2>
      <ul class="list">
        {list.map(({ name, versions, refused }) => (
          <li key={name}>
            {versions.slice(0, SHOWN).map(({ digest, time, confirmed }, index) => (
              <span key={digest}>
                <button type="button" class="link" title={`${digest}, ${time}`} onClick={() => show(name, digest)}>
                  {index === 0 ? name : `${name}@-${index}`}
                </button>
                <span class="detail"> {ageOf(index === 0 ? confirmed : time, now)} ago </span>
              </span>
            ))}
            {refused === undefined ? null : <p class="fault">Refused since: {refused.detail}</p>}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Finds the digest of the name in the address, and goes to the view that the address describes. */
export function NamedView({ named }: { named: string }) {
  const [fault, setFault] = useState('');
  useEffect(() => {
    let wanted = true;
    const find = async () => {
      const version = versionOf(await engine.value.names(), named);
      if (!wanted) return;
      if (version === undefined) {
        setFault(`The server has no snapshot under the name ${named}.`);
        return;
      }
      const { view, parameters } = route.value;
      go(writeRoute({ digest: version.digest, view, parameters: { ...parameters, name: named } }), true);
    };
    find().catch((error: unknown) => wanted && setFault(failureOf(error).says));
    return () => {
      wanted = false;
    };
  }, [named, tokenWanted.value]);
  return (
    <div class="open">
      <h2>{named}</h2>
      {fault === '' ? (
        <p role="status">Asking the server for the snapshot of this name …</p>
      ) : (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <p>
        <a href="#/">Open another cluster</a>
      </p>
    </div>
  );
}

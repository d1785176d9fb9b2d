/** Open a cluster: files that are dropped or chosen, one that the server holds, or an example. */
import { useEffect, useState } from 'preact/hooks';
import type { SnapshotFile } from '../api/engine.js';
import { EXAMPLES, exampleFile } from '../api/examples.js';
import { failureOf } from '../state/ask.js';
import { open, openFault, opening } from '../state/open.js';
import { type Recent, recent } from '../state/recent.js';
import { go, writeRoute } from '../state/route.js';
import { digest, engine, names } from '../state/session.js';
import { NamedList } from './named.js';
import { Copy, ProblemText } from './parts.js';

const COMMAND =
  'kubectl get nodes,namespaces,pods,services,endpointslices,deployments,replicasets,statefulsets,daemonsets,networkpolicies,horizontalpodautoscalers ' +
  '-A -o json > cluster.json';
const CONFIG_COMMAND = 'kubectl get configmap kube-proxy -n kube-system -o json > kube-proxy.json';

const asFiles = (list: FileList | null | undefined): SnapshotFile[] =>
  [...(list ?? [])].map((file) => ({ name: file.name, file }));

/** Says which of the two engines answers, since people may not send their cluster to a stranger. */
export function WhereItRuns() {
  return engine.value.where === 'SERVER' ? (
    <p class="where">
      Answers come from the server <b>{location.host}</b>. A snapshot is sent to it, and held in its memory for a while.
    </p>
  ) : (
    <p class="where">
      Answers come from the engine in this browser. <b>Nothing leaves this page:</b> no snapshot, no question.
    </p>
  );
}

/** Where files are dropped or chosen. `wanted`: the digest that they must have. */
function DropZone({ wanted = '' }: { wanted?: string }) {
  const [over, setOver] = useState(false);
  return (
    <div
      class={`drop${over ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        void open(asFiles(event.dataTransfer?.files), wanted);
      }}
    >
      <p>
        <b>Drop snapshot files here</b>
        <br />
        several together, JSON or YAML, gzipped or not
      </p>
      <label class="button">
        Choose files
        <input
          type="file"
          multiple
          class="hidden"
          disabled={opening.value !== undefined}
          onChange={({ currentTarget }) => {
            void open(asFiles(currentTarget.files), wanted);
            currentTarget.value = '';
          }}
        />
      </label>
    </div>
  );
}

/** What is wrong with the files, where it is. */
function OpenFault() {
  if (openFault.value === undefined) return null;
  const { problem, says } = openFault.value;
  return (
    <div class="box failure" role="alert">
      <h2>{problem?.title ?? 'The snapshot was not opened'}</h2>
      {problem === undefined ? <p>{says}</p> : <ProblemText problem={problem} />}
    </div>
  );
}

/** Those opened here before that the engine still holds. */
function HeldSnapshots() {
  const [held, setHeld] = useState<readonly Recent[]>([]);
  const [text, setText] = useState('');
  const [fault, setFault] = useState('');
  useEffect(() => {
    let wanted = true;
    const check = async (one: Recent) => ((await engine.value.holds(one.digest)) ? [one] : []);
    Promise.all(recent().map((one) => check(one).catch(() => []))).then((found) => {
      if (wanted) setHeld(found.flat());
    });
    return () => {
      wanted = false;
    };
  }, []);
  const show = (one: Recent) => {
    names.value = { ...names.value, [one.digest]: one.name };
    go(writeRoute({ digest: one.digest, view: 'services', parameters: {} }));
  };
  const find = async () => {
    const named = text.trim();
    if (!/^sha256:[0-9a-f]{64}$/.test(named)) {
      setFault('A digest is sha256: and 64 lower-case hexadecimal digits, as sha256sum cluster.json prints them.');
      return;
    }
    try {
      if (await engine.value.holds(named)) show({ digest: named, name: '' });
      else setFault('The server does not hold a snapshot with this digest. Drop its files above.');
    } catch (error) {
      setFault(failureOf(error).says);
    }
  };
  return (
    <section aria-labelledby="held">
      <h2 id="held">One that the server holds</h2>
      {held.length > 0 ? (
        <ul class="list">
          {held.map((one) => (
            <li key={one.digest}>
              <button type="button" class="link" onClick={() => show(one)}>
                {one.name === '' ? 'snapshot' : one.name}
              </button>{' '}
              <code>{one.digest.slice(0, 19)}…</code>
            </li>
          ))}
        </ul>
      ) : null}
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          void find();
        }}
      >
        <label class="grow">
          Digest
          <input
            type="text"
            spellcheck={false}
            autocomplete="off"
            placeholder="sha256:…"
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </label>
        <button type="submit">Look at it</button>
      </form>
      {fault === '' ? null : (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </section>
  );
}

function Examples() {
  const [fault, setFault] = useState('');
  return (
    <section aria-labelledby="examples">
      <h2 id="examples">An example</h2>
      <ul class="list">
        {EXAMPLES.map((example) => (
          <li key={example.name}>
            <button
              type="button"
              class="link"
              disabled={opening.value !== undefined}
              onClick={() => {
                exampleFile(example).then(
                  (file) => open([file]),
                  (error: unknown) => setFault(failureOf(error).says),
                );
              }}
            >
              {example.name}
            </button>
            <span class="detail"> {example.says}</span>
          </li>
        ))}
      </ul>
      {fault === '' ? null : (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </section>
  );
}

function Commands() {
  return (
    <section aria-labelledby="make">
      <h2 id="make">Make a snapshot</h2>
      {[COMMAND, CONFIG_COMMAND].map((command) => (
        <div class="command" key={command}>
          <code>{command}</code>
          <Copy text={command} />
        </div>
      ))}
      <p class="detail">
        The second file is worth giving too where kube-proxy has that ConfigMap. <code>kubectl whatif open</code> reads
        the cluster and shows it.
      </p>
    </section>
  );
}

export function OpenView() {
  return (
    <div class="open">
      <header>
        <p class="product">kube-whatif</p>
        <p class="lead">
          See which way connections go through a cluster’s Services, which pod gets which share, and what a change does
          to that, before it is made.
        </p>
        <WhereItRuns />
      </header>
      <OpenFault />
      <DropZone />
      <div class="columns">
        <Examples />
        {engine.value.where === 'SERVER' ? <NamedList /> : null}
        {engine.value.where === 'SERVER' ? <HeldSnapshots /> : null}
      </div>
      <Commands />
    </div>
  );
}

/** An address names a snapshot that the engine does not hold: whoever has its files goes on from here. */
export function MissingView() {
  return (
    <div class="open">
      <h2>The snapshot of this address is not here</h2>
      <p>
        {engine.value.where === 'SERVER' ? 'This server does not hold it, or does not any more' : 'A reload forgets it'}
        . Open its files, and the view that the address describes goes on.
      </p>
      <p>
        <code class="long">{digest.value}</code>
      </p>
      <OpenFault />
      <DropZone wanted={digest.value} />
      <p>
        <a href="#/">Open another cluster</a>
      </p>
    </div>
  );
}

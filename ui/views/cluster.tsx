import { useAnswer } from '../state/ask.js';
import { digest, nameOf, request, setSettings, settings } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { AssumptionsTable } from './assumptions.js';
import { WhereItRuns } from './open.js';
import { Copy, FailureBox, Waiting } from './parts.js';

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
            <AssumptionsTable assumptions={answer.assumptions} />
          </section>
        </>
      )}
    </>
  );
}

/** What is wrong with the cluster, the most severe first; each finding leads to what it is about. */
import { useMemo } from 'preact/hooks';
import type { Finding } from '../api/types.js';
import { placeOfFinding } from '../state/finding-place.js';
import { inspectionOf, useInspected, WITHOUT_ASKING } from '../state/inspected.js';
import { serviceName, useObjects } from '../state/objects.js';
import { addressOf, route, set } from '../state/route.js';
import { request } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { bySeverity, Empty, FailureBox, Headline, SeverityMark, Waiting } from './parts.js';
import { Select } from './select.js';

function Evidence({ finding }: { finding: Finding }) {
  return (
    <details>
      <summary>evidence</summary>
      <pre>{JSON.stringify(finding.evidence, undefined, 2)}</pre>
    </details>
  );
}

function Line({ finding, known }: { finding: Finding; known: ReadonlySet<string> }) {
  const place = placeOfFinding(finding, known);
  return (
    <li class={`finding ${finding.severity.toLowerCase()}`}>
      <p>
        <SeverityMark severity={finding.severity} /> <span class="message">{finding.message}</span>
      </p>
      <p class="detail">
        <code class="code">{finding.code}</code>
        {place === undefined ? null : <a href={addressOf(place.view, place.parameters)}>look at {place.words}</a>}
        {finding.effectOf === undefined ? null : <span>an effect of {finding.effectOf}</span>}
      </p>
      <Evidence finding={finding} />
    </li>
  );
}

export function FindingsView() {
  const { objects, answer, failure } = useObjects();
  const list = useMemo(() => (answer === undefined ? undefined : objects.services.map(serviceName)), [answer, objects]);
  const known = useMemo(() => new Set(list), [list]);
  const inspected = useInspected(list);
  useShown('inspect', list === undefined ? undefined : request(inspectionOf(list.length)));
  const { severity = '' } = route.value.parameters;
  if (failure !== undefined) return <FailureBox failure={failure} />;
  if (inspected.failure !== undefined) return <FailureBox failure={inspected.failure} />;
  if (list === undefined || (inspected.asking && inspected.findings.length === 0)) {
    return <Waiting what="Looking at every Service, through every door" />;
  }
  const many = list.length > WITHOUT_ASKING;
  const shown = bySeverity(inspected.findings).filter((one) => severity === '' || one.severity === severity);
  return (
    <>
      <Headline text={many ? `Findings of ${inspected.shares.size} of ${list.length} Services.` : inspected.summary} />
      <div class="filters">
        <Select
          label="Severity"
          value={severity}
          options={[
            ['', 'every severity'],
            ['ERROR', 'errors'],
            ['WARNING', 'warnings'],
            ['INFO', 'notes'],
          ]}
          onPick={(value) => set({ severity: value }, true)}
        />
        {many && inspected.shares.size < list.length ? (
          <button type="button" disabled={inspected.asking} onClick={() => inspected.more(list)}>
            {inspected.asking ? 'Working …' : 'Look at the rest'}
          </button>
        ) : null}
      </div>
      {shown.length === 0 ? (
        <Empty title="Nothing found">
          <p>
            {severity === '' ? 'No finding about the Services that were looked at.' : 'No finding of this severity.'}
          </p>
        </Empty>
      ) : (
        <ul class="finding-list" aria-label="Findings">
          {shown.map((finding, index) => (
            <Line key={index} finding={finding} known={known} />
          ))}
        </ul>
      )}
    </>
  );
}

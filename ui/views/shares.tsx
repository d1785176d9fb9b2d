/** A Service: the picture of its shares, the same as a table, and its chains beside it. */
import { useMemo, useState } from 'preact/hooks';
import type { ListedNode, ServiceProbability } from '../api/types.js';
import { FlowPicture } from '../pictures/flow.js';
import { endpointKey, flowOf } from '../pictures/flow-model.js';
import { useAnswer } from '../state/ask.js';
import { route, set } from '../state/route.js';
import { type Chosen, questionOf } from '../state/service-question.js';
import { request, shownChanges } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { RestsOn } from './assumptions.js';
import { BalancerBox } from './balancer.js';
import { useChosenService } from './choose-service.js';
import { FailureBox, FindingLines, Headline, Name, Share, VerdictMark, Waiting } from './parts.js';
import { ChainsPanel } from './rules.js';
import { Selection } from './selection.js';
import { Sentence } from './sentence.js';
import { useSourceGroups } from './source-groups.js';

/** The groups that the address says are open. */
function openGroups(): ReadonlySet<string> {
  return new Set((route.value.parameters.open ?? '').split(',').filter((name) => name !== ''));
}

export function toggleGroup(group: string): void {
  const open = new Set(openGroups());
  if (!open.delete(group)) open.add(group);
  set({ open: [...open].sort().join(',') }, true);
}

const MOST_ROWS = 200;

/** The shares as a table, which a screen reader reads. */
function SharesTable({ shares }: { shares: ServiceProbability }) {
  const [all, setAll] = useState(false);
  const rows = all ? shares.endpoints : shares.endpoints.slice(0, MOST_ROWS);
  const lost = shares.verdicts.filter(({ verdict }) => verdict !== 'DELIVERED');
  return (
    <div class="scroll" tabIndex={0} role="region" aria-label="Shares">
      <table class="data" data-shares>
        <thead>
          <tr>
            <th scope="col">Endpoint</th>
            <th scope="col">Address</th>
            <th scope="col">Node</th>
            <th scope="col">Zone</th>
            <th scope="col" class="number">
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {lost.map(({ verdict, cause, share }) => (
            <tr key={`${verdict} ${cause}`} class="lost">
              <th scope="row" colSpan={4}>
                <VerdictMark verdict={verdict} cause={cause} />
              </th>
              <td class="number">
                <Share of={share} />
              </td>
            </tr>
          ))}
          {rows.map((one) => (
            <tr key={endpointKey(one)}>
              <th scope="row">
                <Name text={one.pod ?? endpointKey(one)} />
              </th>
              <td>
                <code>{endpointKey(one)}</code>
              </td>
              <td>{one.node ?? ''}</td>
              <td>{one.zone ?? ''}</td>
              <td class="number">
                <Share of={one.share} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length < shares.endpoints.length ? (
        <button type="button" class="link" onClick={() => setAll(true)}>
          {shares.endpoints.length - rows.length} more endpoints
        </button>
      ) : null}
    </div>
  );
}

/** What kind of numbers the shares are, where IPVS gives them out in turn. */
function Basis({ shares: { basis } }: { shares: ServiceProbability }) {
  if (basis === undefined || basis.kind === 'EXACT') return null;
  return (
    <p class="note">
      {basis.kind === 'LONG_RUN' ? 'In the long run: ' : 'Under an assumption: '}
      {basis.why}
    </p>
  );
}

function SharesPicture({
  chosen,
  shares,
  nodes,
}: {
  chosen: Chosen;
  shares: ServiceProbability;
  nodes: readonly ListedNode[];
}) {
  const open = route.value.parameters.open ?? '';
  const [selected, setSelected] = useState('');
  const groups = useSourceGroups(chosen, shares, nodes, shownChanges.value);
  const flow = useMemo(
    () => flowOf({ total: shares, groups, nodes, open: new Set(open.split(',')) }),
    [shares, groups, nodes, open],
  );
  const chosenMark = flow.nodes.find(({ id }) => id === selected);
  const keys = [
    ...new Set(flow.nodes.flatMap(({ group, isOpen }) => (group !== undefined && isOpen !== true ? [group] : []))),
  ];
  return (
    <section aria-labelledby="picture-title">
      <div class="section-head">
        <h2 id="picture-title">Where new connections go</h2>
        {keys.length > 0 && keys.length <= 40 ? (
          <button
            type="button"
            class="small"
            onClick={() => set({ open: [...new Set([...openGroups(), ...keys])].sort().join(',') }, true)}
          >
            Open all
          </button>
        ) : null}
        {open === '' ? null : (
          <button type="button" class="small" onClick={() => set({ open: undefined }, true)}>
            Close all
          </button>
        )}
      </div>
      <FlowPicture
        flow={flow}
        label="Flow of new connections from clients to endpoints"
        onToggle={toggleGroup}
        onSelect={({ id }) => setSelected(id)}
      />
      {chosenMark === undefined ? null : (
        <Selection node={chosenMark} shares={shares} groups={groups} chosen={chosen} onClose={() => setSelected('')} />
      )}
    </section>
  );
}

export function SharesView() {
  const { instead, chosen, objects } = useChosenService();
  const body = chosen === undefined ? undefined : request({ probability: questionOf(chosen) });
  const { answer, failure, asking } = useAnswer('probability', body);
  useShown('probability', body);
  if (instead !== undefined || chosen === undefined) return instead ?? null;
  const shares = answer?.result.services[0];
  return (
    <>
      <Sentence chosen={chosen} objects={objects} />
      {failure === undefined ? null : <FailureBox failure={failure} />}
      {answer === undefined || shares === undefined ? (
        failure === undefined && asking ? (
          <Waiting what="Walking the rules" />
        ) : null
      ) : failure !== undefined ? null : (
        <>
          <Headline text={answer.summary} asking={asking} />
          <FindingLines findings={answer.findings} />
          <Basis shares={shares} />
          <div class="beside">
            <div>
              <SharesPicture chosen={chosen} shares={shares} nodes={objects.nodes} />
              {shares.loadBalancer === undefined ? null : <BalancerBox balancer={shares.loadBalancer} />}
              <details class="as-table" open={shares.endpoints.length <= 12}>
                <summary>Shares as a table</summary>
                <SharesTable shares={shares} />
              </details>
            </div>
            <ChainsPanel chosen={chosen} objects={objects} />
          </div>
          <RestsOn answer={answer} />
        </>
      )}
    </>
  );
}

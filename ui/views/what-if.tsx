/** What if: a list of changes, and one Service before and after them, side by side. */
import { useEffect, useMemo } from 'preact/hooks';
import type { Change, ListedNode, ProbabilityWhatIf, ServiceProbability } from '../api/types.js';
import { FlowPicture } from '../pictures/flow.js';
import { type Flow, flowOf, type SourceGroup } from '../pictures/flow-model.js';
import { useAnswer } from '../state/ask.js';
import type { Fraction } from '../state/fraction.js';
import { findService, useObjects } from '../state/objects.js';
import { route } from '../state/route.js';
import { type Chosen, chosenOf, questionOf } from '../state/service-question.js';
import { addChange, changes, listedChanges, request } from '../state/session.js';
import { useShown } from '../state/shown.js';
import { RestsOn } from './assumptions.js';
import { AddChange } from './change-forms.js';
import { ChangeList, changeFaults, faultsOf } from './change-list.js';
import { ChooseService } from './choose-service.js';
import { ChainsDiff, Consequences, EstablishedBox, SharesDifference } from './differences.js';
import { Empty, FailureBox, FindingLines, Headline, Waiting } from './parts.js';
import { Sentence } from './sentence.js';
import { toggleGroup } from './shares.js';
import { useSourceGroups } from './source-groups.js';

const NARROW = 640;
const NO_CHANGES: readonly Change[] = [];
const NONE: readonly SourceGroup[] = [];

/** The flow of one side; nothing where the side has no such Service. */
function useFlow(
  shares: ServiceProbability | undefined,
  nodes: readonly ListedNode[],
  groups: readonly SourceGroup[],
  beside?: Flow,
) {
  const open = route.value.parameters.open ?? '';
  return useMemo(() => {
    if (shares === undefined) return undefined;
    return flowOf({ total: shares, groups, nodes, open: new Set(open.split(',')), beside });
  }, [shares, groups, nodes, open, beside]);
}

function BothFlows({ chosen, result }: { chosen: Chosen; result: ProbabilityWhatIf }) {
  const { objects: earlier } = useObjects('before');
  const { objects: later } = useObjects('after');
  const [before, after] = [result.before.services[0], result.after.services[0]];
  const leftGroups = useSourceGroups(chosen, before, earlier.nodes, NO_CHANGES);
  const rightGroups = useSourceGroups(chosen, after, later.nodes, changes.value);
  // Both sides tell the clients' nodes apart or neither does: two pictures of different columns cannot be compared.
  // On a phone one is below the other, and has no room for a further column.
  const apart =
    innerWidth >= NARROW &&
    (before === undefined || leftGroups.length > 0) &&
    (after === undefined || rightGroups.length > 0);
  const left = useFlow(before, earlier.nodes, apart ? leftGroups : NONE);
  const right = useFlow(after, later.nodes, apart ? rightGroups : NONE, left);
  const was = useMemo(() => new Map<string, Fraction>((left?.nodes ?? []).map(({ id, share }) => [id, share])), [left]);
  return (
    <div class="two">
      <section aria-labelledby="before-title">
        <h2 id="before-title">Before</h2>
        {left === undefined ? (
          <p class="detail">The Service is not there.</p>
        ) : (
          <FlowPicture flow={left} label="Flow before the changes" onToggle={toggleGroup} />
        )}
      </section>
      <section aria-labelledby="after-title">
        <h2 id="after-title">After</h2>
        {right === undefined ? (
          <p class="detail">The Service is not there any more.</p>
        ) : (
          <FlowPicture flow={right} label="Flow after the changes" before={was} onToggle={toggleGroup} />
        )}
      </section>
    </div>
  );
}

function Comparison({ chosen }: { chosen: Chosen }) {
  const body = request({ probability: questionOf(chosen) }, changes.value);
  const { answer, failure, asking } = useAnswer('what-if', body);
  useShown('what-if', body);
  const problem = failure?.problem;
  useEffect(() => {
    changeFaults.value = faultsOf(problem);
    return () => {
      changeFaults.value = new Map();
    };
  }, [problem]);
  if (failure !== undefined) return <FailureBox failure={failure} />;
  const result = answer?.result;
  if (answer === undefined || result === undefined || result.question !== 'probability') {
    return <Waiting what="Walking the rules before and after" />;
  }
  const difference = result.difference.services[0];
  return (
    <>
      <Headline text={answer.summary} asking={asking} />
      <FindingLines findings={answer.findings} />
      <BothFlows chosen={chosen} result={result} />
      <section aria-labelledby="shares-title">
        <h2 id="shares-title">Shares</h2>
        {difference === undefined ? (
          <p class="detail">Every share is the same before and after.</p>
        ) : (
          <SharesDifference difference={difference} />
        )}
      </section>
      <EstablishedBox
        established={
          difference === undefined ? result.established : { ...result.established, ...difference.established }
        }
      />
      <ChainsDiff service={`${chosen.service.namespace}/${chosen.service.name}`} />
      <Consequences applied={answer.changes} />
      <RestsOn answer={answer} />
    </>
  );
}

export function WhatIfView() {
  const { objects, answer, failure } = useObjects('before');
  const { parameters } = route.value;
  if (failure !== undefined) return <FailureBox failure={failure} />;
  if (answer === undefined) return <Waiting what="Reading the cluster" />;
  const service = findService(objects, parameters.service ?? '');
  const chosen = service === undefined || service.ports.length === 0 ? undefined : chosenOf(service, parameters);
  const isOn = changes.value.length > 0;
  return (
    <>
      <div class="changes-box">
        <ChangeList objects={objects} />
        <AddChange objects={objects} service={service} onAdd={addChange} />
      </div>
      {chosen === undefined ? (
        <ChooseService objects={objects} says="Choose the Service to compare" />
      ) : (
        <>
          <Sentence chosen={chosen} objects={objects} />
          {isOn ? (
            <Comparison chosen={chosen} />
          ) : (
            <Empty title={listedChanges.value.length > 0 ? 'Every change is switched off' : 'No change yet'}>
              <p>Add one above: this Service is then shown before and after it.</p>
            </Empty>
          )}
        </>
      )}
    </>
  );
}

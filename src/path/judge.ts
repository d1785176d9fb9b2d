/** What policies do with a pod's connection at a point of its way. */
import type { Cluster } from '../cluster/cluster.js';
import { mayDecide } from '../cluster/network-policies.js';
import { namespacedName, type Pod } from '../cluster/objects.js';
import { resourceName } from '../cluster/resources.js';
import { countsForeign, type Enforcer } from '../policies/enforcer.js';
import type { Decision } from '../policies/evaluate.js';
import type { Direction, Flow } from '../policies/flow.js';
import { knownDecision } from '../policies/known-decisions.js';
import { ALL_APIS, foreignPoliciesOf } from '../policies/policy-set.js';
import type { PolicyPoint } from './policy-point.js';
import { sentence } from './policy-words.js';
import type { Ending } from './trail.js';

/** What policies do at a point. */
export interface Judgement {
  readonly decision: Decision;
  /** Whether some policy selects the pod, or one of a kind that is not evaluated may. */
  readonly isConcerned: boolean;
  /** A rule that selects pods may match the client, of which nothing is known: it is taken to. */
  readonly isTakenToPass: boolean;
  readonly ending?: Ending;
}

/** A connection as the network plugin reads it: plugins differ in whom an ipBlock matches. */
export function asRead(flow: Flow, by: Enforcer | undefined): Flow {
  return by === undefined || by.blocks === 'ALL' ? flow : { ...flow, blocks: by.blocks };
}

/**
 * What policies do at a point with the pod's connection, without the step that says so. A pure function. `decided`: how
 * it is decided, once for pods that are alike or each time.
 */
export function judge(
  cluster: Cluster,
  point: PolicyPoint,
  pod: Pod,
  by: Enforcer | undefined,
  decided: typeof knownDecision = knownDecision,
): Judgement {
  const judged = judgeFlow(cluster, point, pod, by, decided);
  const { flow, node, sentTo } = point;
  if (sentTo === undefined) return judged;
  const destination = { ...flow.destination, address: sentTo.address };
  const sent = judgeFlow(cluster, { ...point, flow: { ...flow, destination, port: sentTo.port } }, pod, by, decided);
  if (sent.decision.verdict === judged.decision.verdict) return judged;
  // Its controller adds the addresses of Services to rules that select their pods; which ports it takes is not
  // documented.
  const detail =
    `egress policies at ${node} of ${namespacedName(pod)}: ${by?.name} polices what a pod sends before DNAT, ` +
    `${sentTo.address} port ${sentTo.port}, and policies decide ` +
    `otherwise of the pod behind it, ${flow.destination.address} port ${flow.port}`;
  return { ...judged, ending: { verdict: 'UNKNOWN', cause: 'NETWORK_POLICY', detail } };
}

function judgeFlow(
  cluster: Cluster,
  point: PolicyPoint,
  pod: Pod,
  by: Enforcer | undefined,
  decided: typeof knownDecision,
): Judgement {
  const { node, direction, flow } = point;
  const decision = defaulted(decided(cluster, direction, flow, pod, by?.admin ?? ALL_APIS), point, pod, by);
  const { verdict, tier } = decision;
  const toPod = flow.destination.pod !== undefined;
  const foreign = foreignPoliciesOf(cluster, pod).find(
    (one) => countsForeign(by, one) && mayDecide(one, direction, toPod),
  );
  const isConcerned = isSelected(decision) || foreign !== undefined;
  // A policy of the plugin's own may deny what its labels let through.
  const isTakenToPass = verdict === 'UNKNOWN' && flow.source.isSomePod === true && foreign === undefined;
  if (isTakenToPass) return { decision, isConcerned, isTakenToPass };
  const name = namespacedName(pod);
  const unknown: Ending | undefined =
    foreign === undefined || tier === 'SELF'
      ? undefined
      : {
          verdict: 'UNKNOWN',
          cause: 'NETWORK_POLICY',
          detail: `${resourceName(foreign)} selects ${name}: what it lets through is not evaluated`,
        };
  // A policy of the plugin's own may let through what these deny, as well as deny what they let through.
  const ending = unknown ?? endingOf(node, direction, name, flow, decision, by?.denial ?? 'DROP');
  return ending === undefined
    ? { decision, isConcerned, isTakenToPass }
    : { decision, isConcerned, isTakenToPass, ending };
}

/**
 * What is so where no policy selects the pod: allowed, unless the plugin denies by default; its own node always reaches
 * it.
 */
function defaulted(decision: Decision, { direction, flow }: PolicyPoint, pod: Pod, by: Enforcer | undefined): Decision {
  if (by?.deniesByDefault !== true || decision.tier !== 'DEFAULT') return decision;
  const fromOwn = direction === 'INGRESS' && flow.source.node?.metadata.name === pod.spec?.nodeName;
  return fromOwn ? decision : { ...decision, verdict: 'DENY' };
}

/** Whether some policy decides about the pod's connection, hands it on, or denies what none lets through. */
export function isSelected({ tier, verdict, passedBy }: Decision): boolean {
  if (tier === 'DEFAULT') return verdict === 'DENY' || passedBy !== undefined;
  return tier !== 'NONE' && tier !== 'SELF';
}

/** The ending that counts of two on one way: a denial before what is not known, the first of alike. */
export function firstEnding(earlier: Ending | undefined, later: Ending | undefined): Ending | undefined {
  if (earlier === undefined) return later;
  return earlier.verdict === 'UNKNOWN' && later !== undefined && later.verdict !== 'UNKNOWN' ? later : earlier;
}

/** An end whose sentence is made when it is read: of a table of all workloads few are. */
class PolicyEnding implements Ending {
  #said: string | undefined;

  constructor(
    readonly verdict: Ending['verdict'],
    readonly cause: Ending['cause'],
    private readonly say: () => string,
  ) {}

  get detail(): string {
    this.#said ??= this.say();
    return this.#said;
  }
}

function endingOf(
  node: string,
  direction: Direction,
  pod: string,
  flow: Flow,
  decision: Decision,
  denial: 'DROP' | 'REJECT',
): Ending | undefined {
  const end = (verdict: Ending['verdict'], cause: Ending['cause']) =>
    new PolicyEnding(verdict, cause, () =>
      sentence(direction, pod, flow, decision, node).replace(' policies (', ` policies at ${node} (`),
    );
  if (decision.verdict === 'UNKNOWN') return end('UNKNOWN', 'MISSING_DATA');
  if (decision.verdict !== 'DENY') return undefined;
  return end(denial === 'REJECT' ? 'REJECTED' : 'DROPPED', 'NETWORK_POLICY');
}

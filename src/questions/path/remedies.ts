/** What would let a lost packet pass: small changes, each tried by asking again. */
import { QuestionError } from '../../base/errors.js';
import { whenRead } from '../../base/when-read.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { Snapshot } from '../../cluster/read-snapshot.js';
import type { Answer, PathPolicy, PathResult } from '../../contract/answers.js';
import type { Change, QuestionRequest } from '../../contract/requests.js';
import { answerAlone, answerOf } from '../answer-plain.js';
import { LARGE_LIMITS } from '../large-ports/large-port.js';
import { type Prepared, prepare } from '../prepare.js';
import { pathSummary } from '../summaries/path.js';
import { sentence } from '../summaries/sentence-parts.js';
import { answerPath, type PathOutcome } from './answer-path.js';
import { besides } from './beside-remedies.js';
import { policyRemedies, withNewPolicies } from './policy-remedies.js';
import { policiesOfDenied, WaysWithChange } from './ways-with-change.js';

/** Remedies that are tried, at most. */
const TRIED = 6;
/** Other nodes that are tried, at most. */
const NODES_TRIED = 3;

interface Remedy {
  /** What is done, as a clause: `externalTrafficPolicy: Cluster`. */
  readonly what: string;
  readonly change?: Change;
  /** The question asked instead. */
  readonly path?: NonNullable<QuestionRequest['path']>;
  /** A change of policies or labels: what else it opens is reported. */
  readonly isPolicy?: boolean;
}

type Service = NonNullable<NonNullable<NonNullable<QuestionRequest['path']>['destination']>['service']>;

function nodesOf(cluster: Cluster, key: string): readonly string[] {
  const names = cluster.slicesOf(key).flatMap(({ endpoints }) => endpoints.map(({ nodeName }) => nodeName ?? ''));
  return [...new Set(names)].filter((name) => cluster.nodes.has(name)).sort();
}

/** Entering at a node that has an endpoint, or a policy that is not Local. */
function ofLocalPolicy(path: NonNullable<QuestionRequest['path']>, service: Service, { cluster }: Prepared): Remedy[] {
  const { namespace, name } = service;
  const key = `${namespace}/${name}`;
  const spec = cluster.services.get(key)?.spec;
  const { external } = path.source;
  const entered = external === undefined ? undefined : (external.entersAt ?? service.node);
  const others = entered === undefined ? [] : nodesOf(cluster, key).filter((node) => node !== entered);
  const field = spec?.externalTrafficPolicy === 'Local' ? 'externalTrafficPolicy' : 'internalTrafficPolicy';
  return [
    ...others.slice(0, NODES_TRIED).map((node) => ({
      what: `${node} instead of ${entered}`,
      path: {
        ...path,
        source: { external: { ...external, ...(external?.entersAt === undefined ? {} : { entersAt: node }) } },
        ...(service.node === undefined ? {} : { destination: { service: { ...service, node } } }),
      },
    })),
    {
      what: `${field}: Cluster`,
      change: { patch: { kind: 'Service', namespace, name, patch: { spec: { [field]: 'Cluster' } } } },
    },
  ];
}

/**
 * Entering where policies see the client itself: at a node that has an endpoint, or under externalTrafficPolicy Local.
 */
function ofMasquerade(path: NonNullable<QuestionRequest['path']>, service: Service, prepared: Prepared): Remedy[] {
  const { namespace, name } = service;
  const spec = prepared.cluster.services.get(`${namespace}/${name}`)?.spec;
  if (path.source.external === undefined || spec?.externalTrafficPolicy === 'Local') return [];
  const patch = { spec: { externalTrafficPolicy: 'Local' } };
  return [
    ...ofLocalPolicy(path, service, prepared).filter((one) => one.path !== undefined),
    { what: 'externalTrafficPolicy: Local', change: { patch: { kind: 'Service', namespace, name, patch } } },
  ];
}

/** A workload without replicas whose pods the Service selects. */
function ofNoEndpoints({ namespace, name }: Service, { cluster }: Prepared): Remedy[] {
  const selector = Object.entries(cluster.services.get(`${namespace}/${name}`)?.spec?.selector ?? {});
  if (selector.length === 0) return [];
  return [...cluster.workloads.values()].flatMap(({ kind, metadata, spec }): Remedy[] => {
    if (kind !== 'Deployment' && kind !== 'StatefulSet') return [];
    const labels = spec?.template?.metadata?.labels ?? {};
    if ((metadata.namespace ?? 'default') !== namespace || spec?.replicas !== 0) return [];
    if (!selector.every(([key, value]) => labels[key] === value)) return [];
    return [
      {
        what: `${kind} ${metadata.name} with 1 replica instead of 0`,
        change: { scale: { kind, namespace, name: metadata.name, replicas: 1 } },
      },
    ];
  });
}

/** The client's address among the source ranges. */
function ofFirewall({ namespace, name }: Service, prepared: Prepared, address: string | undefined): Remedy[] {
  const ranges = prepared.cluster.services.get(`${namespace}/${name}`)?.spec?.loadBalancerSourceRanges;
  if (address === undefined || ranges === undefined) return [];
  const own = `${address}/${address.includes(':') ? 128 : 32}`;
  const patch = { spec: { loadBalancerSourceRanges: [...ranges, own] } };
  return [
    { what: `${own} among loadBalancerSourceRanges`, change: { patch: { kind: 'Service', namespace, name, patch } } },
  ];
}

/** The Service's own ports, where the Service does not have the one asked for. */
function ofPort(
  path: NonNullable<QuestionRequest['path']>,
  { cluster }: Prepared,
  address: string | undefined,
): Remedy[] {
  const service = [...cluster.services.values()].find(
    ({ spec }) => address !== undefined && spec?.clusterIP === address,
  );
  return (service?.spec?.ports ?? []).slice(0, NODES_TRIED).map(({ port }) => ({
    what: `port ${port}, which ${service?.metadata.namespace ?? 'default'}/${service?.metadata.name} has`,
    path: { ...path, destination: { ...path.destination, port } },
  }));
}

function candidates(
  path: NonNullable<QuestionRequest['path']>,
  result: PathResult,
  prepared: Prepared,
  said: readonly PathPolicy[],
): Remedy[] {
  const { service } = path.destination ?? {};
  const causes = new Set(result.traces.map(({ cause }) => cause));
  return [
    ...(service !== undefined && causes.has('NO_LOCAL_ENDPOINTS') ? ofLocalPolicy(path, service, prepared) : []),
    ...(service !== undefined && causes.has('NO_ENDPOINTS') ? ofNoEndpoints(service, prepared) : []),
    ...(service !== undefined && causes.has('FIREWALLED')
      ? ofFirewall(service, prepared, path.source.external?.address)
      : []),
    ...(service !== undefined && causes.has('NETWORK_POLICY') ? ofMasquerade(path, service, prepared) : []),
    ...(causes.has('NETWORK_POLICY')
      ? policyRemedies(said, prepared.cluster).map((one) => ({ ...one, isPolicy: true }))
      : []),
    ...(causes.has('UNKNOWN_PORT') || causes.has('NO_RULE') ? ofPort(path, prepared, path.destination?.address) : []),
  ];
}

/** Said of a remedy whose effect on others is not known. */
const NOT_LOOKED_FOR = 'What else it opens is not worked out here: ask reach before and after it.';

/** What policies say of the denied ways, as their traces show it. */
function policiesShown({ traces }: PathResult): readonly PathPolicy[] {
  return traces
    .filter(({ cause }) => cause === 'NETWORK_POLICY')
    .flatMap(({ hops }) => hops.flatMap(({ steps }) => steps.flatMap(({ policy }) => policy ?? [])));
}

/** The state with a change made, beside all that the request changes. */
function changed(prepared: Prepared, change: Change, request: QuestionRequest, snapshot: Snapshot): Prepared {
  const { cluster, settings } = prepared;
  const edited = withNewPolicies(cluster, change);
  return edited === undefined
    ? prepare({ ...request, changes: [...(request.changes ?? []), change] }, snapshot)
    : { ...prepared, cluster: edited, earlier: { cluster, settings } };
}

/**
 * What becomes of the packet with a remedy, as a sentence; undefined where not all of it is delivered, or leaves the
 * cluster as it would without policies.
 */
function outcomeWith(
  after: Prepared,
  path: NonNullable<QuestionRequest['path']>,
  ways: WaysWithChange | undefined,
): string | undefined {
  const known = ways?.result(after);
  if (known === 'LOST') return undefined;
  if (known !== undefined) {
    const left = known.traces.find(({ verdict }) => verdict !== 'DELIVERED');
    return left === undefined ? pathSummary(path, known) : sentence(`Policies let it pass: ${left.explanation}`);
  }
  const again = answerAlone('path', after, { path });
  return again.result.traces.every(({ verdict }) => verdict === 'DELIVERED') ? again.summary : undefined;
}

/**
 * What would let the packet pass, of a path of which policies deny a part, or nothing is delivered. Each was tried by
 * asking again, and is there only if everything is delivered with it, or leaves the cluster for an address of which the
 * snapshot has nothing; undefined where no change is found.
 */
function remediesOf(
  result: PathResult,
  outcome: PathOutcome,
  prepared: Prepared,
  request: QuestionRequest,
  snapshot: Snapshot,
): PathResult['remedies'] {
  const { path } = request;
  if (path === undefined) return undefined;
  const isDenied = result.traces.some(({ cause }) => cause === 'NETWORK_POLICY');
  const said = outcome.ways === undefined ? policiesShown(result) : policiesOfDenied(prepared, outcome.ways);
  const ways = isDenied && outcome.ways !== undefined ? new WaysWithChange(prepared, outcome.ways) : undefined;
  const remedies = candidates(path, result, prepared, said)
    .slice(0, TRIED)
    .flatMap(({ what, change, path: instead, isPolicy = false }) => {
      try {
        const after = change === undefined ? prepared : changed(prepared, change, request, snapshot);
        const made = outcomeWith(after, instead ?? path, isPolicy ? ways : undefined);
        if (made === undefined) return [];
        const beside = isPolicy ? besides(prepared, after, said, path, change) : {};
        const becomes = beside === undefined ? `${made} ${NOT_LOOKED_FOR}` : made;
        return [{ what, outcome: becomes, ...(change === undefined ? {} : { change }), ...beside }];
      } catch (error) {
        // A change that cannot be made is no remedy.
        if (error instanceof QuestionError) return [];
        throw error;
      }
    });
  return remedies.length === 0 ? undefined : remedies;
}

/** Whether a packet is lost of which it is known how. Of one delivered in part, what policies deny counts too. */
function isLost({ verdicts }: PathResult): boolean {
  if (verdicts.length === 0 || verdicts.some(({ verdict }) => verdict === 'UNKNOWN')) return false;
  return (
    verdicts.every(({ verdict }) => verdict !== 'DELIVERED') || verdicts.some(({ cause }) => cause === 'NETWORK_POLICY')
  );
}

/**
 * Which way does a packet go, and what would let it pass where it is lost? `remedies` are tried when they are read:
 * not every form shows them. Throws QuestionError.
 */
export function answerPathWithRemedies(
  prepared: Prepared,
  request: QuestionRequest,
  snapshot: Snapshot,
): Answer<PathResult> {
  const outcome = answerPath(prepared, request.path, LARGE_LIMITS);
  const { result } = outcome;
  if (isLost(result)) whenRead(result, 'remedies', () => remediesOf(result, outcome, prepared, request, snapshot));
  return answerOf('path', prepared, request, request.findings, outcome);
}

/** What else a change of policies opens and closes, beside the path that it is for. */
import { nodeOfAddress, podOfAddress } from '../../cluster/addresses.js';
import type { Cluster } from '../../cluster/cluster.js';
import { nodeOfGateway } from '../../cluster/pod-cidrs.js';
import type { PathPolicy, ReachPair } from '../../contract/answers.js';
import type { Change, QuestionRequest } from '../../contract/requests.js';
import { isPoliced } from '../../policies/flow.js';
import { policySetOf } from '../../policies/policy-set.js';
import { selectsPod } from '../../policies/selectors.js';
import { ownersIn } from '../check/added-policies.js';
import { policyPairs } from '../check/policy-pairs.js';
import type { Prepared } from '../prepare.js';
import { changedPair } from '../reach/reach-pair.js';
import { closedByIsolation } from './newly-isolated.js';

/** The ways to so many Service ports are walked at most, to see what else a remedy opens. */
const MOST_TARGETS = 50;
/** Pairs of workload and Service port that are asked about for each remedy, at most. */
const MOST_PAIRS = 4000;
/** What a remedy opens beside, as far as it is listed. */
const MOST_LISTED = 20;

type Source = NonNullable<QuestionRequest['path']>['source'];
type Service = NonNullable<NonNullable<NonNullable<QuestionRequest['path']>['destination']>['service']>;

/** Whether clients outside come to a Service by nodes that masquerade them. */
function takesFromOutside({ cluster }: Prepared, service: Service | undefined): boolean {
  const spec = service && cluster.services.get(`${service.namespace}/${service.name}`)?.spec;
  if (spec === undefined || spec.externalTrafficPolicy === 'Local') return false;
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0;
}

/** A Service and its port in words, or `it`. */
function serviceWords({ cluster }: Prepared, service: Service | undefined): string {
  if (service === undefined) return 'it';
  const key = `${service.namespace}/${service.name}`;
  const ports = cluster.services.get(key)?.spec?.ports ?? [];
  const port = service.port ?? service.portName ?? (ports.length === 1 ? ports[0]?.port : undefined);
  return port === undefined ? key : `${key}:${port}`;
}

/**
 * Where policies see a node in a client's stead, whoever lets that node in lets in all that comes from it: its own
 * processes, and clients outside that come in there.
 */
function seenAsNodes(
  prepared: Prepared,
  said: readonly PathPolicy[],
  { source, destination }: NonNullable<QuestionRequest['path']>,
): readonly string[] {
  const { service } = destination ?? {};
  const to = serviceWords(prepared, service);
  const isOutside = source.external !== undefined || takesFromOutside(prepared, service);
  const nodes = new Set<string>();
  // Of the pod's own node only: its processes are let through whatever policies say.
  const gateways = new Set<string>();
  for (const policy of said) {
    if (policy.verdict !== 'DENY' || policy.direction !== 'INGRESS') continue;
    const node = nodeOfAddress(prepared.cluster, policy.source)?.metadata.name;
    if (node !== undefined) nodes.add(node);
    const gateway = node === undefined ? nodeOfGateway(prepared.cluster, policy.source) : undefined;
    if (gateway !== undefined) gateways.add(gateway);
  }
  return [...new Set([...nodes, ...gateways])]
    .sort()
    .flatMap((node) => [
      ...(isOutside ? [`every client outside that comes in at ${node} to ${to}`] : []),
      ...(source.node === node || !nodes.has(node) ? [] : [`processes of node ${node} to ${to}`]),
    ]);
}

/**
 * Other workloads that a new policy lets connect to an address, of a node or outside, that they could not connect to:
 * pairs of workloads and Services do not have these.
 */
function alsoConnecting(
  { cluster }: Prepared,
  said: readonly PathPolicy[],
  asking: ReadonlySet<string>,
  change: Change | undefined,
): readonly string[] {
  const found = new Set<string>();
  for (const policy of said) {
    const { destination, port, protocol = 'TCP' } = policy;
    if (policy.verdict !== 'DENY' || policy.direction !== 'EGRESS' || destination === undefined) continue;
    const receiver = podOfAddress(cluster, destination);
    if (receiver !== undefined && isPoliced(receiver)) continue;
    const [namespace = ''] = policy.pod.split('/');
    for (const manifest of change?.apply?.manifests ?? []) {
      const { metadata, spec } = manifest as { metadata?: { namespace?: string }; spec?: { podSelector?: unknown } };
      if (metadata?.namespace !== namespace) continue;
      for (const pod of cluster.podsIn(namespace)) {
        const owner = ownersIn(cluster).get(pod);
        if (owner === undefined || asking.has(owner) || !isPoliced(pod)) continue;
        if (!selectsPod(spec?.podSelector, pod) || policySetOf(cluster).isolating(pod, 'EGRESS').names.length === 0)
          continue;
        found.add(`${owner} to ${destination}${port === undefined ? '' : `, ${protocol} port ${port}`}`);
      }
    }
  }
  return [...found].sort();
}

/**
 * What a change of policies opens and closes beside the pair that is asked about; undefined where these are too many to
 * ask, or not known.
 */
export function besides(
  before: Prepared,
  after: Prepared,
  said: readonly PathPolicy[],
  path: NonNullable<QuestionRequest['path']>,
  change: Change | undefined,
) {
  const { source, destination } = path;
  const asking = askingWorkloads(after.cluster, source);
  const { changed, unknown } = policyPairs(before, after, {
    limit: MOST_PAIRS,
    targetLimit: MOST_TARGETS,
    findings: false,
    except: { from: asking, service: destination?.service },
  });
  if (unknown !== undefined) return undefined;
  const pairs = changed.map(changedPair);
  // What is so in both families is said once.
  const named = (change: ReachPair['change']) => [
    ...new Set(pairs.filter((pair) => pair.change === change).map(({ from, to }) => `${from} to ${to}`)),
  ];
  const opens = [
    ...new Set([
      ...seenAsNodes(after, said, path),
      ...alsoConnecting(before, said, asking, change),
      ...named('OPENED'),
    ]),
  ];
  const closes = [...new Set([...named('CUT'), ...closedByIsolation(before, after, said)])];
  return {
    opens: opens.slice(0, MOST_LISTED),
    opensCount: opens.length,
    ...(closes.length === 0 ? {} : { closes: closes.slice(0, MOST_LISTED) }),
  };
}

/** The workloads that ask, as pairs name them. */
function askingWorkloads(cluster: Cluster, { pod, workload }: Source): ReadonlySet<string> {
  if (workload !== undefined) return new Set([`${workload.kind} ${workload.namespace}/${workload.name}`]);
  const own = pod === undefined ? undefined : cluster.pods.get(pod);
  const owner = own === undefined ? undefined : ownersIn(cluster).get(own);
  return new Set(owner === undefined ? [] : [owner]);
}

/** Which Service ports may be spread evenly, at any number of endpoints, as far as their Services say. */
import type { Cluster } from '../../cluster/cluster.js';
import type { Settings } from '../../cluster/settings.js';
import type { ProbabilityQuestion } from '../../contract/requests.js';
import { ANNOTATIONS_OF_HINTS } from '../../control-plane/topology-hints.js';
import type { ServiceTargeted } from '../probability/asked-ports.js';

/** Whether clients stay who they are, however many pods the workload has. */
function clientsStay({ clients }: ProbabilityQuestion): boolean {
  if (clients === undefined || clients.nodes !== undefined || clients.external !== undefined) return true;
  return clients.weights?.every(({ source }) => source.podOn !== undefined || source.node !== undefined) ?? false;
}

/** Schedulers of IPVS that spread connections over all endpoints alike, whatever their number. */
const EVEN_SCHEDULERS: ReadonlySet<string> = new Set(['rr', 'wrr', 'lc', 'wlc', 'sed', 'nq']);

/** Whether no node chooses by a hash, by one address, or by counts of connections. */
export function spreadsEvenly(cluster: Cluster, { proxyOf, connections }: Settings): boolean {
  const schedulers = new Set<string>();
  for (const { metadata, status } of cluster.nodes.values()) {
    if (status?.nodeInfo?.operatingSystem === 'windows') continue;
    const { mode, ipvsScheduler } = proxyOf(metadata.name);
    if (mode === 'ipvs') schedulers.add(ipvsScheduler);
  }
  if (schedulers.size === 0) return true;
  if (connections.open !== undefined || connections.pattern !== 'BALANCED') return false;
  return [...schedulers].every((scheduler) => EVEN_SCHEDULERS.has(scheduler));
}

/**
 * Whether every client chooses among all endpoints of the port alike: no policy Local, no hints, no load balancer
 * before it, which may look at endpoints itself. Only then an {@link EvenLaw} can hold; whether it does, a walk shows.
 */
export function choosesAlike(cluster: Cluster, { target }: ServiceTargeted, question: ProbabilityQuestion): boolean {
  const { service, key, via } = target;
  const { spec, metadata } = service;
  if (!clientsStay(question) || via === 'LOAD_BALANCER') return false;
  if (spec?.internalTrafficPolicy === 'Local' || spec?.externalTrafficPolicy === 'Local') return false;
  if (spec?.trafficDistribution) return false;
  if (ANNOTATIONS_OF_HINTS.some((name) => metadata.annotations?.[name] !== undefined)) return false;
  return cluster.slicesOf(key).every(({ endpoints }) => endpoints.every(({ hints }) => !hints));
}

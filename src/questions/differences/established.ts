import type { Cluster } from '../../cluster/cluster.js';
import { podAddresses } from '../../cluster/cluster.js';
import type { EndpointRef, EstablishedShares, PathTrace, Probability } from '../../contract/answers.js';
import { nodeIsDown } from '../../path/network.js';
import { lessOf, partOf, totalOf } from './shifted-shares.js';
import { type FlowFate, flowsExplanation, type Side, tracksByIpvs, tracksByRules } from './udp-flows.js';

/** Why rules say nothing of connections that there are already (netfilter: nat is asked for a first packet alone). */
export const RULES_EXPLANATION =
  'The nat table is asked for the first packet of a connection alone: a connection that is established keeps the ' +
  'endpoint that conntrack has for it, whatever these rules say, as long as its pod and that pod’s node are there.';

const SHARES_EXPLANATION =
  'Established connections keep the endpoint that conntrack has for them, whatever the new rules choose. ' +
  'Lost are those ' +
  'whose pod is gone, or whose node is removed or down. An endpoint that only left the Service keeps its connections.';

const IPVS_EXPLANATION =
  'IPVS keeps the real server of every connection that it has. A real server of TCP that leaves drains: it ' +
  'gets weight 0, takes no ' +
  'new connections and keeps those that it has. One of UDP or SCTP is removed at once, and the next packet ' +
  'gets another one. Lost are ' +
  'connections whose pod is gone, or whose node is removed or down.';

const NOT_COUNTED = 'Connections whose client or a node on the way goes are not counted.';

/** What becomes of established connections of these protocols, in sentences: as conntrack and kube-proxy have it. */
export function sharesExplanation(after: Side, protocols: readonly string[]): string {
  if (!tracksByRules(after)) {
    return 'What becomes of established connections is not known: the data plane of the cluster is not modelled.';
  }
  if (tracksByIpvs(after)) return `${IPVS_EXPLANATION} ${NOT_COUNTED}`;
  const flows = [...new Set(protocols)].sort().flatMap((protocol) => flowsExplanation(after, protocol) ?? []);
  return [SHARES_EXPLANATION, ...flows, NOT_COUNTED].join(' ');
}

/** Whether whoever had the connections of this endpoint is no longer there. */
function isGone({ address, node, pod }: EndpointRef, before: Cluster, after: Cluster): boolean {
  if (node !== undefined && before.nodes.has(node)) {
    const now = after.nodes.get(node);
    if (now === undefined || nodeIsDown(now)) return true;
  }
  const was = pod === undefined ? undefined : before.pods.get(pod);
  if (pod === undefined || was === undefined) return false;
  const now = after.pods.get(pod);
  if (now === undefined || now.status?.phase === 'Succeeded' || now.status?.phase === 'Failed') return true;
  const [uid, next] = [was.metadata.uid, now.metadata.uid];
  if (uid !== undefined && next !== undefined && uid !== next) return true;
  return podAddresses(was).includes(address) && !podAddresses(now).includes(address);
}

/** What an endpoint gets of the connections that are delivered. */
interface Delivered {
  readonly endpoint: EndpointRef;
  readonly share: Probability;
}

/** What is left of an endpoint's share, and what new connections no longer get of it. */
function splitBy(entry: Delivered, later: readonly Delivered[] | undefined): { left: Delivered; cut?: Delivered } {
  if (later === undefined) return { left: entry };
  const { endpoint } = entry;
  const own = later.filter(({ endpoint: { address, port } }) => address === endpoint.address && port === endpoint.port);
  const is = totalOf(own.map(({ share }) => share));
  const cut = lessOf(entry.share, is);
  return cut === undefined ? { left: entry } : { left: { endpoint, share: is }, cut: { endpoint, share: cut } };
}

/**
 * What becomes of established connections, taken to be spread over endpoints as new ones were before the change.
 * `fateOf`: what becomes of flows without connections ({@link flowFates}); absent, those of endpoints that are there
 * are kept. `later`: what new connections get after the change, where what they lose ends ({@link policyCuts}).
 */
export function establishedShares(
  delivered: readonly Delivered[],
  before: Cluster,
  after: Cluster,
  fateOf: (endpoint: EndpointRef, gone: boolean) => FlowFate = (_, gone) => (gone ? 'LOST' : 'KEPT'),
  later?: readonly Delivered[],
): EstablishedShares {
  const fates = delivered.map((entry) => ({
    entry,
    fate: fateOf(entry.endpoint, isGone(entry.endpoint, before, after)),
  }));
  const of = (wanted: FlowFate) => fates.flatMap(({ entry, fate }) => (fate === wanted ? [entry] : []));
  const rechosen = of('RECHOSEN');
  const split = of('KEPT').map((entry) => splitBy(entry, later));
  const kept = split.map(({ left }) => left);
  const gone = [...of('LOST'), ...split.flatMap(({ cut }) => cut ?? [])];
  const total = (entries: readonly Delivered[]) => totalOf(entries.map(({ share }) => share));
  const all = total(delivered);
  const endpoints = new Map(gone.map(({ endpoint }) => [JSON.stringify(endpoint), endpoint]));
  return {
    kept: partOf(total(kept), all),
    lost: partOf(total(gone), all),
    lostEndpoints: [...endpoints.values()],
    ...(rechosen.length === 0 ? {} : { rechosen: partOf(total(rechosen), all) }),
  };
}

/** The endpoints that traces deliver to, with their chances. */
export function deliveredBy(
  traces: readonly PathTrace[],
): readonly { readonly endpoint: EndpointRef; readonly share: Probability }[] {
  return traces.flatMap(({ verdict, endpoint, probability }) =>
    verdict === 'DELIVERED' && endpoint !== undefined ? [{ endpoint, share: probability }] : [],
  );
}

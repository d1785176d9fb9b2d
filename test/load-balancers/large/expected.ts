/**
 * What each pod gets of the new connections through its Service's load balancer, in plain arithmetic from the model of
 * the cluster alone: nothing of the product is used here.
 */
import type { ClusterModel, NodeModel, PodModel, ServiceModel } from './generate.js';

/** A share, as a fraction of whole numbers. */
class Ratio {
  static readonly zero = new Ratio(0n, 1n);
  static readonly one = new Ratio(1n, 1n);
  readonly top: bigint;
  readonly bottom: bigint;

  constructor(top: bigint, bottom: bigint) {
    let [a, b] = [top, bottom];
    while (b !== 0n) [a, b] = [b, a % b];
    this.top = top / a;
    this.bottom = bottom / a;
  }

  static of(top: number, bottom: number): Ratio {
    return new Ratio(BigInt(top), BigInt(bottom));
  }

  plus(other: Ratio): Ratio {
    return new Ratio(this.top * other.bottom + other.top * this.bottom, this.bottom * other.bottom);
  }

  times(other: Ratio): Ratio {
    return new Ratio(this.top * other.top, this.bottom * other.bottom);
  }

  toString(): string {
    return this.bottom === 1n ? `${this.top}` : `${this.top}/${this.bottom}`;
  }
}

export interface Expected {
  /** By the pod's address; pods that get nothing are left out. */
  readonly shares: ReadonlyMap<string, Ratio>;
  readonly delivered: Ratio;
}

const ready = ({ state }: PodModel) => state === 'READY';
const leaving = ({ state }: PodModel) => state === 'TERMINATING_SERVING';

/** kube-proxy's choice since 1.26: ready endpoints, else those that terminate and still serve. */
function usable(pods: readonly PodModel[]): readonly PodModel[] {
  const good = pods.filter(ready);
  return good.length > 0 ? good : pods.filter(leaving);
}

/** The parts of members of groups: groups alike, members alike within their group. */
function alikeByGroup<T>(members: readonly T[], groupOf: (member: T) => string): ReadonlyMap<T, Ratio> {
  const groups = new Map<string, T[]>();
  for (const member of members) {
    const known = groups.get(groupOf(member));
    if (known === undefined) groups.set(groupOf(member), [member]);
    else known.push(member);
  }
  const shares = new Map<T, Ratio>();
  for (const own of groups.values()) for (const one of own) shares.set(one, Ratio.of(1, groups.size * own.length));
  return shares;
}

/** What pods get where these nodes get these parts of the connections. */
function atNodes(service: ServiceModel, parts: ReadonlyMap<NodeModel, Ratio>): Expected {
  const shares = new Map<string, Ratio>();
  let delivered = Ratio.zero;
  for (const [node, part] of parts) {
    if (node.down) continue;
    const own = service.policy === 'Local' ? service.pods.filter((pod) => pod.node === node) : service.pods;
    const takers = usable(own);
    for (const pod of takers) {
      const share = part.times(Ratio.of(1, takers.length));
      shares.set(pod.address, (shares.get(pod.address) ?? Ratio.zero).plus(share));
      delivered = delivered.plus(share);
    }
  }
  return { shares, delivered };
}

/** What pods get that are targets themselves. */
function atPods(service: ServiceModel, byZone: boolean, opens: boolean): Expected {
  const targets = service.pods.filter(({ state }) => !state.startsWith('TERMINATING'));
  const healthy = targets.filter(ready);
  const used = healthy.length === 0 && opens ? targets : healthy;
  const parts = alikeByGroup(used, ({ node }) => (byZone ? node.zone : ''));
  const shares = new Map([...parts].filter(([{ node }]) => !node.down).map(([pod, part]) => [pod.address, part]));
  return { shares, delivered: [...shares.values()].reduce((sum, part) => sum.plus(part), Ratio.zero) };
}

/** How a kind of load balancer over nodes works. */
interface OverNodes {
  readonly byZone: boolean;
  /** Where all nodes fail their checks: whether all are used. */
  readonly opens: boolean;
  /** Under Cluster: kube-proxy's own health, or the Service's node port. */
  readonly cluster: 'PROXY' | 'NODE_PORT';
  /** Under Local: the Service's health check node port, or its node port. */
  readonly local: 'HEALTH_PORT' | 'NODE_PORT';
  readonly weighted?: boolean;
  /** Members are the nodes with endpoints, under Local. */
  readonly subset?: boolean;
}

const AWS = { byZone: true, opens: true, cluster: 'NODE_PORT', local: 'HEALTH_PORT' } as const;
const AZURE = { byZone: false, opens: false, cluster: 'NODE_PORT', local: 'HEALTH_PORT' } as const;
const GOOGLE = { byZone: false, opens: true, cluster: 'PROXY', local: 'HEALTH_PORT' } as const;

const OVER_NODES: Partial<Record<ServiceModel['kind'], OverNodes>> = {
  pool: GOOGLE,
  'backend-service-weighted': { ...GOOGLE, weighted: true },
  'internal-subset': { ...GOOGLE, subset: true },
  nlb: AWS,
  'nlb-cross-zone': { ...AWS, byZone: false },
  classic: { ...AWS, opens: false },
  alb: { ...AWS, byZone: false, local: 'NODE_PORT' },
  azure: AZURE,
  'azure-no-floating': AZURE,
  'azure-internal': AZURE,
};

function healthy(service: ServiceModel, node: NodeModel, { cluster, local }: OverNodes): boolean {
  if (node.down) return false;
  const own = service.pods.filter((pod) => pod.node === node);
  if (service.policy === 'Local') return local === 'HEALTH_PORT' ? own.some(ready) : usable(own).length > 0;
  return cluster === 'PROXY' || usable(service.pods).length > 0;
}

/** The expected shares of a Service's only port. */
export function expectedOf(model: ClusterModel, service: ServiceModel): Expected {
  const { kind } = service;
  if (kind === 'container-native') return atPods(service, false, false);
  if (kind === 'nlb-ip') return atPods(service, true, true);
  if (kind === 'nlb-ip-cross-zone' || kind === 'alb-ip') return atPods(service, false, true);
  const how = OVER_NODES[kind];
  if (how === undefined) throw new Error(`no arithmetic for ${kind}`);
  let members = model.nodes.filter(({ out }) => out === undefined);
  if (how.subset === true && service.policy === 'Local') {
    const named = new Set(service.pods.filter(({ state }) => !state.startsWith('TERMINATING')).map(({ node }) => node));
    members = members.filter((node) => named.has(node));
  }
  const good = members.filter((node) => healthy(service, node, how));
  const used = good.length === 0 && how.opens ? members : good;
  if (how.weighted === true && service.policy === 'Local') {
    const countOf = (node: NodeModel) => service.pods.filter((pod) => pod.node === node && ready(pod)).length;
    const all = used.reduce((sum, node) => sum + countOf(node), 0);
    if (all === 0) return { shares: new Map(), delivered: Ratio.zero };
    return atNodes(service, new Map(used.map((node) => [node, Ratio.of(countOf(node), all)])));
  }
  return atNodes(
    service,
    alikeByGroup(used, ({ zone }) => (how.byZone ? zone : '')),
  );
}

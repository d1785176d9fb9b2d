import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import { namespacedName } from '../../cluster/objects.js';
import { type RunningWorkload, runningWorkloads } from '../../cluster/running-workloads.js';
import type { Finding } from '../../contract/answers.js';
import { enforcementOf } from '../../policies/enforcer.js';
import { policySetOf } from '../../policies/policy-set.js';
import type { Prepared } from '../prepare.js';
import { outsideFindings } from '../reach/outside-changes.js';
import { egressFindings } from '../reach/outside-egress.js';
import {
  differsByPolicy,
  establishedFinding,
  type PairChange,
  pairChanges,
  pairFindings,
  sourceName,
  unknownOfPairs,
} from '../reach/pair-changes.js';
import { type Pair, reachTable } from '../reach/reach-table.js';
import { type ReachTarget, serviceTargets } from '../reach/reach-targets.js';
import { type AddedPolicies, addedPolicies } from './added-policies.js';
import { type Concerned, concernedBy, concernedByEither, concernedByPlugin } from './concerned-workloads.js';

/** Pairs that are compared at most, unless the caller says otherwise. */
const MOST_PAIRS = 40_000;

export interface PolicyPairs {
  /** The pairs that the change makes others through policies, to the Services that are asked about. */
  readonly changed: readonly PairChange[];
  /** `namespace/name` of the Services of all of them. */
  readonly services: readonly string[];
  readonly findings: readonly Finding[];
  /** Why it is not known what the change does to clients. */
  readonly unknown?: string;
}

const NOTHING: PolicyPairs = { changed: [], services: [], findings: [] };

/** The targets that have an endpoint of these workloads on some side. */
function targetsOf(clusters: readonly Cluster[], targets: readonly ReachTarget[], names: ReadonlySet<string>) {
  const pods = new Set<string>();
  for (const cluster of clusters) {
    for (const workload of runningWorkloads(cluster)) {
      if (names.has(sourceName(workload))) for (const pod of workload.pods) pods.add(namespacedName(pod));
    }
  }
  return targets.filter(({ service }) =>
    clusters.some((cluster) =>
      cluster
        .slicesOf(`${service?.namespace}/${service?.name}`)
        .some(({ endpoints }) =>
          endpoints.some(({ targetRef }) =>
            pods.has(`${targetRef?.namespace ?? service?.namespace}/${targetRef?.name}`),
          ),
        ),
    ),
  );
}

interface ServicesOfPods {
  readonly byPod: ReadonlyMap<string, readonly string[]>;
  /** Those with an endpoint of which no pod is named. */
  readonly loose: readonly string[];
}

const indexes = new WeakMap<Cluster['endpointSlices'], ServicesOfPods>();

/** The Services that have each pod as an endpoint. */
function servicesOfPods(cluster: Cluster): ServicesOfPods {
  return remember(indexes, cluster.endpointSlices, () => {
    const byPod = new Map<string, string[]>();
    const loose: string[] = [];
    for (const key of cluster.services.keys()) {
      const [namespace = ''] = key.split('/');
      const refs = cluster.slicesOf(key).flatMap(({ endpoints }) => endpoints.map(({ targetRef }) => targetRef));
      if (refs.some((ref) => ref === undefined)) loose.push(key);
      for (const ref of new Set(
        refs.flatMap((one) => (one === undefined ? [] : [`${one.namespace ?? namespace}/${one.name}`])),
      )) {
        remember(byPod, ref, (): string[] => []).push(key);
      }
    }
    return { byPod, loose };
  });
}

/** The Services with an endpoint of these workloads; `loose`: also those with endpoints that may be anything. */
function servicesBehind(cluster: Cluster, names: ReadonlySet<string>, loose: boolean): readonly string[] {
  const index = servicesOfPods(cluster);
  const found = new Set(loose ? index.loose : []);
  for (const workload of workloadsNamed(cluster, names)) {
    for (const pod of workload.pods) for (const key of index.byPod.get(namespacedName(pod)) ?? []) found.add(key);
  }
  return [...found];
}

const places = new WeakMap<readonly RunningWorkload[], ReadonlyMap<string, number>>();

/** The running workloads of these names, in the order of all. */
function workloadsNamed(cluster: Cluster, names: ReadonlySet<string>): readonly RunningWorkload[] {
  const all = runningWorkloads(cluster);
  const placeOf = remember(places, all, () => new Map(all.map((one, index) => [sourceName(one), index])));
  return [...names]
    .flatMap((name) => placeOf.get(name) ?? [])
    .sort((a, b) => a - b)
    .map((index) => all[index] as RunningWorkload);
}

interface Wanted {
  readonly sources: readonly RunningWorkload[];
  readonly targets: readonly ReachTarget[];
}

/** By direction and label: which workloads may do something else to which targets. */
function wholeParts(clusters: readonly [Cluster, Cluster], about: Concerned) {
  return ({ cluster }: Prepared): readonly Wanted[] => {
    const all = runningWorkloads(cluster);
    const targets = serviceTargets(cluster, undefined, {});
    // What may send elsewhere, or is let in elsewhere by its labels, is a client of every Service.
    const sources = all.filter((one) => about.EGRESS.has(sourceName(one)) || about.relabelled.has(sourceName(one)));
    const others = all.filter((one) => !sources.includes(one));
    return [
      { sources, targets },
      { sources: others, targets: targetsOf(clusters, targets, new Set([...about.INGRESS])) },
    ];
  };
}

/** The same where policies are added: only what their rules may match, where that is all that changes. */
function narrowParts({ about, others }: AddedPolicies, except: PairOptions['except']) {
  return ({ cluster }: Prepared): readonly Wanted[] => {
    const senders = others.INGRESS;
    const sources = workloadsNamed(cluster, about.EGRESS);
    const rest =
      senders === undefined
        ? runningWorkloads(cluster).filter((one) => !about.EGRESS.has(sourceName(one)))
        : workloadsNamed(cluster, senders).filter((one) => !about.EGRESS.has(sourceName(one)));
    const left = exceptService(except);
    const isAsking = rest.every((one) => except?.from.has(sourceName(one)));
    const to = (names: ReadonlySet<string>, loose: boolean) => {
      const services = servicesBehind(cluster, names, loose);
      // Most often nobody else is concerned: then there is nothing to look at.
      const isLeftOut = !loose && isAsking && services.every((key) => key === left);
      return isLeftOut || services.length === 0 ? [] : serviceTargets(cluster, undefined, { services });
    };
    const reached = others.EGRESS;
    const egress = reached === undefined ? undefined : new Set([...reached, ...about.INGRESS]);
    return [
      {
        sources,
        targets:
          sources.length === 0 ? [] : egress === undefined ? serviceTargets(cluster, undefined, {}) : to(egress, true),
      },
      { sources: rest, targets: rest.length === 0 ? [] : to(about.INGRESS, false) },
    ];
  };
}

/** `namespace/name` of the Service to which some workloads are left out. */
const exceptService = (except: PairOptions['except']) =>
  except?.service === undefined ? undefined : `${except.service.namespace}/${except.service.name}`;

/** The parts without certain pairs. */
function without(parts: readonly Wanted[], except: PairOptions['except']): readonly Wanted[] {
  if (except?.service === undefined || except.from.size === 0) return parts;
  const { namespace, name } = except.service;
  const isTheirs = ({ service }: ReachTarget) => service?.namespace === namespace && service.name === name;
  return parts.flatMap(({ sources, targets }): Wanted[] => {
    const [asked, others] = [targets.filter(isTheirs), targets.filter((one) => !isTheirs(one))];
    if (asked.length === 0) return [{ sources, targets }];
    return [
      { sources: sources.filter((one) => !except.from.has(sourceName(one))), targets: asked },
      { sources, targets: others },
    ];
  });
}

export interface PairOptions {
  readonly limit?: number;
  /** To how many Service ports ways are walked at most, which is most of what it costs. Default all. */
  readonly targetLimit?: number;
  /** `namespace/name` of the Services that are asked about; changes to others are left out. Default all. */
  readonly services?: ReadonlySet<string> | undefined;
  /** Whether findings are made of what changes. Default true. */
  readonly findings?: boolean;
  /** Pairs that are left out: of these workloads (as pairs name them) to any port of this Service. */
  readonly except?: {
    readonly from: ReadonlySet<string>;
    readonly service?: { readonly namespace: string; readonly name: string } | undefined;
  };
  /** Compares pairs too that cannot have become others: what comparing fewer is tested against. Default false. */
  readonly everyPair?: boolean;
}

/** Compares what is wanted before and after; a pure function. */
export function policyPairs(
  before: Prepared,
  after: Prepared,
  {
    limit = MOST_PAIRS,
    targetLimit = Number.POSITIVE_INFINITY,
    findings = true,
    everyPair = false,
    except,
    services,
  }: PairOptions = {},
): PolicyPairs {
  const clusters = [before.cluster, after.cluster] as const;
  const byPlugin = concernedByPlugin(before, after);
  if (byPlugin === undefined) {
    if (before.cluster.resources === after.cluster.resources && before.cluster.pods === after.cluster.pods)
      return NOTHING;
    if (clusters.every((cluster) => policySetOf(cluster).isEmpty)) return NOTHING;
  }
  const added = everyPair || byPlugin !== undefined ? undefined : addedPolicies(...clusters);
  const byObjects: Concerned = added === undefined ? concernedBy(clusters) : { ...added.about, relabelled: new Set() };
  const about = byPlugin === undefined ? byObjects : concernedByEither(byPlugin, byObjects);
  if (about.EGRESS.size + about.INGRESS.size === 0) return NOTHING;
  const partsOf = added === undefined ? wholeParts(clusters, about) : narrowParts(added, except);
  const [earlier, later] = [before, after].map((side) => without(partsOf(side), except)) as [Wanted[], Wanted[]];
  const size = (parts: readonly Wanted[]) =>
    parts.reduce((sum, { sources, targets }) => sum + sources.length * targets.length, 0);
  const most = Math.max(size(earlier), size(later));
  const walked = (parts: readonly Wanted[]) =>
    new Set(parts.flatMap(({ sources, targets }) => (sources.length === 0 ? [] : targets))).size;
  if (most > limit || Math.max(walked(earlier), walked(later)) > targetLimit) {
    const unknown =
      `Policies change for ${most} pairs of workload and Service port; a check compares ${limit}: ask reach by ` +
      'namespaces.';
    return { ...NOTHING, unknown };
  }
  const tables = (side: Prepared, parts: readonly Wanted[]): readonly Pair[] =>
    parts.flatMap(({ sources, targets }) =>
      sources.length === 0 || targets.length === 0 ? [] : reachTable(side, sources, targets).pairs,
    );
  const compared = pairChanges(tables(before, earlier), tables(after, later));
  const all = compared.filter(differsByPolicy);
  const serviceOf = ({ to: { service } }: PairChange) => `${service?.namespace}/${service?.name}`;
  const changed = services === undefined ? all : all.filter((one) => services.has(serviceOf(one)));
  const unknown = unknownOfPairs(changed);
  const senders = new Set([...about.EGRESS, ...about.relabelled]);
  return {
    changed,
    services: [...new Set(all.map(serviceOf))].sort(),
    findings: findings ? findingsOf(before, after, { changed, senders, services }) : [],
    ...(unknown === undefined ? {} : { unknown }),
  };
}

/** What a change cuts and opens, of pairs and outside of the cluster, and what becomes of established connections. */
function findingsOf(
  before: Prepared,
  after: Prepared,
  about: Pick<PolicyPairs, 'changed'> & Pick<PairOptions, 'services'> & { readonly senders: ReadonlySet<string> },
): readonly Finding[] {
  const { changed, senders, services } = about;
  const ofPairs = pairFindings(changed, after);
  const isAskedAbout = ({ evidence }: Finding) => {
    const led = evidence.services as readonly string[];
    return services === undefined || led.length === 0 || led.some((key) => services.has(key));
  };
  const outside = [...outsideFindings(before, after).filter(isAskedAbout), ...egressFindings(before, after, senders)];
  const isTold = ofPairs.some(({ code }) => code === 'NETWORK_POLICY_ESTABLISHED');
  if (isTold || !outside.some(({ code }) => code === 'NETWORK_POLICY_CUTS')) return [...ofPairs, ...outside];
  const enforcement = enforcementOf(after.cluster, after.settings.network.policies);
  return [...ofPairs, ...outside, establishedFinding(0, enforcement)];
}

/** Which of Google's passthrough load balancers a Service has, and what holds its backends. */
import type { Service } from '../../cluster/objects.js';
import { annotationOf } from '../annotations.js';
import type { Balanced } from '../implementation.js';
import { ANNOTATIONS, CLASSES, FINALIZERS, SINCE } from './facts.js';

type Scheme = 'EXTERNAL' | 'INTERNAL';
export type BackendKind = 'TARGET_POOL' | 'INSTANCE_GROUP' | 'NEG';

interface Shown {
  readonly scheme: Scheme;
  readonly backends?: BackendKind;
  /** What shows it, as the end of a sentence. */
  readonly by: string;
}

const BY_CLASS: Readonly<Record<string, Omit<Shown, 'by'>>> = {
  [CLASSES.external]: { scheme: 'EXTERNAL', backends: 'NEG' },
  [CLASSES.externalLegacy]: { scheme: 'EXTERNAL', backends: 'TARGET_POOL' },
  [CLASSES.internal]: { scheme: 'INTERNAL', backends: 'NEG' },
  [CLASSES.internalLegacy]: { scheme: 'INTERNAL', backends: 'INSTANCE_GROUP' },
};

/** Whether annotations ask for an internal load balancer. */
export function asksForInternal(service: Service): boolean {
  const type = annotationOf(service, ANNOTATIONS.type) ?? annotationOf(service, ANNOTATIONS.formerType);
  return type?.toLowerCase() === 'internal';
}

function finalizersOf({ metadata }: Service): readonly string[] {
  return Array.isArray(metadata.finalizers) ? metadata.finalizers : [];
}

/** What the Service's class, finalizers and annotations show; undefined: only the platform can tell. */
function shownBy(service: Service): Shown | undefined {
  const { loadBalancerClass } = service.spec ?? {};
  if (loadBalancerClass) {
    const known = Object.hasOwn(BY_CLASS, loadBalancerClass) ? BY_CLASS[loadBalancerClass] : undefined;
    return known && { ...known, by: `loadBalancerClass ${loadBalancerClass}` };
  }
  for (const name of finalizersOf(service)) {
    const known = Object.hasOwn(FINALIZERS, name) ? FINALIZERS[name] : undefined;
    if (known !== undefined) return { ...known, by: `finalizer ${name}` };
  }
  return undefined;
}

/** Why a Service of this platform has a load balancer of this scheme; undefined: it has another one. */
export function schemeShown(service: Service, scheme: Scheme, onGke: boolean): string | undefined {
  const shown = shownBy(service);
  if (shown !== undefined) return shown.scheme === scheme ? shown.by : undefined;
  if (service.spec?.loadBalancerClass || !onGke) return undefined;
  if (asksForInternal(service)) {
    return scheme === 'INTERNAL' ? 'platform gke, an annotation that asks for an internal load balancer' : undefined;
  }
  if (scheme === 'INTERNAL') return undefined;
  return annotationOf(service, ANNOTATIONS.backendService) === 'enabled'
    ? `platform gke, annotation ${ANNOTATIONS.backendService}`
    : 'platform gke, neither class nor an annotation that asks for an internal one';
}

/** The minor version of the cluster, by its nodes. */
function minorOf({ cluster, settings }: Balanced): number {
  const versions = [...cluster.nodes.keys()].map((node) => settings.proxyOf(node).version.minor);
  return versions.length === 0 ? 0 : Math.max(...versions);
}

/**
 * What holds the backends: what the request says, else class, finalizer, NEG status, annotation, else what the cluster's version
 * does by itself, which is an assumption.
 */
export function backendKind(balanced: Balanced, scheme: Scheme): BackendKind {
  const { options, service } = balanced;
  if (options.subsetting === true) return 'NEG';
  if (options.backends !== undefined) return options.backends;
  if (options.subsetting === false) return 'INSTANCE_GROUP';
  const shown = shownBy(service);
  if (shown?.backends !== undefined) return shown.backends;
  if (annotationOf(service, ANNOTATIONS.negStatus)?.includes('network_endpoint_groups') === true) return 'NEG';
  if (scheme === 'EXTERNAL' && annotationOf(service, ANNOTATIONS.backendService) === 'enabled') return 'NEG';
  const minor = minorOf(balanced);
  const internal = scheme === 'INTERNAL';
  const since = internal ? SINCE.subsetting : SINCE.backendService;
  const before: BackendKind = internal ? 'INSTANCE_GROUP' : 'TARGET_POOL';
  const kind = minor >= since ? 'NEG' : before;
  balanced.assume(
    'loadBalancer.backends',
    kind,
    internal
      ? `Neither finalizer nor NEG status shows whether GKE subsetting is on: it is by itself from 1.${since} on, and this is 1.${minor}.`
      : `Neither finalizer nor annotation shows a backend service: new ones have it by themselves from 1.${since} on, and this is 1.${minor}.`,
  );
  return kind;
}

/** The region of a zone: `europe-west1` of `europe-west1-b`. */
function regionOf(zone: string): string {
  return zone.replace(/-[a-z]$/, '');
}

/** Why a client cannot reach an internal load balancer: it is in another region, and global access is off. */
export function outOfReach(balanced: Balanced, zone: string, regions: ReadonlySet<string>): string | undefined {
  if (annotationOf(balanced.service, ANNOTATIONS.globalAccess)?.toLowerCase() === 'true') return undefined;
  const region = regionOf(zone);
  if (zone === '' || regions.size === 0 || regions.has(region)) return undefined;
  return `the client is in region ${region}, and an internal load balancer takes clients of its own region (${[...regions].join(', ')}) only, unless annotation ${ANNOTATIONS.globalAccess} is "true"`;
}

/** The regions of zones. */
export function regionsOf(zones: Iterable<string>): ReadonlySet<string> {
  return new Set([...zones].filter((zone) => zone !== '').map(regionOf));
}

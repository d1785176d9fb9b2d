/** Which of Google's passthrough load balancers a Service has, and what holds its backends. */
import type { Service } from '../../cluster/objects.js';
import { annotationOf } from '../annotations.js';
import type { Balanced } from '../implementation.js';
import { ANNOTATIONS, CLASSES, FINALIZERS, SINCE } from './facts.js';
import { type GkeVersion, isSince, newestVersion } from './version.js';

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
function asksForInternal(service: Service): boolean {
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

/**
 * What holds the backends: what the request says, else class, finalizer, NEG status, annotation, else what the
 * cluster's version does by itself, which is an assumption.
 */
export function backendKind(balanced: Balanced, scheme: Scheme): BackendKind {
  const { options, service } = balanced;
  if (options.subsetting === true) return 'NEG';
  if (options.backends !== undefined) return options.backends;
  if (options.subsetting === false) return 'INSTANCE_GROUP';
  const shown = shownBy(service);
  if (shown?.backends !== undefined) return shown.backends;
  if (annotationOf(service, ANNOTATIONS.negStatus)?.includes('network_endpoint_groups') === true) return 'NEG';
  const version = newestVersion(balanced.cluster);
  const has = (since: Omit<GkeVersion, 'text'>) => version !== undefined && isSince(version, since);
  const now = version === undefined ? 'the version is not known' : `this is ${version.text}`;
  const internal = scheme === 'INTERNAL';
  if (!internal && annotationOf(service, ANNOTATIONS.backendService) === 'enabled') {
    const kind = has(SINCE.backendServiceNegs) ? 'NEG' : 'INSTANCE_GROUP';
    balanced.assume(
      'loadBalancer.backends',
      kind,
      `Annotation ${ANNOTATIONS.backendService} makes NEGs from 1.32.2-gke.1652000 on, instance groups ` +
        `before, and ${now}; a load balancer that was made earlier keeps what it had.`,
    );
    return kind;
  }
  const since = internal ? SINCE.subsetting : SINCE.backendService;
  const before: BackendKind = internal ? 'INSTANCE_GROUP' : 'TARGET_POOL';
  const kind = has(since) ? 'NEG' : before;
  balanced.assume(
    'loadBalancer.backends',
    kind,
    internal
      ? 'Neither finalizer nor NEG status shows whether GKE subsetting is on: it is by itself from ' +
          `1.${since.minor} on, and ${now}.`
      : 'Neither finalizer nor annotation shows a backend service: new ones have it by themselves from ' +
          `1.${since.minor} on, and ${now}.`,
  );
  return kind;
}

/** Says what a class rests on that the cluster's version does not have yet. */
export function noteClass(balanced: Balanced): void {
  const { loadBalancerClass } = balanced.service.spec ?? {};
  if (loadBalancerClass !== CLASSES.external && loadBalancerClass !== CLASSES.internal) return;
  const version = newestVersion(balanced.cluster);
  if (version === undefined || isSince(version, SINCE.classes)) return;
  balanced.assume(
    'loadBalancer.class',
    'served',
    `GKE serves loadBalancerClass ${loadBalancerClass} from 1.33.1-gke.1779000 on, and the nodes are of ` +
      `${version.text}: before that nobody makes a load balancer for the Service.`,
  );
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
  return (
    `the client is in region ${region}, and an internal load balancer takes clients of its own region ` +
    `(${[...regions].join(', ')}) only, unless annotation ${ANNOTATIONS.globalAccess} is "true"`
  );
}

/** The regions of zones. */
export function regionsOf(zones: Iterable<string>): ReadonlySet<string> {
  return new Set([...zones].filter((zone) => zone !== '').map(regionOf));
}

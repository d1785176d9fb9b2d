import { ONE } from '../../base/fraction.js';
import type { Service } from '../../cluster/objects.js';
import { annotationOf } from '../annotations.js';
import type { Balanced, Implementation } from '../implementation.js';
import { ownAddress } from '../own-address.js';
import { podBackends, podPort, toPod } from '../pod-backends.js';
import { GKE_ANNOTATIONS } from './annotation-list.js';
import { isNegService } from './neg-annotations.js';

/**
 * What Google's proxies over pods do that is a number. Sources: kubernetes/ingress-gce pkg/healthchecks/healthchecks.go
 * (timing of NEG backends), cloud-provider-gcp and GKE's documentation (addresses of Google Front Ends).
 */
const TIMING = { intervalSeconds: 15, timeoutSeconds: 15, unhealthyAfter: 2, healthyAfter: 1 } as const;
const FRONT_ENDS = ['35.191.0.0/16', '130.211.0.0/22'];
/** An address of those networks that stands for whichever front end connects. */
const FRONT_END = '35.191.0.1';
/**
 * ingress-gce: how long open connections of an endpoint that is detached go on, unless a BackendConfig says otherwise.
 */
const DRAIN_SECONDS = 0;

function why(service: Service): string | undefined {
  const status = annotationOf(service, 'cloud.google.com/neg-status');
  if (!isNegService(service)) return undefined;
  return status === undefined ? 'annotation cloud.google.com/neg' : 'annotation cloud.google.com/neg-status';
}

function source(balanced: Balanced): string {
  const usual = balanced.family === 'IPv4' ? FRONT_END : undefined;
  return ownAddress(balanced, 'a Google Front End, or the proxy-only subnet of an internal or regional one', usual);
}

/**
 * Google's container-native load balancing: Ingress, Gateway or another proxy over GCE_VM_IP_PORT NEGs, whose members
 * are pods. No rule of kube-proxy is met, and the Service's traffic policies and session affinity do not apply.
 */
export const gkeContainerNative: Implementation = {
  name: 'gke-container-native',
  title: 'Google Cloud load balancer over pods (container-native)',
  options: ['proxyAddress', 'healthCheck', 'probesPass', 'enforcesSourceRanges', 'failOpen'],
  annotations: GKE_ANNOTATIONS,
  takes: (service) => (service.spec?.type === 'LoadBalancer' ? undefined : why(service)),
  allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'Proxy' }),
  backends: (balanced) => podBackends(balanced, 'GCE_VM_IP_PORT NEGs'),
  weights(balanced, candidates) {
    balanced.assume(
      'loadBalancer.spread',
      'even over healthy pods',
      'NEG backends have a capacity per endpoint, so a zone gets as much as it has endpoints; requests are ' +
        'spread rather than connections. Details are not verified.',
    );
    return candidates.map(() => ONE);
  },
  forward: (balanced, sent, backend) => toPod(balanced, sent, backend, source(balanced)),
  healthCheck(balanced, { port }) {
    balanced.assume(
      'loadBalancer.healthCheck.path',
      '/',
      'The path comes from a BackendConfig, a HealthCheckPolicy or the pods’ readiness probe, which are not read here.',
    );
    return {
      protocol: 'HTTP',
      port: podPort(balanced, port) ?? 0,
      path: '/',
      ...TIMING,
      sources: FRONT_ENDS,
      answeredBy: 'POD',
    };
  },
  failsOpen: ({ options }) => options.failOpen ?? false,
  // A proxy without healthy pods answers by itself: HTTP 502 or 503 (Google Cloud, "Application Load Balancer logging",
  // failed_to_pick_backend).
  refusesWithoutBackends: () => true,
  affinity: () => ({
    by: 'CONNECTION',
    detail: 'requests are spread over pods; the Service’s sessionAffinity does not apply (a BackendConfig’s would)',
  }),
  firewall: (balanced) => ({
    allowed: undefined,
    rules: [
      `VPC firewall: allow the pods’ ports of ${balanced.key} from ${FRONT_ENDS.join(', ')} (proxies and ` +
        'health checks; a proxy-only subnet too where the proxy is in the VPC)',
    ],
  }),
  drain: () => ({
    seconds: DRAIN_SECONDS,
    detail:
      'connections of a pod that is detached end unless a BackendConfig sets connectionDraining; pods with ' +
      'readiness gate cloud.google.com/load-balancer-neg-ready count as ready only once the NEG has them',
  }),
  reply: () => 'THROUGH',
  addressIsLocal: () => false,
};

/** The annotations of GKE's LoadBalancer Services and NEGs. */
import type { AnnotationList } from '../annotation-list.js';
import { entriesOf, readEntries } from '../read-annotations.js';

const PARAMETERS = [
  'GKE, LoadBalancer Service parameters',
  'https://cloud.google.com/kubernetes-engine/docs/concepts/service-load-balancer-parameters',
] as const;

export const GKE_ANNOTATIONS: readonly AnnotationList[] = [
  {
    prefix: 'networking.gke.io/',
    source: PARAMETERS,
    entries: [
      ...readEntries({
        'load-balancer-type': ['Internal', 'External'],
        'internal-load-balancer-allow-global-access': 'SWITCH',
        'weighted-load-balancing': ['pods-per-node'],
        'l4-strong-session-affinity': undefined,
      }),
      // One load balancer for several Services, or other backends.
      ...entriesOf('NOT_READ', 'l4-traffic-class', 'load-balancer-subnet-prefix'),
      ...entriesOf(
        'NO_EFFECT',
        'internal-load-balancer-subnet',
        'load-balancer-subnet',
        'load-balancer-ip-addresses',
        'l4-ilb-logging',
        'l4-logging-*',
        'app-protocols',
        'static-ip',
      ),
    ],
  },
  {
    prefix: 'cloud.google.com/',
    source: PARAMETERS,
    entries: [
      ...readEntries({
        'l4-rbs': undefined,
        'load-balancer-type': ['Internal', 'External'],
        neg: 'JSON',
        'neg-status': 'JSON',
      }),
      // Health check, draining and affinity of a load balancer over NEGs.
      ...entriesOf('NOT_READ', 'backend-config', 'l4-connection-draining-timeout'),
      ...entriesOf('NO_EFFECT', 'network-tier', 'app-protocols'),
    ],
  },
  {
    prefix: 'beta.cloud.google.com/',
    source: PARAMETERS,
    entries: entriesOf('NOT_READ', 'backend-config'),
  },
];

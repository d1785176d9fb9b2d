import { annotationOf, numberOf, switchOf } from '../annotations.js';
import { isLocal, nodeHealthCheck } from '../checks.js';
import { toNodePort } from '../forward.js';
import type { Implementation } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { ownAddress } from '../own-address.js';
import { sourceRanges } from '../source-ranges.js';
import { weightsAcrossZones } from '../zonal.js';
import { CLASSIC_ANNOTATIONS } from './annotation-list.js';
import { awsNodeFilter, hostNameOf, isInternal, runsOnAws, standInName } from './aws-names.js';
import { ANNOTATIONS, CLASSIC_TIMING, DRAIN_SECONDS, HOST_NAMES } from './facts.js';

/**
 * AWS's Classic Load Balancer, which the cloud provider makes where nothing asks for another: a proxy that opens
 * connections of its own to node ports. Sources: aws/facts.ts (`ccm`, `elb`).
 */
export const awsClassic: Implementation = {
  name: 'aws-classic',
  title: 'AWS Classic Load Balancer',
  options: ['crossZone', 'proxyAddress', 'healthCheck', 'probesPass', 'enforcesSourceRanges', 'failOpen'],
  annotations: [CLASSIC_ANNOTATIONS],
  takes(service, platform, cluster) {
    if (service.spec?.loadBalancerClass || annotationOf(service, ANNOTATIONS.type) !== undefined) return undefined;
    const where = runsOnAws(service, platform, cluster);
    if (where === undefined) return undefined;
    const name = hostNameOf(service);
    if (name !== undefined && !HOST_NAMES.classic.test(name)) return undefined;
    return `${where}, neither class nor an annotation that asks for a Network Load Balancer`;
  },
  allocates: ({ service }) => ({
    scheme: isInternal(service, false) ? 'INTERNAL' : 'EXTERNAL',
    ipMode: 'VIP',
    hostname: `${standInName(service)}.region.elb.amazonaws.com`,
  }),
  backends: (balanced) => nodeBackends(balanced, 'registered instances', awsNodeFilter),
  weights: (balanced, candidates) =>
    weightsAcrossZones(
      balanced,
      candidates,
      balanced.options.crossZone ?? switchOf(balanced.service, ANNOTATIONS.crossZone) ?? false,
    ),
  forward(balanced, sent, backend) {
    if (sent.protocol !== 'TCP') return { refused: `a Classic Load Balancer takes TCP only, not ${sent.protocol}` };
    return toNodePort(
      balanced,
      sent,
      backend,
      ownAddress(balanced, 'a private address of the Classic Load Balancer in one of its subnets'),
    );
  },
  healthCheck(balanced) {
    const { service } = balanced;
    const { check } = ANNOTATIONS;
    const timing = {
      intervalSeconds: numberOf(service, check.interval) ?? CLASSIC_TIMING.intervalSeconds,
      timeoutSeconds: numberOf(service, check.timeout) ?? CLASSIC_TIMING.timeoutSeconds ?? 5,
      unhealthyAfter: numberOf(service, check.unhealthy) ?? CLASSIC_TIMING.unhealthyAfter,
      healthyAfter: numberOf(service, check.healthy) ?? CLASSIC_TIMING.healthyAfter,
    };
    if (isLocal(balanced) && service.spec?.healthCheckNodePort) return nodeHealthCheck(balanced, timing, []);
    const port = service.spec?.ports?.find(({ protocol = 'TCP' }) => protocol === 'TCP')?.nodePort ?? 0;
    return { protocol: 'TCP', port, ...timing, sources: [], answeredBy: 'NODE_PORT' };
  },
  failsOpen: ({ options }) => options.failOpen ?? false,
  // HTTP 503, or an end of the connection (`elb`, "Troubleshoot a Classic Load Balancer: HTTP errors").
  refusesWithoutBackends: () => true,
  affinity: () => ({
    by: 'CONNECTION',
    detail:
      'connections go to the instances in turn; the cloud provider refuses Services with sessionAffinity ClientIP',
  }),
  firewall({ service }) {
    const allowed = sourceRanges(service);
    const listens = (service.spec?.ports ?? []).map(({ port }) => `TCP ${port}`).join(', ');
    return {
      allowed,
      rules: [
        `security group of the load balancer: allow ${listens} from ${allowed?.join(', ') ?? '0.0.0.0/0'}`,
        'security group of the nodes: allow everything from the load balancer’s group',
      ],
    };
  },
  drain({ service }) {
    const on = switchOf(service, ANNOTATIONS.drainEnabled) ?? false;
    if (!on)
      return { seconds: 0, detail: 'connection draining is off: connections of an instance that is removed end' };
    const seconds = numberOf(service, ANNOTATIONS.drainTimeout) ?? DRAIN_SECONDS;
    return { seconds, detail: `open connections of an instance that is removed go on for up to ${seconds} seconds` };
  },
  reply: () => 'THROUGH',
  addressIsLocal: () => false,
};

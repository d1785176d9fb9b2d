/** What both of Google's passthrough load balancers, external and internal, have in common. */

import { fraction, ONE } from '../../base/fraction.js';
import type { Node } from '../../cluster/objects.js';
import { isLocal, nodeHealthCheck } from '../checks.js';
import { keepHeader } from '../forward.js';
import type { Balanced, Candidate, Implementation } from '../implementation.js';
import { excludedFromAll } from '../node-filter.js';
import { sourceRanges } from '../source-ranges.js';
import { ANNOTATIONS, DRAIN_LABEL, PROBE_SOURCES, SINCE, TIMING } from './facts.js';
import { backendKind } from './kind.js';
import { networkOfService, notConnected } from './networks.js';
import { isSince, newestVersion } from './version.js';

/** The nodes that GKE takes: everybody's rules, and none that GKE drains unless the controller keeps them for Local. */
export function gkeNodeFilter(balanced: Balanced): (node: Node) => string | undefined {
  const keepsDraining = isLocal(balanced) && (balanced.options.includeDrainingNodes ?? false);
  const network = networkOfService(balanced.service);
  return (node) => {
    const why = excludedFromAll(node) ?? notConnected(node, network);
    if (why !== undefined) return why;
    const draining = node.metadata.labels?.[DRAIN_LABEL.key] === DRAIN_LABEL.value;
    return draining && !keepsDraining ? `label ${DRAIN_LABEL.key}=${DRAIN_LABEL.value}` : undefined;
  };
}

/**
 * Whether backends are weighted by their endpoints: the annotation or the option, under Local, over a backend service.
 * Target pools have no weights (GKE, "weighted load balancing"; ingress-gce pkg/l4).
 */
function isWeighted(balanced: Balanced, scheme: 'EXTERNAL' | 'INTERNAL'): boolean {
  const { service, options } = balanced;
  const asked = options.weighted ?? service.metadata.annotations?.[ANNOTATIONS.weighted] === 'pods-per-node';
  if (!asked || !isLocal({ service })) return false;
  // Who says that they are weighted says that there is a backend service, unless the request names a target pool too.
  if (options.weighted === true) return options.backends !== 'TARGET_POOL';
  if (backendKind(balanced, scheme) === 'TARGET_POOL') return false;
  const version = newestVersion(balanced.cluster);
  if (version !== undefined && !isSince(version, SINCE.weights)) {
    balanced.assume(
      'loadBalancer.weighted',
      true,
      `GKE documents weighted load balancing from 1.31 on, and the nodes are of ${version.text}. Option ` +
        'weighted says otherwise.',
    );
  }
  return true;
}

export function gkeWeights(balanced: Balanced, candidates: readonly Candidate[], scheme: 'EXTERNAL' | 'INTERNAL') {
  if (!isWeighted(balanced, scheme)) return candidates.map(() => ONE);
  return candidates.map(({ endpoints }) => fraction(endpoints));
}

/** What can be said of either. */
export const PASSTHROUGH_OPTIONS = ['healthCheck', 'probesPass', 'enforcesSourceRanges', 'failOpen'] as const;

/** The parts that do not depend on external or internal. */
export const passthrough = {
  forward: (_balanced, sent, backend) => keepHeader(sent, backend),
  failsOpen(balanced) {
    const { failOpen } = balanced.options;
    if (failOpen === undefined) {
      balanced.assume(
        'loadBalancer.failOpen',
        true,
        'Passthrough load balancers of Google send to all backends when none is healthy: its documentation ' +
          'says so, not verified here.',
      );
    }
    return failOpen ?? true;
  },
  affinity({ service }) {
    const sticky = service.spec?.sessionAffinity === 'ClientIP';
    if (!sticky)
      return { by: 'CONNECTION', detail: 'session affinity NONE: each connection is hashed by its five fields' };
    const strong = service.metadata.annotations?.[ANNOTATIONS.strongAffinity] !== undefined;
    const tracking = strong ? 'PER_SESSION' : 'PER_CONNECTION';
    return {
      by: 'CLIENT_ADDRESS',
      detail:
        `session affinity CLIENT_IP (tracking ${tracking}): connections of one client address go to one node ` +
        'while the healthy backends stay the same; there kube-proxy keeps them on one pod',
    };
  },
  reply: () => 'DIRECT',
  addressIsLocal(balanced) {
    balanced.assume(
      'loadBalancer.localRoute',
      true,
      'Google’s guest agent makes the address of a load balancer local on its backend nodes; whether GKE’s ' +
        'node image runs it so is not verified.',
    );
    return true;
  },
} satisfies Partial<Implementation>;

export function gkeHealthCheck(balanced: Balanced, scheme: 'EXTERNAL' | 'INTERNAL') {
  const ipv6 = scheme === 'INTERNAL' ? PROBE_SOURCES.internalIPv6 : PROBE_SOURCES.externalIPv6;
  const sources = balanced.family === 'IPv4' ? PROBE_SOURCES.IPv4 : ipv6;
  return nodeHealthCheck(balanced, TIMING[isLocal(balanced) ? 'Local' : 'Cluster'], sources);
}

/** The VPC firewall rules that GKE makes for the Service. */
export function gkeFirewall(balanced: Balanced, scheme: 'EXTERNAL' | 'INTERNAL') {
  const allowed = sourceRanges(balanced.service);
  const check = gkeHealthCheck(balanced, scheme);
  const ports = (balanced.service.spec?.ports ?? []).map(({ port, protocol = 'TCP' }) => `${protocol} ${port}`);
  const from = (allowed ?? [balanced.family === 'IPv4' ? '0.0.0.0/0' : '::/0']).join(', ');
  return {
    allowed,
    rules: [
      `VPC firewall: allow ${ports.join(', ')} from ${from} to the nodes`,
      `VPC firewall: allow TCP ${check.port} from ${check.sources.join(', ')} (health checks) to the nodes`,
    ],
  };
}

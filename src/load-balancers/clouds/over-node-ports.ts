/** What load balancers of clouds over node ports have in common; each provider's file says in what it differs. */
import { ONE } from '../../base/fraction.js';
import { remember } from '../../base/remember.js';
import type { Cluster } from '../../cluster/cluster.js';
import type { LoadBalancerName } from '../../cluster/load-balancer-settings.js';
import type { Service } from '../../cluster/objects.js';
import { annotationOf } from '../annotations.js';
import { isLocal, NO_CHECK, nodeHealthCheck, nodePortCheck, type Timing } from '../checks.js';
import { toNodePort } from '../forward.js';
import type { Balanced, BalancedPort, HealthCheck, Implementation } from '../implementation.js';
import { nodeBackends } from '../node-filter.js';
import { ownAddress } from '../own-address.js';
import { sourceRanges } from '../source-ranges.js';

/** How a provider's load balancer differs from others over node ports. */
export interface CloudFacts {
  readonly name: LoadBalancerName;
  readonly title: string;
  /** Annotations that only this provider's controller reads or writes. */
  readonly annotation: RegExp;
  /** How the provider IDs of its nodes begin. */
  readonly providerID: RegExp;
  /** Whether targets see the client's address, and why: what the provider documents. */
  keepsClient(balanced: Balanced): boolean;
  /** Protocols that it takes. */
  readonly protocols: readonly string[];
  check(balanced: Balanced, port: BalancedPort): HealthCheck;
  /**
   * Whether it turns loadBalancerSourceRanges into a firewall of its own; undefined: its documentation does not say.
   */
  enforces(balanced: Balanced): boolean | undefined;
  /** Annotations that would change an answer, and are not read: an assumption names those that a Service has. */
  readonly unread?: readonly string[];
  /** How connections are spread over nodes. */
  readonly spread: string | ((balanced: Balanced) => string);
  /** Whether sessionAffinity ClientIP is passed on to it. */
  readonly sticky: boolean;
  readonly drain: string;
  readonly options?: Implementation['options'];
}

const OPTIONS: Implementation['options'] = [
  'preserveClientAddress',
  'proxyAddress',
  'healthCheck',
  'probesPass',
  'enforcesSourceRanges',
  'reply',
  'failOpen',
];

/**
 * What shows that the provider balances a Service: an annotation of its own, or its nodes where no class asks for
 * another.
 */
function shown(service: Service, nodes: Cluster['nodes'], facts: CloudFacts): string | undefined {
  const { annotation } = facts;
  const own = Object.keys(service.metadata.annotations ?? {}).find((name) => annotation.test(name));
  if (own !== undefined) return `annotation ${own}`;
  if (service.spec?.loadBalancerClass) return undefined;
  const known = remember(nodesOf, nodes, () => new Map<CloudFacts, string>());
  return remember(known, facts, () => nodeOf(nodes, facts)) || undefined;
}

// Every load balancer of a cluster, and of its variants with other pods, asks the same of the same nodes.
const nodesOf = new WeakMap<Cluster['nodes'], Map<CloudFacts, string>>();

/** The first node of the provider, in words; '' where none is. */
function nodeOf(nodes: Cluster['nodes'], { providerID }: CloudFacts): string {
  for (const { metadata, spec } of nodes.values()) {
    if (providerID.test(spec?.providerID ?? '')) return `node ${metadata.name} has provider ID ${spec?.providerID}`;
  }
  return '';
}

/** Whether the client's address is kept: as the request says, else as the provider does. */
function keepsClient(balanced: Balanced, usual: boolean): boolean {
  return balanced.options.preserveClientAddress ?? usual;
}

/** The ranges that are let in; undefined: everybody. What is not documented is an assumption. */
function enforcedRanges(balanced: Balanced, usual: boolean | undefined): readonly string[] | undefined {
  const ranges = sourceRanges(balanced.service);
  if (ranges === undefined) return undefined;
  const given = balanced.options.enforcesSourceRanges;
  if (given === undefined && usual === undefined) {
    balanced.assume(
      'loadBalancer.enforcesSourceRanges',
      true,
      'Whether this load balancer enforces loadBalancerSourceRanges is not known: taken to, which decides ' +
        'who is let in. Option enforcesSourceRanges says otherwise.',
    );
  }
  return (given ?? usual ?? true) ? ranges : undefined;
}

/** A provider's load balancer over node ports. */
export function overNodePorts(facts: CloudFacts): Implementation {
  const { name, title } = facts;
  return {
    name,
    title,
    options: [...OPTIONS, ...(facts.options ?? [])],
    takes: (service, _platform, cluster) => shown(service, cluster.nodes, facts),
    allocates: () => ({ scheme: 'EXTERNAL', ipMode: 'VIP' }),
    backends(balanced) {
      const present = (facts.unread ?? []).filter((one) => annotationOf(balanced.service, one) !== undefined);
      if (present.length > 0) {
        const why = `What these annotations of the ${title} ask for is not modelled.`;
        balanced.assume('loadBalancer.annotations', `not read: ${present.join(', ')}`, why);
      }
      return nodeBackends(balanced, 'nodes');
    },
    weights: (_balanced, candidates) => candidates.map(() => ONE),
    forward(balanced, sent, backend) {
      if (!facts.protocols.includes(sent.protocol)) {
        return { refused: `the ${title} takes ${facts.protocols.join(' and ')} only, not ${sent.protocol}` };
      }
      const kept = keepsClient(balanced, facts.keepsClient(balanced));
      const source = kept ? undefined : ownAddress(balanced, `an address of the ${title}`);
      return toNodePort(balanced, sent, backend, source);
    },
    healthCheck: (balanced, port) => facts.check(balanced, port),
    failsOpen(balanced) {
      const { failOpen } = balanced.options;
      if (failOpen === undefined) {
        balanced.assume(
          'loadBalancer.failOpen',
          false,
          `What the ${title} does when no node passes its check is not verified: taken to refuse ` +
            'connections. Option failOpen says otherwise.',
        );
      }
      return failOpen ?? false;
    },
    // A proxy without servers ends the connection that it took.
    refusesWithoutBackends: () => true,
    affinity(balanced) {
      const asked = balanced.service.spec?.sessionAffinity === 'ClientIP';
      if (asked && facts.sticky)
        return { by: 'CLIENT_ADDRESS', detail: 'connections of one client address keep to one node' };
      const spread = typeof facts.spread === 'string' ? facts.spread : facts.spread(balanced);
      return {
        by: 'CONNECTION',
        detail: `${spread}${asked ? '; sessionAffinity ClientIP is not passed on to it' : ''}`,
      };
    },
    firewall(balanced) {
      const allowed = enforcedRanges(balanced, facts.enforces(balanced));
      const ranges = sourceRanges(balanced.service);
      if (ranges === undefined) return { allowed, rules: [] };
      return {
        allowed,
        rules: [
          allowed === undefined ? 'source ranges are not enforced before the nodes' : `allow ${ranges.join(', ')}`,
        ],
      };
    },
    drain: () => ({ seconds: undefined, detail: facts.drain }),
    reply(balanced) {
      const { reply } = balanced.options;
      if (reply === undefined && keepsClient(balanced, facts.keepsClient(balanced))) {
        balanced.assume(
          'loadBalancer.reply',
          'THROUGH',
          `Nothing in the snapshot shows whether replies pass the ${title} where it keeps the client’s ` +
            'address. Option reply says otherwise.',
        );
      }
      return reply ?? 'THROUGH';
    },
    addressIsLocal: () => false,
  };
}

/** TCP at the node port, or nothing for ports of other protocols. */
export function tcpCheck(port: BalancedPort, timing: Timing): HealthCheck {
  return (port.protocol ?? 'TCP') === 'TCP' ? nodePortCheck(port, timing, []) : NO_CHECK;
}

/**
 * Under Local HTTP at the health check node port; else kube-proxy's own health (`cluster: 'KUBE_PROXY'`) or TCP at the
 * node port.
 */
export function localCheck(
  balanced: Balanced,
  port: BalancedPort,
  timing: Timing,
  cluster: 'KUBE_PROXY' | 'NODE_PORT',
): HealthCheck {
  const local = isLocal(balanced) && (balanced.service.spec?.healthCheckNodePort ?? 0) !== 0;
  return local || cluster === 'KUBE_PROXY' ? nodeHealthCheck(balanced, timing, []) : tcpCheck(port, timing);
}

/** Seconds of an annotation such as `15s` or `15`; undefined for anything else. */
export function secondsOf(service: Service, annotation: string): number | undefined {
  const match = /^(\d{1,5})s?$/.exec(annotationOf(service, annotation) ?? '');
  return match === null || Number(match[1]) === 0 ? undefined : Number(match[1]);
}

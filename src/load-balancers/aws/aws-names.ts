import type { Cluster } from '../../cluster/cluster.js';
import type { Node, Service } from '../../cluster/objects.js';
import type { Platform } from '../../cluster/settings.js';
import { annotationOf, switchOf } from '../annotations.js';
import { BEING_DELETED_TAINT, EXCLUDE_LABEL, excludedFromAll } from '../node-filter.js';
import { ANNOTATIONS, FARGATE_LABEL, HOST_NAMES } from './facts.js';

/** Whether the cluster runs on machines of AWS: by platform, provider IDs, or the host name it was given. */
export function runsOnAws(service: Service, platform: Platform, cluster: Cluster): string | undefined {
  if (platform === 'eks') return 'platform eks';
  for (const node of cluster.nodes.values()) {
    if (node.spec?.providerID?.startsWith('aws://')) return `node ${node.metadata.name} has a provider ID aws://…`;
  }
  const name = hostNameOf(service);
  if (name === undefined) return undefined;
  return HOST_NAMES.nlb.test(name) || HOST_NAMES.classic.test(name) ? `host name ${name}` : undefined;
}

/** The first labels of the host name that stands for the one AWS makes: of the Service's own name and namespace. */
export function standInName({ metadata }: Service): string {
  return `${metadata.name}.${metadata.namespace ?? 'default'}`;
}

export function hostNameOf(service: Service): string | undefined {
  return service.status?.loadBalancer?.ingress?.find(({ hostname }) => hostname)?.hostname;
}

/**
 * Whether it is for clients inside the VPC. The controller's default is internal, the cloud provider's the internet.
 */
export function isInternal(service: Service, byController: boolean): boolean {
  const scheme = annotationOf(service, ANNOTATIONS.scheme);
  if (scheme !== undefined) return scheme === 'internal';
  const asked = annotationOf(service, ANNOTATIONS.internal);
  // The cloud provider takes anything but "false" for yes (aws.go: internalELB).
  if (asked !== undefined) return byController ? switchOf(service, ANNOTATIONS.internal) === true : asked !== 'false';
  return byController;
}

/** Whether an annotation asks for a scheme. */
export function saysScheme(service: Service): boolean {
  return [ANNOTATIONS.scheme, ANNOTATIONS.internal].some((name) => annotationOf(service, name) !== undefined);
}

/** Nodes that AWS's controllers register: everybody's rules, and none of Fargate. */
export function awsNodeFilter(node: Node): string | undefined {
  const { key, value } = FARGATE_LABEL;
  return excludedFromAll(node) ?? (node.metadata.labels?.[key] === value ? `label ${key}=${value}` : undefined);
}

/** Labels that the AWS Load Balancer Controller leaves nodes out by, whatever their value. */
const CONTROLLER_EXCLUDES = [
  'node-role.kubernetes.io/master',
  EXCLUDE_LABEL,
  'alpha.service-controller.kubernetes.io/exclude-balancer',
];
/** Taints of nodes that are about to go: of the cluster autoscaler, and of Karpenter. */
const GOING_TAINTS = [BEING_DELETED_TAINT, 'karpenter.sh/disrupted'];

const readiness = ({ status }: Node) => status?.conditions?.find(({ type }) => type === 'Ready')?.status;

/**
 * Why the AWS Load Balancer Controller does not register a node: labels, taints, and nodes that are not ready. Only
 * where no node is ready are those registered whose state is Unknown (feature gate EndpointsFailOpen, on by default).
 * Source: AWS Load Balancer Controller, "TargetGroupBinding", Default Node Selector; pkg/backend/endpoint_utils.go,
 * endpoint_resolver.go.
 */
export function controllerNodeFilter(cluster: Cluster): (node: Node) => string | undefined {
  const { key, value } = FARGATE_LABEL;
  const unsuitable = ({ metadata: { labels }, spec }: Node): string | undefined => {
    const label = CONTROLLER_EXCLUDES.find((name) => labels?.[name] !== undefined);
    if (label !== undefined) return `label ${label}`;
    if (labels?.[key] === value) return `label ${key}=${value}`;
    const taint = spec?.taints?.find((one) => GOING_TAINTS.includes(one.key ?? ''));
    return taint === undefined ? undefined : `taint ${taint.key}`;
  };
  const all = [...cluster.nodes.values()];
  const anyReady = all.some((node) => unsuitable(node) === undefined && readiness(node) === 'True');
  return (node) => {
    const why = unsuitable(node);
    if (why !== undefined) return why;
    // A snapshot without conditions says nothing of readiness.
    const ready = readiness(node) ?? 'True';
    return ready === 'True' || (!anyReady && ready === 'Unknown') ? undefined : 'it is not ready';
  };
}

import type { Cluster } from '../../cluster/cluster.js';
import type { Node, Service } from '../../cluster/objects.js';
import type { Platform } from '../../cluster/settings.js';
import { annotationOf, switchOf } from '../annotations.js';
import { excludedFromAll } from '../node-filter.js';
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

/** Whether it is for clients inside the VPC. The controller's default is internal, the cloud provider's the internet. */
export function isInternal(service: Service, byController: boolean): boolean {
  const scheme = annotationOf(service, ANNOTATIONS.scheme);
  if (scheme !== undefined) return scheme === 'internal';
  const asked = annotationOf(service, ANNOTATIONS.internal);
  // The cloud provider takes anything but "false" for yes (aws.go: internalELB).
  if (asked !== undefined) return byController ? switchOf(service, ANNOTATIONS.internal) === true : asked !== 'false';
  return byController;
}

/** Nodes that AWS's controllers register: everybody's rules, and none of Fargate. */
export function awsNodeFilter(node: Node): string | undefined {
  const { key, value } = FARGATE_LABEL;
  return excludedFromAll(node) ?? (node.metadata.labels?.[key] === value ? `label ${key}=${value}` : undefined);
}

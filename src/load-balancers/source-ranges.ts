import { addressOf, cidrContains, networkOf } from '../base/address.js';
import type { Service } from '../cluster/objects.js';

/**
 * The older way to say spec.loadBalancerSourceRanges: comma-separated. Cloud controllers read it, kube-proxy does not.
 */
const SOURCE_RANGES_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/**
 * The networks that a cloud's controller lets in for a Service; undefined: everybody. The field wins over the
 * annotation. Source: k8s.io/cloud-provider/service/helpers `GetLoadBalancerSourceRanges`.
 */
export function sourceRanges(service: Service): readonly string[] | undefined {
  const listed = service.spec?.loadBalancerSourceRanges ?? [];
  const annotated = service.metadata.annotations?.[SOURCE_RANGES_ANNOTATION]?.split(',').map((text) => text.trim());
  const ranges = listed.length > 0 ? listed : (annotated ?? []).filter((text) => text !== '');
  return ranges.length === 0 || ranges.some((text) => networkOf(text)?.length === 0) ? undefined : ranges;
}

/** Whether one of the networks holds the address. */
export function holds(ranges: readonly string[], address: string): boolean {
  const parsed = addressOf(address);
  return (
    parsed !== undefined &&
    ranges.some((text) => {
      const cidr = networkOf(text.trim());
      return cidr !== undefined && cidrContains(cidr, parsed);
    })
  );
}

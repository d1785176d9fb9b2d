import { addressOf, canonicalAddress, type IPFamily } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import type { Service } from '../cluster/objects.js';

/** What a host name stands for. */
export type DnsAnswer =
  /** A Service's own name: its cluster IP, or for a headless Service its endpoints. */
  | { readonly kind: 'SERVICE'; readonly service: Service; readonly name: string; readonly via: readonly string[] }
  /** One endpoint of a headless Service by its hostname. */
  | {
      readonly kind: 'ENDPOINT';
      readonly service: Service;
      readonly hostname: string;
      readonly name: string;
      readonly via: readonly string[];
    }
  /** `a-b-c-d.namespace.pod.cluster.local` */
  | { readonly kind: 'ADDRESS'; readonly address: string; readonly name: string; readonly via: readonly string[] }
  /** A name of the cluster's domain that nothing has. */
  | { readonly kind: 'NO_SUCH_NAME'; readonly name: string; readonly via: readonly string[] }
  /** A name outside the cluster's domain. */
  | { readonly kind: 'OUTSIDE'; readonly name: string; readonly via: readonly string[] };

const MAX_ALIASES = 8;

function lookUp(cluster: Cluster, labels: readonly string[], domain: string, via: readonly string[]): DnsAnswer {
  const name = [...labels, domain].join('.');
  const kind = labels.at(-1);
  if (kind === 'svc' && labels.length >= 3) {
    const [serviceName, namespace] = labels.slice(-3, -1);
    const service = cluster.services.get(`${namespace}/${serviceName}`);
    if (service !== undefined && labels.length === 3) {
      const alias = service.spec?.type === 'ExternalName' ? service.spec.externalName : undefined;
      if (alias === undefined) return { kind: 'SERVICE', service, name, via };
      if (via.length >= MAX_ALIASES) return { kind: 'NO_SUCH_NAME', name: alias, via };
      return resolveHost(cluster, `${alias}.`, namespace ?? 'default', domain, [...via, name]);
    }
    if (service !== undefined && labels.length === 4) {
      return { kind: 'ENDPOINT', service, hostname: labels[0] as string, name, via };
    }
  }
  if (kind === 'pod' && labels.length === 3) {
    const dashed = labels[0] as string;
    const address = addressOf(dashed.replaceAll('-', '.')) ?? addressOf(dashed.replaceAll('-', ':'));
    if (address !== undefined) return { kind: 'ADDRESS', address: address.text, name, via };
  }
  return { kind: 'NO_SUCH_NAME', name, via };
}

/**
 * What a pod of `namespace` gets for a host name from cluster DNS, with the search path that kubelet gives it
 * (`ns.svc.domain`, `svc.domain`, `domain`, ndots 5). ExternalName Services are followed as aliases.
 */
export function resolveHost(
  cluster: Cluster,
  host: string,
  namespace: string,
  domain: string,
  via: readonly string[] = [],
): DnsAnswer {
  const lower = host.toLowerCase();
  const absolute = lower.endsWith('.');
  const bare = absolute ? lower.slice(0, -1) : lower;
  const suffix = `.${domain}`;
  const exact = bare.endsWith(suffix)
    ? lookUp(cluster, bare.slice(0, -suffix.length).split('.'), domain, via)
    : undefined;
  if (exact !== undefined && (absolute || exact.kind !== 'NO_SUCH_NAME')) return exact;
  if (!absolute) {
    const labels = bare.split('.');
    for (const searched of [[...labels, namespace, 'svc'], [...labels, 'svc'], labels]) {
      const answer = lookUp(cluster, searched, domain, via);
      if (answer.kind !== 'NO_SUCH_NAME') return answer;
    }
    // A name without a dot is never asked for as it is by a resolver with a search path that fails.
    if (labels.length === 1 || labels.at(-1) === 'svc') return { kind: 'NO_SUCH_NAME', name: bare, via };
  }
  return exact ?? { kind: 'OUTSIDE', name: bare, via };
}

/** An address that DNS gives for a headless Service, with what is known of the endpoint behind it. */
export interface HeadlessEndpoint {
  readonly address: string;
  readonly port: number | undefined;
  readonly node: string | undefined;
  readonly zone: string | undefined;
  readonly pod: string | undefined;
}

/**
 * The addresses that cluster DNS answers for a headless Service: those of its ready endpoints (a Service with
 * publishNotReadyAddresses has all of them marked ready), without duplicates, in slice order.
 */
export function headlessEndpoints(
  cluster: Cluster,
  service: string,
  family: IPFamily,
  portName: string | undefined,
  hostname?: string,
): readonly HeadlessEndpoint[] {
  const found = new Map<string, HeadlessEndpoint>();
  for (const slice of cluster.slicesOf(service)) {
    if (slice.addressType !== family) continue;
    const port = slice.ports.find((candidate) => (candidate.name ?? '') === (portName ?? ''))?.port ?? undefined;
    for (const endpoint of slice.endpoints) {
      if (endpoint.conditions?.ready === false) continue;
      if (hostname !== undefined && endpoint.hostname !== hostname) continue;
      const target = endpoint.targetRef;
      const pod = target?.kind === 'Pod' ? `${target.namespace ?? 'default'}/${target.name}` : undefined;
      for (const text of endpoint.addresses) {
        const address = canonicalAddress(text);
        if (!found.has(address))
          found.set(address, {
            address,
            port,
            node: endpoint.nodeName ?? undefined,
            zone: endpoint.zone ?? undefined,
            pod,
          });
      }
    }
  }
  return [...found.values()];
}

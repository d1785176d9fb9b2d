import { containersOf } from '../../cluster/containers.js';
import type { Pod } from '../../cluster/objects.js';

/** A port that a pod takes on its node. */
export interface HostPort {
  readonly address: string;
  readonly protocol: string;
  readonly port: number;
}

const ANY = '0.0.0.0';

/** The host ports of a pod: those its containers name, and all container ports of a pod on the host's network. */
export function hostPortsOf(pod: Pod): HostPort[] {
  const spec = pod.spec;
  const ports: HostPort[] = [];
  for (const container of containersOf(spec)) {
    for (const one of container.ports ?? []) {
      const port = one.hostPort ?? (spec?.hostNetwork === true ? one.containerPort : 0);
      if (port <= 0) continue;
      const address = (one as { readonly hostIP?: string }).hostIP || ANY;
      ports.push({ address, protocol: one.protocol ?? 'TCP', port });
    }
  }
  return ports;
}

/** Whether two host ports cannot be on one node: same protocol and port, on the same address or on all. */
export function conflict(a: HostPort, b: HostPort): boolean {
  return (
    a.port === b.port &&
    a.protocol === b.protocol &&
    (a.address === b.address || a.address === ANY || b.address === ANY)
  );
}

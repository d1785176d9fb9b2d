import { addressOf } from '../base/address.js';
import type { Cluster } from '../cluster/cluster.js';
import {
  type EndpointAddress,
  type EndpointSlice,
  type Endpoints,
  SERVICE_NAME_LABEL,
  type Service,
  type SliceEndpoint,
  type SlicePort,
  ZONE_LABEL,
} from '../cluster/objects.js';
import { FAMILIES } from '../cluster/settings.js';
import { inSliceOrder, portsKey } from './endpoint-ports.js';
import { generatedName } from './generated-name.js';
import { HEADLESS_LABEL, MANAGED_BY_LABEL, MIRRORING_CONTROLLER, SLICE_CONTROLLER } from './slice-metadata.js';

/** Endpoints objects hold at most this many addresses per subset in slices (EndpointSliceMirroring's default). */
const MAX_MIRRORED = 1000;

function endpointFrom(address: EndpointAddress, text: string, ready: boolean, zone: string | undefined): SliceEndpoint {
  return {
    addresses: [text],
    conditions: { ready, serving: ready, terminating: false },
    ...(address.hostname ? { hostname: address.hostname } : {}),
    ...(address.nodeName ? { nodeName: address.nodeName } : {}),
    ...(address.targetRef === undefined ? {} : { targetRef: address.targetRef }),
    ...(zone === undefined ? {} : { zone }),
  };
}

/**
 * The slices that stand for an Endpoints object: one per address family and set of ports, ready addresses as ready
 * endpoints, notReadyAddresses as not ready ones. For a Service with selector they stand for those of the EndpointSlice
 * controller, which knows zones; for one without, for those of the EndpointSliceMirroring controller, which does not.
 */
export function mirroredSlices(cluster: Cluster, service: Service, endpoints: Endpoints): EndpointSlice[] {
  const namespace = service.metadata.namespace ?? 'default';
  const selects = Object.keys(service.spec?.selector ?? {}).length > 0;
  const clusterIP = service.spec?.clusterIP;
  const headless = !clusterIP || clusterIP === 'None';
  const zoneOf = (address: EndpointAddress) =>
    selects ? cluster.nodes.get(address.nodeName ?? '')?.metadata.labels?.[ZONE_LABEL] : undefined;
  const groups = new Map<
    string,
    { readonly family: string; readonly ports: SlicePort[]; readonly all: Map<string, SliceEndpoint> }
  >();
  for (const subset of endpoints.subsets ?? []) {
    const ports = inSliceOrder(
      (subset.ports ?? []).map((one) => ({ name: one.name ?? '', port: one.port, protocol: one.protocol ?? 'TCP' })),
    );
    for (const [list, ready] of [
      [subset.addresses ?? [], true],
      [subset.notReadyAddresses ?? [], false],
    ] as const) {
      for (const one of list) {
        const address = addressOf(one.ip);
        if (address === undefined) continue;
        const key = `${address.family}/${portsKey(ports)}`;
        let group = groups.get(key);
        if (group === undefined) {
          group = { family: address.family, ports, all: new Map() };
          groups.set(key, group);
        }
        if (group.all.size < MAX_MIRRORED && !group.all.has(address.text)) {
          group.all.set(address.text, endpointFrom(one, address.text, ready, zoneOf(one)));
        }
      }
    }
  }
  const names = new Set<string>();
  const inOrder = [...groups.values()].sort(
    (a, b) => FAMILIES.indexOf(a.family as 'IPv4') - FAMILIES.indexOf(b.family as 'IPv4'),
  );
  return inOrder.map(({ family, ports, all }) => {
    const name = generatedName(
      `${service.metadata.name}-`,
      `Endpoints/${namespace}/${service.metadata.name}`,
      (one) => names.has(one) || cluster.endpointSlices.has(`${namespace}/${one}`),
    );
    names.add(name);
    return {
      kind: 'EndpointSlice',
      metadata: {
        name,
        namespace,
        labels: {
          [SERVICE_NAME_LABEL]: service.metadata.name,
          [MANAGED_BY_LABEL]: selects ? SLICE_CONTROLLER : MIRRORING_CONTROLLER,
          ...(selects && headless ? { [HEADLESS_LABEL]: '' } : {}),
          ...(selects ? service.metadata.labels : {}),
        },
      },
      addressType: family,
      endpoints: [...all.values()],
      ports,
    } satisfies EndpointSlice;
  });
}

/** The endpoints of a Service port that may be chosen, and what tells them apart. */
import { joinHostPort } from '../../../base/address.js';
import { policiesOf } from '../../../cluster/network-policies.js';
import type { Fabric } from '../../../path/fabric.js';
import { podClass } from '../../../policies/pod-class.js';
import type { ProxyEndpoint } from '../../../proxy/service-port.js';
import { receiverRef } from '../../path/trace.js';

/** An endpoint that may be chosen, in the order in which answers list them. */
export interface Candidate {
  readonly id: string;
  readonly address: string;
  /** Where it runs; '' outside of every node. */
  readonly node: string;
  /** As answers name them; '' where they do not. */
  readonly nodeRef: string;
  readonly zone: string;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
  /** Equal for endpoints that nothing but their places and hints tells apart. */
  readonly likeness: string;
}

/**
 * The endpoints of a Service port that may be chosen, in the order of answers; undefined where one of them is not
 * ready.
 */
export function candidatesOf(
  fabric: Fabric,
  endpoints: readonly ProxyEndpoint[],
  likenessOfNode: (node: string) => string,
): readonly Candidate[] | undefined {
  if (endpoints.some(({ ready }) => !ready)) return undefined;
  const policed = policiesOf(fabric.cluster).length > 0;
  const keyed = endpoints.map(({ address, port, node, pod, zoneHints, nodeHints }) => {
    const place = fabric.places.locate(address);
    const object = pod === undefined ? undefined : fabric.cluster.pods.get(pod);
    const where = 'node' in place ? place.node : '';
    // As whoever gets the packet is named: by where the address is.
    const named = place.kind === 'POD' && place.pod !== undefined ? { pod: place.pod } : {};
    const ref = receiverRef(fabric, {
      address,
      port,
      endpoint: true,
      ...named,
      ...(where === '' ? {} : { node: where }),
    });
    const policy = !policed ? '' : object === undefined ? address : podClass(fabric.cluster, object);
    const likeness = `${where === '' ? address : likenessOfNode(where)} ${place.kind} ${policy}`;
    return {
      key: `${address} ${port}`,
      candidate: {
        ...{ id: joinHostPort(address, port), address, node: where, likeness, zoneHints, nodeHints },
        nodeRef: ref.node ?? '',
        zone: ref.zone ?? '',
      },
      declared: node,
    };
  });
  // Rules go by the node that a slice names, packets by where the address is.
  if (keyed.some(({ declared, candidate: { node } }) => declared !== node)) return undefined;
  return keyed.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0)).map(({ candidate }) => candidate);
}

/**
 * Nodes with several networks: a Service that selects one of them has the nodes for backends that are connected to it.
 */
import { fieldsOf } from '../../base/record.js';
import type { Node, Service } from '../../cluster/objects.js';

import { listOf } from '../fields.js';
import { NETWORKS } from './facts.js';

/** The network that a Service selects; undefined: the usual one, which every node is connected to. */
export function networkOfService({ spec }: Service): string | undefined {
  const name = spec?.selector?.[NETWORKS.selector];
  return name === undefined || name === NETWORKS.usual ? undefined : name;
}

function jsonList(text: string | undefined): readonly unknown[] {
  try {
    return text === undefined ? [] : listOf(JSON.parse(text));
  } catch {
    return [];
  }
}

/** Why a node is no backend of a Service of this network; undefined: it is connected to it. */
export function notConnected({ metadata }: Node, network: string | undefined): string | undefined {
  if (network === undefined) return undefined;
  const annotations = metadata.annotations ?? {};
  const named = [
    ...jsonList(annotations[NETWORKS.status]).map((one) => fieldsOf(one).name),
    ...jsonList(annotations[NETWORKS.north]).map((one) => fieldsOf(one).network),
  ];
  return named.includes(network) ? undefined : `it is not connected to network ${network}`;
}

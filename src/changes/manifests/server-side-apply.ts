/** `kubectl apply --server-side`: one request, and where client-side apply was used before, a second one. */

import type { ApiFault } from '../../api-server/faults.js';
import { handedOver, type Manager, serverApply } from '../../api-server/managed-fields/server-apply.js';
import { typedFaults } from '../../api-server/managed-fields/typed.js';
import { LAST_APPLIED } from '../../api-server/note.js';
import { type Fields, fieldsIn } from '../../api-server/read-fields.js';
import type { StoredService } from '../../control-plane/service-storage.js';
import type { RefusalReason } from '../refused-change.js';
import type { Store } from './storing.js';

export interface ServerSideOptions {
  readonly type: string;
  readonly apiVersion: string;
  readonly managers: readonly Manager[];
  readonly force: boolean;
}

export type ServerSideApplied =
  | { readonly stored: Fields; readonly managers: readonly Manager[]; readonly service?: StoredService }
  | { readonly reason: RefusalReason; readonly causes: readonly ApiFault[] };

const KUBECTL = 'kubectl';

function bare(object: Fields): Fields {
  const { managedFields: _managed, ...metadata } = fieldsIn(object.metadata);
  return { ...object, metadata };
}

const isNoted = (object: Fields) => fieldsIn(fieldsIn(object.metadata).annotations)[LAST_APPLIED] !== undefined;

/** What was drawn in two requests, as far as the Service has it then. */
function drawnTwice(first: StoredService, second: StoredService): StoredService {
  const { spec = {} } = second.service;
  const addresses = first.addresses.filter(({ address }) => (spec.clusterIPs ?? []).includes(address));
  const has = (port: number) =>
    spec.healthCheckNodePort === port || (spec.ports ?? []).some(({ nodePort }) => nodePort === port);
  return {
    ...second,
    addresses: [...addresses, ...second.addresses],
    ports: [...first.ports.filter(({ port }) => has(port)), ...second.ports],
  };
}

/**
 * Applies a manifest on the server's side, under kubectl's name. `live` is the object with its defaults, undefined
 * where it is new. Where kubectl finds that client-side apply owned fields it takes them over and sends the manifest
 * again, so that fields that it leaves out go; where that second request is refused, the first one stays.
 */
export function serverSideApply(
  live: Fields | undefined,
  config: Fields,
  { type, apiVersion, managers, force }: ServerSideOptions,
  store: Store,
): ServerSideApplied {
  const wrong = typedFaults(config, type);
  if (wrong.length > 0) return { reason: 'InternalError', causes: wrong };
  const own = { manager: KUBECTL, apiVersion };
  const first = serverApply(live === undefined ? {} : bare(live), config, type, managers, own, force);
  if ('conflicts' in first) return { reason: 'Conflict', causes: first.conflicts };
  const stored = store(live, first.object);
  if (stored.faults.length > 0) {
    const isInternal = stored.faults.some(({ reason }) => reason === 'InternalError');
    return { reason: stored.reason ?? (isInternal ? 'InternalError' : 'Invalid'), causes: stored.faults };
  }
  const once: ServerSideApplied = {
    stored: stored.object,
    managers: first.managers,
    ...(stored.service === undefined ? {} : { service: stored.service }),
  };
  if (!isNoted(stored.object)) return once;
  const handed = handedOver(first.managers, true, apiVersion);
  if (!handed.isAnything) return { ...once, managers: handed.managers };
  const second = serverApply(bare(stored.object), config, type, handed.managers, own, force);
  if ('conflicts' in second) return { ...once, managers: handed.managers };
  const again = store(stored.object, second.object);
  if (again.faults.length > 0) return { ...once, managers: handed.managers };
  const service = again.service && stored.service ? drawnTwice(stored.service, again.service) : again.service;
  return { stored: again.object, managers: second.managers, ...(service === undefined ? {} : { service }) };
}

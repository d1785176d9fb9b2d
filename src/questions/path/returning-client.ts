import { joinHostPort } from '../../base/address.js';
import { QuestionError } from '../../base/errors.js';
import type { PathQuestion } from '../../contract/requests.js';
import type { Client } from '../../path/client.js';
import { type Destination, resolveDestination } from '../../path/destinations.js';
import type { Fabric } from '../../path/fabric.js';
import { affinityEntries } from '../../probability/affinity.js';

/**
 * The session-affinity entries of a returning client: it has talked to `returningTo` before, within the timeout.
 * Throws NOT_FOUND when that is no endpoint of the Service, INVALID_REQUEST when the Service has no affinity.
 */
export function recentEntries(
  fabric: Fabric,
  question: PathQuestion,
  destination: Destination,
  client: Client,
): ReadonlyMap<string, ReadonlySet<string>> | undefined {
  const { returningTo } = question;
  if (returningTo === undefined) return undefined;
  const wrong = (code: 'NOT_FOUND' | 'INVALID_REQUEST', detail: string) =>
    new QuestionError(code, `No session-affinity entry for ${returningTo}.`, [
      { pointer: '/path/returningTo', detail },
    ]);
  const target = resolveDestination(fabric, destination, client).targets[0]?.target;
  const ports =
    target?.port === undefined ? [] : fabric.expectFor(client.node, target.protocol, target.address, target.port);
  const sticky = ports.find((port) => port.stickyMaxAge > 0);
  if (sticky === undefined)
    throw wrong('INVALID_REQUEST', 'The destination is no Service port with sessionAffinity ClientIP.');
  const source = client.address ?? fabric.host(client.node).sourceFor(target?.address ?? '');
  const entries = affinityEntries(fabric, client.node, sticky, returningTo, source ?? '');
  if (entries === undefined) {
    const { services } = fabric.program(client.node);
    const known = services.endpointsOf(sticky).map((endpoint) => joinHostPort(endpoint.address, endpoint.port));
    throw wrong(
      'NOT_FOUND',
      `${returningTo} is no endpoint of ${sticky.id}; it has ${known.slice(0, 5).join(', ') || 'none'}.`,
    );
  }
  return entries;
}

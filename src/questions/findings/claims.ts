/** Services that compete for one address and port. */

import type { Finding } from '../../contract/answers.js';
import type { ServicePort } from '../../proxy/service-port.js';
import type { StateFinder } from './finders.js';
import { finding, listed, portText } from './finding.js';
import { everyPortOf, isTranslatedByRules, refOf } from './service-facts.js';

function conflict(
  claims: readonly ServicePort[],
  where: { readonly address: string; readonly port: number },
  isModelled: boolean,
): Finding {
  const which = isModelled ? 'which is an accident of the order in which kube-proxy visits them' : 'which is not known';
  const [first] = claims as readonly [ServicePort];
  const services = [...new Set(claims.map(({ service }) => service))];
  const message =
    `${listed(claims.map((port) => portText(refOf(port))))} claim ${where.address} port ${where.port} ` +
    `(${first.protocol}): ` +
    `one of them gets all its traffic, and ${which}.`;
  const { protocol, family } = first;
  return finding('ADDRESS_CLAIMED_TWICE', message, { service: services[0], ...where, protocol, family, services });
}

/**
 * Addresses and ports that several Service ports lay claim to. Node ports cannot be: the API server gives each once.
 */
export const addressConflicts: StateFinder = (view) => {
  const found = new Map<string, Finding>();
  for (const { port, services } of everyPortOf(view)) {
    if (!services.mayHaveRivals) continue;
    for (const address of [port.clusterIP, ...port.externalIPs, ...port.loadBalancerVIPs]) {
      const claims = services.claims(port.protocol, address, port.port);
      if (claims.length < 2) continue;
      const place = `${port.protocol} ${address} ${port.port}`;
      if (!found.has(place))
        found.set(place, conflict(claims, { address, port: port.port }, isTranslatedByRules(view)));
    }
  }
  return [...found.values()];
};

import type { ProxyEndpoint } from '../service-port.js';
import type { PortRulesWriter } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { jump } from './rule-parts.js';

const MARK_MASQUERADE = jump(CHAINS.markMasquerade);

/** The rules of an endpoint's chain: masquerade what the endpoint sends to itself, remember the client, translate. */
export function writeEndpointRules(
  out: PortRulesWriter,
  endpoint: ProxyEndpoint,
  chain = out.names.endpoint(endpoint),
): void {
  const origin = out.originOf(endpoint);
  const dnat = { kind: 'dnat', address: endpoint.address, port: endpoint.port } as const;
  const hairpin = out.hairpinSource(endpoint);
  const [module, protocol] = out.protocol;
  const name = out.nameUnlessLarge;
  out.natFor(origin, chain, [...name, hairpin, MARK_MASQUERADE]);
  if (out.port.stickyMaxAge === 0) out.natFor(origin, chain, [...name, module, protocol, dnat]);
  else {
    const remember = { kind: 'recent', name: chain, action: 'set' } as const;
    out.natFor(origin, chain, [...name, remember, module, protocol, dnat]);
  }
}

/** The chains of endpoints with their rules, one after the other. */
export function writeEndpointChains(out: PortRulesWriter, endpoints: readonly ProxyEndpoint[]): void {
  for (const endpoint of endpoints) {
    const chain = out.names.endpoint(endpoint);
    out.natChains.push(chain);
    writeEndpointRules(out, endpoint, chain);
  }
}

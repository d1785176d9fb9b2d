import type { Statement } from '../../netfilter/iptables/statements.js';
import { countOf, entriesOf, isSample } from '../endpoint-sample.js';
import type { ProxyEndpoint } from '../service-port.js';
import type { PortRulesWriter } from './port-rules.js';
import { comment, jump, oneIn } from './rule-parts.js';

/** The comment of a rule that leads to an endpoint; none in a large cluster. */
function commentOf(out: PortRulesWriter, endpoint: ProxyEndpoint): readonly Statement[] {
  if (out.context.large) return [];
  const perEndpoint = out.context.traits.balancingComment === 'SERVICE_AND_ENDPOINT';
  return [perEndpoint ? comment(`${out.port.id} -> ${endpoint.id}`) : out.name];
}

/** One rule per endpoint that catches the clients which that endpoint served lately. */
export function writeAffinityRules(
  out: PortRulesWriter,
  chain: string,
  endpoints: readonly ProxyEndpoint[],
  commentFor = commentOf,
): void {
  const seconds = out.port.stickyMaxAge;
  if (seconds === 0) return;
  for (const endpoint of endpoints) {
    const target = out.names.endpoint(endpoint);
    out.natFor(out.originOf(endpoint), chain, [
      ...commentFor(out, endpoint),
      { kind: 'recent', name: target, action: 'rcheck', seconds, reap: true },
      jump(target),
    ]);
  }
}

/** The rule for the i-th of n endpoints: one chance in what is left, the last one always. */
export function writeBalancingRule(
  out: PortRulesWriter,
  chain: string,
  endpoint: ProxyEndpoint,
  i: number,
  n: number,
  notes: readonly Statement[] = commentOf(out, endpoint),
): void {
  const target = jump(out.names.endpoint(endpoint));
  out.natFor(out.originOf(endpoint), chain, i < n - 1 ? [...notes, oneIn(n - i), target] : [...notes, target]);
}

/**
 * Writes the rules of a chain for each endpoint, the i-th of n; of those that are left out one that stands for them.
 */
export function writeEach(
  out: PortRulesWriter,
  chain: string,
  endpoints: readonly ProxyEndpoint[],
  write: (endpoint: ProxyEndpoint, i: number, n: number) => void,
): void {
  const n = countOf(endpoints);
  if (!isSample(endpoints)) {
    for (let i = 0; i < n; i++) write(endpoints[i] as ProxyEndpoint, i, n);
    return;
  }
  for (const entry of entriesOf(endpoints)) {
    if ('endpoint' in entry) write(entry.endpoint, entry.place, n);
    else out.leaveOut(chain, entry);
  }
}

/** Affinity and balancing rules of a chain over endpoints (kube-proxy's `writeServiceToEndpointRules`). */
export function writeBalancing(out: PortRulesWriter, chain: string, endpoints: readonly ProxyEndpoint[]): void {
  writeAffinityRules(out, chain, endpoints);
  writeEach(out, chain, endpoints, (endpoint, i, n) => writeBalancingRule(out, chain, endpoint, i, n));
}

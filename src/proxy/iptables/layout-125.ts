import type { Statement } from '../../netfilter/iptables/statements.js';
import { decide } from '../port-decisions.js';
import { externallyAccessible, usesClusterEndpoints, usesLocalEndpoints } from '../traffic-policies.js';
import { writeBalancing } from './balancing.js';
import { writeEndpointChains } from './endpoint-chain.js';
import { writeExternalTrafficRules } from './external-traffic.js';
import type { PortRulesWriter } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { ACCEPT, comment, DROP, destination, destinationPort, jump, REJECT, source, TO_LOCAL } from './rule-parts.js';

/** What the filter table does with traffic that no endpoint takes. */
interface Refusal {
  readonly reason: string;
  readonly target: Statement;
}

/**
 * The rules of a Service port, Kubernetes 1.25 to 1.36 (pkg/proxy/iptables/proxier.go): first what dispatches to it,
 * then its own chains KUBE-EXT, KUBE-FW, KUBE-SVC, KUBE-SVL and KUBE-SEP.
 */
export function writePort125(out: PortRulesWriter): void {
  const { port, selection, names } = out;
  const { cluster, local, hasEndpoints } = selection;
  const { hasInternal, hasExternal, hasRanges, refusal: refused } = decide(port, selection);
  // Without endpoints nothing is left to be kept out.
  const usesFirewall = hasEndpoints && hasRanges;
  const internalChain = port.internalPolicyLocal ? names.local : names.cluster;
  const refusal: Refusal =
    refused === 'DROP'
      ? { reason: 'has no local endpoints', target: DROP }
      : { reason: 'has no endpoints', target: REJECT };

  writeClusterIP(out, hasInternal, internalChain, refusal);
  writeExternalIPs(out, hasExternal, refusal);
  writeLoadBalancer(out, hasExternal, usesFirewall, refusal);
  writeNodePort(out, hasExternal, refusal);
  out.healthCheck(ACCEPT);

  const offCluster = out.offCluster;
  if (hasInternal && offCluster !== undefined) {
    const mark = jump(CHAINS.markMasquerade);
    out.nat(internalChain, ...out.toAddress('cluster IP', port.clusterIP), ...offCluster, mark);
  }
  if (hasEndpoints && externallyAccessible(port)) {
    out.natChains.push(names.external);
    writeExternalTrafficRules(out, hasExternal);
  }
  if (usesFirewall) writeFirewall(out);
  if (cluster.length > 0 && usesClusterEndpoints(port)) {
    out.natChains.push(names.cluster);
    writeBalancing(out, names.cluster, cluster);
  }
  if (local.length > 0 && usesLocalEndpoints(port)) {
    out.natChains.push(names.local);
    writeBalancing(out, names.local, local);
  }
  writeEndpointChains(out, selection.reachable);
}

function writeClusterIP(out: PortRulesWriter, served: boolean, chain: string, refusal: Refusal): void {
  const { clusterIP } = out.port;
  if (served) out.nat(CHAINS.services, ...out.toAddress('cluster IP', clusterIP), jump(chain));
  else out.filter(CHAINS.services, ...out.toAddress(refusal.reason, clusterIP), refusal.target);
}

function writeExternalIPs(out: PortRulesWriter, served: boolean, refusal: Refusal): void {
  for (const address of out.port.externalIPs) {
    if (out.selection.hasEndpoints) {
      out.nat(CHAINS.services, ...out.toAddress('external IP', address), jump(out.names.external));
    }
    if (!served) out.filter(CHAINS.externalServices, ...out.toAddress(refusal.reason, address), refusal.target);
  }
}

function writeLoadBalancer(out: PortRulesWriter, served: boolean, usesFirewall: boolean, refusal: Refusal): void {
  const { loadBalancerVIPs } = out.port;
  const { firewall, external } = out.names;
  for (const address of loadBalancerVIPs) {
    if (out.selection.hasEndpoints) {
      const target = jump(usesFirewall ? firewall : external);
      out.nat(CHAINS.services, ...out.toAddress('loadbalancer IP', address), target);
    }
    if (usesFirewall) {
      out.filter(CHAINS.proxyFirewall, ...out.toAddress(`traffic not accepted by ${firewall}`, address), DROP);
    }
  }
  if (served) return;
  for (const address of loadBalancerVIPs) {
    out.filter(CHAINS.externalServices, ...out.toAddress(refusal.reason, address), refusal.target);
  }
}

function writeNodePort(out: PortRulesWriter, served: boolean, refusal: Refusal): void {
  const { port, context, protocol } = out;
  if (port.nodePort === 0) return;
  const { traits, nodePorts, settings } = context;
  // Up to 1.26 the rules are left out where no address of the node takes node ports.
  if (nodePorts.addresses?.length === 0 && traits.noNodePortAddress !== 'WRITES_ALL') return;
  const number = destinationPort(port.nodePort);
  if (out.selection.hasEndpoints) {
    const target = jump(out.names.external);
    if (traits.nfacct && settings.kernel.nfacct && nodePorts.localhost) {
      const counter = { kind: 'nfacct', name: 'localhost_nps_accepted_pkts' } as const;
      out.nat(CHAINS.nodePorts, out.name, ...protocol, destination('127.0.0.0/8'), number, counter, target);
    }
    out.nat(CHAINS.nodePorts, out.name, ...protocol, number, target);
  }
  if (!served) {
    const reason = comment(`${port.id} ${refusal.reason}`);
    out.filter(CHAINS.externalServices, reason, TO_LOCAL, ...protocol, number, refusal.target);
  }
}

function writeFirewall(out: PortRulesWriter): void {
  const { firewall, external } = out.names;
  const { id, sourceRanges, loadBalancerVIPs } = out.port;
  const name = comment(`${id} loadbalancer IP`);
  const target = jump(external);
  out.natChains.push(firewall);
  for (const range of sourceRanges) out.nat(firewall, name, source(range), target);
  if (out.rangesHoldNode) {
    // A node that sends to the load balancer's address may see it as its own source.
    for (const address of loadBalancerVIPs) out.nat(firewall, name, source(address), target);
  }
  if (out.context.traits.firewallComment) {
    out.nat(firewall, comment(`other traffic to ${id} will be dropped by ${CHAINS.proxyFirewall}`));
  }
}

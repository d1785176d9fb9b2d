import { externallyAccessible, usesClusterEndpoints, usesLocalEndpoints } from '../traffic-policies.js';
import { writeBalancing } from './balancing.js';
import { writeEndpointChains } from './endpoint-chain.js';
import { writeExternalTrafficRules } from './external-traffic.js';
import type { PortRulesWriter } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import { ACCEPT, comment, destinationPort, jump, REJECT, source, TO_LOCAL } from './rule-parts.js';

const NO_ENDPOINTS = 'has no endpoints';

/**
 * The rules of a Service port, Kubernetes 1.24 (pkg/proxy/iptables/proxier.go): KUBE-EXT and KUBE-SVL as later, but
 * traffic that finds no local endpoint is marked for kubelet's KUBE-FIREWALL to drop.
 */
export function writePort124(out: PortRulesWriter): void {
  const { port, selection, names } = out;
  const { hasEndpoints, cluster, local } = selection;
  const usesCluster = usesClusterEndpoints(port);
  const usesLocal = usesLocalEndpoints(port);

  writeEndpointChains(out, selection.reachable);
  if (hasEndpoints && usesCluster) out.natChains.push(names.cluster);
  if (hasEndpoints && usesLocal) out.natChains.push(names.local);
  if (hasEndpoints && externallyAccessible(port)) {
    out.natChains.push(names.external);
    writeExternalTrafficRules(out, true);
  }
  writeClusterIP(out);
  for (const address of port.externalIPs) {
    if (hasEndpoints) out.nat(CHAINS.services, ...out.toAddress('external IP', address), jump(names.external));
    else out.filter(CHAINS.externalServices, ...out.toAddress(NO_ENDPOINTS, address), REJECT);
  }
  if (hasEndpoints && port.loadBalancerVIPs.length > 0 && port.sourceRanges.length > 0) {
    out.natChains.push(names.firewall);
  }
  for (const address of port.loadBalancerVIPs) writeLoadBalancer(out, address);
  writeNodePort(out);
  out.healthCheck(ACCEPT);
  if (usesCluster) writeBalancing(out, names.cluster, cluster);
  if (usesLocal && local.length > 0) writeBalancing(out, names.local, local);
  else if (usesLocal && hasEndpoints) {
    out.nat(names.local, comment(`${port.id} has no local endpoints`), jump(CHAINS.markDrop));
  }
}

function writeClusterIP(out: PortRulesWriter): void {
  const { clusterIP, internalPolicyLocal } = out.port;
  if (!out.selection.hasEndpoints) {
    out.filter(CHAINS.services, ...out.toAddress(NO_ENDPOINTS, clusterIP), REJECT);
    return;
  }
  const chain = internalPolicyLocal ? out.names.local : out.names.cluster;
  const match = out.toAddress('cluster IP', clusterIP);
  const offCluster = out.offCluster;
  if (offCluster !== undefined) out.nat(chain, ...match, ...offCluster, jump(CHAINS.markMasquerade));
  out.nat(CHAINS.services, ...match, jump(chain));
}

/** One load balancer address: with source ranges their rules are written anew for each address. */
function writeLoadBalancer(out: PortRulesWriter, address: string): void {
  const { id, sourceRanges } = out.port;
  const { firewall, external } = out.names;
  if (!out.selection.hasEndpoints) {
    out.filter(CHAINS.externalServices, ...out.toAddress(NO_ENDPOINTS, address), REJECT);
    return;
  }
  const match = out.toAddress('loadbalancer IP', address);
  if (sourceRanges.length === 0) {
    out.nat(CHAINS.services, ...match, jump(external));
    return;
  }
  out.nat(CHAINS.services, ...match, jump(firewall));
  const name = comment(`${id} loadbalancer IP`);
  for (const range of sourceRanges) out.nat(firewall, name, source(range), jump(external));
  if (out.rangesHoldNode) out.nat(firewall, name, source(address), jump(external));
  out.nat(firewall, name, jump(CHAINS.markDrop));
}

function writeNodePort(out: PortRulesWriter): void {
  const { port, protocol, context } = out;
  if (port.nodePort === 0 || context.nodePorts.addresses?.length === 0) return;
  const number = destinationPort(port.nodePort);
  if (out.selection.hasEndpoints) {
    out.nat(CHAINS.nodePorts, out.name, ...protocol, number, jump(out.names.external));
  } else {
    const reason = comment(`${port.id} ${NO_ENDPOINTS}`);
    out.filter(CHAINS.externalServices, reason, TO_LOCAL, ...protocol, number, REJECT);
  }
}

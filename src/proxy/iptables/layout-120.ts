import { writeAffinityRules, writeBalancing, writeBalancingRule, writeEach } from './balancing.js';
import { writeEndpointChains, writeEndpointRules } from './endpoint-chain.js';
import type { PortRulesWriter } from './port-rules.js';
import { CHAINS } from './port-rules.js';
import {
  ACCEPT,
  comment,
  destinationPort,
  FROM_LOCAL,
  jump,
  NOT_FROM_LOCAL,
  REJECT,
  source,
  TO_LOCAL,
} from './rule-parts.js';

const NO_ENDPOINTS = 'has no endpoints';
const MARK_MASQUERADE = jump(CHAINS.markMasquerade);

/**
 * The rules of a Service port, Kubernetes 1.20 to 1.23 (pkg/proxy/iptables/proxier.go): KUBE-SVC, KUBE-FW for every
 * load balancer address, KUBE-XLB for an external policy Local. 1.23 writes endpoint chains first; before, they come
 * after what dispatches to the Service port.
 */
export function writePort120(out: PortRulesWriter): void {
  const { port, selection, names, context } = out;
  const { hasEndpoints, cluster, local, reachable } = selection;
  const endpointsFirst = context.traits.layout === 'XLB_ENDPOINTS_FIRST';

  if (endpointsFirst) writeEndpointChains(out, reachable);
  if (hasEndpoints) out.natChains.push(names.cluster);
  if (port.externalPolicyLocal) out.natChains.push(names.xlb);
  writeClusterIP(out);
  for (const address of port.externalIPs) writeExternalIP(out, address);
  for (const address of port.loadBalancerVIPs) writeLoadBalancer(out, address);
  if (port.nodePort !== 0) {
    if (context.nodePorts.addresses?.length !== 0) writeNodePort(out);
    else if (context.traits.noNodePortAddress === 'SKIPS_REST') return;
  }
  out.healthCheck(ACCEPT);
  if (!hasEndpoints) return;

  if (endpointsFirst) writeBalancing(out, names.cluster, cluster);
  else writeEndpointsLast(out);
  if (!port.externalPolicyLocal) return;
  writeXlbHead(out);
  if (local.length === 0) {
    out.nat(names.xlb, comment(`${port.id} has no local endpoints`), jump(CHAINS.markDrop));
  } else if (endpointsFirst) writeBalancing(out, names.xlb, local);
  else {
    writeAffinityRules(out, names.xlb, local, () => [out.name]);
    for (const [i, endpoint] of local.entries()) {
      writeBalancingRule(out, names.xlb, endpoint, i, local.length, [comment(`Balancing rule ${i} for ${port.id}`)]);
    }
  }
}

/** 1.20 to 1.22: up to 1.21 every endpoint's chain follows the rule that leads to it, in 1.22 they follow them all. */
function writeEndpointsLast(out: PortRulesWriter): void {
  const { cluster, reachable } = out.selection;
  const chain = out.names.cluster;
  for (const endpoint of reachable) out.natChains.push(out.names.endpoint(endpoint));
  writeAffinityRules(out, chain, reachable);
  const interleaved = out.context.traits.masqueradeRulesIn === 'DISPATCH_CHAIN';
  writeEach(out, chain, cluster, (endpoint, i, n) => {
    writeBalancingRule(out, chain, endpoint, i, n);
    if (interleaved) writeEndpointRules(out, endpoint);
  });
  if (!interleaved) for (const endpoint of reachable) writeEndpointRules(out, endpoint);
}

/** The chain that holds rules which mark traffic for masquerade. */
function masqueradeChain(out: PortRulesWriter, dispatch: string): string {
  return out.context.traits.masqueradeRulesIn === 'DISPATCH_CHAIN' ? dispatch : out.names.cluster;
}

function writeClusterIP(out: PortRulesWriter): void {
  const { clusterIP } = out.port;
  if (!out.selection.hasEndpoints) {
    out.filter(CHAINS.services, ...out.toAddress(NO_ENDPOINTS, clusterIP), REJECT);
    return;
  }
  const match = out.toAddress('cluster IP', clusterIP);
  const offCluster = out.offCluster;
  if (offCluster !== undefined) {
    out.nat(masqueradeChain(out, CHAINS.services), ...match, ...offCluster, MARK_MASQUERADE);
  }
  out.nat(CHAINS.services, ...match, jump(out.names.cluster));
}

function writeExternalIP(out: PortRulesWriter, address: string): void {
  const { names, port, context } = out;
  if (!out.selection.hasEndpoints) {
    out.filter(CHAINS.externalServices, ...out.toAddress(NO_ENDPOINTS, address), REJECT);
    return;
  }
  const match = out.toAddress('external IP', address);
  const target = jump(port.externalPolicyLocal ? names.xlb : names.cluster);
  if (context.traits.externalIPCapture === 'NOT_FROM_BRIDGE') {
    if (!port.externalPolicyLocal) out.nat(CHAINS.services, ...match, MARK_MASQUERADE);
    const notIn = { kind: 'physdev', isIn: { negated: true } } as const;
    out.nat(CHAINS.services, ...match, notIn, NOT_FROM_LOCAL, target);
    out.nat(CHAINS.services, ...match, TO_LOCAL, target);
    return;
  }
  if (!port.externalPolicyLocal) {
    // Without a detector everything is masqueraded.
    const notLocal = context.detector === undefined ? [] : [context.detector.ifNotLocal];
    out.nat(masqueradeChain(out, CHAINS.services), ...match, ...notLocal, MARK_MASQUERADE);
  }
  out.nat(CHAINS.services, ...match, target);
}

/** One load balancer address. The chain is declared and its rules are written anew for each of them. */
function writeLoadBalancer(out: PortRulesWriter, address: string): void {
  const { port, names } = out;
  if (!out.selection.hasEndpoints) {
    out.filter(CHAINS.externalServices, ...out.toAddress(NO_ENDPOINTS, address), REJECT);
    return;
  }
  out.natChains.push(names.firewall);
  out.nat(CHAINS.services, ...out.toAddress('loadbalancer IP', address), jump(names.firewall));
  const name = comment(`${port.id} loadbalancer IP`);
  const target = jump(port.externalPolicyLocal ? names.xlb : names.cluster);
  if (!port.externalPolicyLocal) out.nat(names.firewall, name, MARK_MASQUERADE);
  if (port.sourceRanges.length === 0) out.nat(names.firewall, name, target);
  else {
    for (const range of port.sourceRanges) out.nat(names.firewall, name, source(range), target);
    if (out.rangesHoldNode) out.nat(names.firewall, name, source(out.singleAddress(address)), target);
  }
  out.nat(names.firewall, name, jump(CHAINS.markDrop));
}

function writeNodePort(out: PortRulesWriter): void {
  const { port, names, protocol, context } = out;
  const number = destinationPort(port.nodePort);
  if (!out.selection.hasEndpoints) {
    const reason = comment(`${port.id} ${NO_ENDPOINTS}`);
    out.filter(CHAINS.externalServices, reason, TO_LOCAL, ...protocol, number, REJECT);
    return;
  }
  if (!port.externalPolicyLocal) {
    out.nat(masqueradeChain(out, CHAINS.nodePorts), out.name, ...protocol, number, MARK_MASQUERADE);
    out.nat(CHAINS.nodePorts, out.name, ...protocol, number, jump(names.cluster));
  } else {
    const loopback = source(context.family === 'IPv4' ? '127.0.0.0/8' : '::1/128');
    out.nat(CHAINS.nodePorts, out.name, ...protocol, number, loopback, MARK_MASQUERADE);
    out.nat(CHAINS.nodePorts, out.name, ...protocol, number, jump(names.xlb));
  }
}

/** What is before the local endpoints in KUBE-XLB: pods and this host reach every endpoint. */
function writeXlbHead(out: PortRulesWriter): void {
  const { xlb, cluster } = out.names;
  const { id } = out.port;
  const { detector } = out.context;
  if (detector !== undefined) {
    const pods = comment('Redirect pods trying to reach external loadbalancer VIP to clusterIP');
    out.nat(xlb, pods, detector.ifLocal, jump(cluster));
  }
  out.nat(xlb, comment(`masquerade LOCAL traffic for ${id} LB IP`), FROM_LOCAL, MARK_MASQUERADE);
  out.nat(xlb, comment(`route LOCAL traffic for ${id} LB IP to service chain`), FROM_LOCAL, jump(cluster));
}

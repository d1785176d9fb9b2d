import type { IPFamily } from '../../src/base/address.js';
import { inFamily } from './plant/families.js';
import { nodeAddress, nodeName, type PlantPod } from './plant/layout.js';

const ONLY_IPV4: readonly IPFamily[] = ['IPv4'];

/** A Node of a plant, as kubectl prints it; the first family is the cluster's primary one. */
export function nodeObject(node: number, zone: string, version: string, families = ONLY_IPV4) {
  const podCIDRs = families.map((family) => inFamily(family, `10.180.${node}.0/24`));
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(node), labels: zone === '' ? {} : { 'topology.kubernetes.io/zone': zone } },
    spec: { podCIDR: podCIDRs[0], podCIDRs },
    status: {
      addresses: families.map((family) => ({ type: 'InternalIP', address: inFamily(family, nodeAddress(node)) })),
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: `v${version}`, operatingSystem: 'linux' },
    },
  };
}

/** A Pod that listens on TCP and UDP ports 8080 and 8081. */
export function podObject({ name, node, address }: PlantPod, hostNetwork = false, families = ONLY_IPV4) {
  const podIPs = families.map((family) => ({ ip: inFamily(family, address) }));
  const ports = [8080, 8081].flatMap((containerPort) => [
    { containerPort, protocol: 'TCP' },
    { containerPort, protocol: 'UDP' },
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: name.split('/')[1], namespace: 'default', labels: {} },
    spec: { nodeName: nodeName(node), ...(hostNetwork ? { hostNetwork } : {}), containers: [{ name: 'main', ports }] },
    status: { phase: 'Running', podIP: podIPs[0]?.ip, podIPs },
  };
}

import { nodeAddress, nodeName, type PlantPod } from './plant/layout.js';

/** A Node of a plant, as kubectl prints it. */
export function nodeObject(node: number, zone: string, version: string) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: nodeName(node), labels: zone === '' ? {} : { 'topology.kubernetes.io/zone': zone } },
    spec: { podCIDR: `10.180.${node}.0/24`, podCIDRs: [`10.180.${node}.0/24`] },
    status: {
      addresses: [{ type: 'InternalIP', address: nodeAddress(node) }],
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { kubeletVersion: `v${version}`, operatingSystem: 'linux' },
    },
  };
}

/** A Pod that listens on TCP and UDP ports 8080 and 8081. */
export function podObject({ name, node, address }: PlantPod, hostNetwork = false) {
  const ports = [8080, 8081].flatMap((containerPort) => [
    { containerPort, protocol: 'TCP' },
    { containerPort, protocol: 'UDP' },
  ]);
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: name.split('/')[1], namespace: 'default', labels: {} },
    spec: { nodeName: nodeName(node), ...(hostNetwork ? { hostNetwork } : {}), containers: [{ name: 'main', ports }] },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }] },
  };
}

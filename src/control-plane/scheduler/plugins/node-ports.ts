import { conflict, hostPortsOf } from '../host-ports.js';
import type { PluginFactory } from '../plugin.js';

/** Refuses nodes where a host port that the pod asks for is taken. */
export const nodePorts: PluginFactory = (pod) => {
  const wanted = hostPortsOf(pod);
  if (wanted.length === 0) return { name: 'NodePorts' };
  return {
    name: 'NodePorts',
    rejects: ({ hostPorts }) =>
      wanted.some((port) => hostPorts.some((taken) => conflict(port, taken)))
        ? "node(s) didn't have free ports for the requested pod ports"
        : undefined,
  };
};

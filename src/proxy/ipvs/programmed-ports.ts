/** What a node programs for its Service ports in ipvs mode: what its rules, its sets and its balancer are made of. */
import type { IPFamily } from '../../base/address.js';
import type { VirtualServer } from '../../netfilter/ipvs/types.js';

import type { ProxierInput } from '../node-program.js';
import type { ProxyEndpoint, ServiceMap, ServicePort } from '../service-port.js';
import type { IpvsContext } from './context.js';
import type { FixedRules } from './fixed-rules.js';
import type { PortState } from './port-state.js';

export interface ProgrammedPorts {
  readonly input: ProxierInput;
  readonly family: IPFamily;
  readonly context: IpvsContext;
  readonly services: ServiceMap;
  /** The rules that Service ports do not change. */
  readonly rules: FixedRules;
  portState(port: ServicePort): PortState;
  /** The endpoints on the node, with their ports. */
  localEndpoints(): readonly (readonly [ServicePort, ProxyEndpoint])[];
  virtualServersOf(port: ServicePort): readonly VirtualServer[];
  /** Whether the address is on kube-ipvs0. */
  isBound(address: string): boolean;
}

/** The bytes of Service ports' rules, kept for the next time. Other nodes mostly have the same. */
import { remember } from '../../base/remember.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import { type KeptBytes, KeptPorts } from '../kept-ports.js';
import type { EndpointSelection, ServicePort } from '../service-port.js';
import type { RenderContext } from './port-rules.js';

/** What one Service port adds to each part of the text. */
export interface WrittenPort {
  readonly filterRules: Uint8Array;
  readonly natChains: Uint8Array;
  readonly natRules: Uint8Array;
}

const ports = new KeptPorts<WrittenPort>();

/** Keeps what a port adds, while there is room. `together`: what is written with it. */
export function keepWritten(
  port: ServicePort,
  selection: EndpointSelection,
  context: string,
  written: WrittenPort,
  together: KeptBytes,
): void {
  const bytes = written.filterRules.length + written.natChains.length + written.natRules.length;
  ports.keep(port, { selection, context }, written, { together, bytes });
}

const settingsNumbers = new WeakMap<NodeProxySettings, number>();
let settingsCount = 0;

/** Gives for each port what is equal for contexts in which it has the same rules. */
export function contextKeys(context: RenderContext): (port: ServicePort) => string {
  const { family, settings, detector, nodePorts, nodeAddress, large } = context;
  const number = remember(settingsNumbers, settings, () => ++settingsCount);
  const key = JSON.stringify([family, number, detector, nodePorts, large]);
  const withAddress = `${key} ${nodeAddress.text}`;
  // A node's own address counts where source ranges may hold it.
  return ({ sourceRanges }) => (sourceRanges.length > 0 ? withAddress : key);
}

/** What was kept of a port; undefined where it was written for another selection or context, or not kept. */
export function writtenBefore(
  port: ServicePort,
  selection: EndpointSelection,
  context: string,
): WrittenPort | undefined {
  return ports.find(port, selection, context);
}

/**
 * The bytes of Service ports' rules, kept for the next time that all rules of a node are written: what a port adds
 * follows from the port, the endpoints that are chosen for it, and what all ports of the node depend on. Other nodes
 * mostly have the same.
 */
import { remember } from '../../base/remember.js';
import type { NodeProxySettings } from '../../cluster/settings.js';
import type { EndpointSelection, ProxyEndpoint, ServicePort } from '../service-port.js';
import type { RenderContext } from './port-rules.js';

/** Bytes that are kept at most, of all clusters together. */
const MOST_KEPT = 96 * 1024 * 1024;

/** What one Service port adds to each part of the text. */
export interface WrittenPort {
  readonly filterRules: Uint8Array;
  readonly natChains: Uint8Array;
  readonly natRules: Uint8Array;
}

interface Kept {
  readonly context: string;
  readonly selection: EndpointSelection;
  readonly written: WrittenPort;
  /** What was kept with it. */
  readonly together: Keeping;
}

const ports = new WeakMap<ServicePort, Kept>();

let keptBytes = 0;

// Ports go with their cluster, and their bytes with them.
const released = new FinalizationRegistry<{ readonly bytes: number }>(({ bytes }) => {
  keptBytes -= bytes;
});

/** Keeps what ports add that are written together, while there is room. */
export class Keeping {
  readonly #size = { bytes: 0 };

  constructor() {
    released.register(this, this.#size);
  }

  keep(port: ServicePort, selection: EndpointSelection, context: string, written: WrittenPort): void {
    const bytes = written.filterRules.length + written.natChains.length + written.natRules.length;
    if (keptBytes + bytes > MOST_KEPT) return;
    keptBytes += bytes;
    this.#size.bytes += bytes;
    ports.set(port, { context, selection, written, together: this });
  }
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

function sameList(a: readonly ProxyEndpoint[], b: readonly ProxyEndpoint[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function sameSelection(a: EndpointSelection, b: EndpointSelection): boolean {
  return (
    a.hasEndpoints === b.hasEndpoints &&
    sameList(a.cluster, b.cluster) &&
    sameList(a.local, b.local) &&
    sameList(a.reachable, b.reachable)
  );
}

/** What was kept of a port; undefined where it was written for another selection or context, or not kept. */
export function writtenBefore(
  port: ServicePort,
  selection: EndpointSelection,
  context: string,
): WrittenPort | undefined {
  const kept = ports.get(port);
  if (kept === undefined || kept.context !== context) return undefined;
  return sameSelection(kept.selection, selection) ? kept.written : undefined;
}

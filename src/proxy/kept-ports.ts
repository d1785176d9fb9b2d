/**
 * What was written of Service ports, kept for the next time that all rules of a node are written: it follows from the
 * port, the endpoints that are chosen for it, and what all ports of the node depend on.
 */
import type { EndpointSelection, ProxyEndpoint, ServicePort } from './service-port.js';

/** Bytes that are kept at most, of all clusters together. */
const MOST_KEPT = 96 * 1024 * 1024;

let keptBytes = 0;

// Ports go with their cluster, and what is kept of them with them.
const released = new FinalizationRegistry<{ readonly bytes: number }>(({ bytes }) => {
  keptBytes -= bytes;
});

/** The bytes of what is kept together: they count until all of it is gone. */
export class KeptBytes {
  readonly #size = { bytes: 0 };

  constructor() {
    released.register(this, this.#size);
  }

  /** Whether there is room for so many more, which are then taken. */
  take(bytes: number): boolean {
    if (keptBytes + bytes > MOST_KEPT) return false;
    keptBytes += bytes;
    this.#size.bytes += bytes;
    return true;
  }
}

interface Kept<W> {
  readonly context: string;
  readonly selection: EndpointSelection;
  readonly written: W;
  readonly together: KeptBytes;
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

/** What was last written of each port, in one mode. */
export class KeptPorts<W> {
  readonly #ports = new WeakMap<ServicePort, Kept<W>>();

  /** Keeps what was written of a port where there is room for its bytes. */
  keep(
    port: ServicePort,
    { selection, context }: Pick<Kept<W>, 'selection' | 'context'>,
    written: W,
    { together, bytes }: { readonly together: KeptBytes; readonly bytes: number },
  ): void {
    if (together.take(bytes)) this.#ports.set(port, { context, selection, written, together });
  }

  /** What was kept of a port; undefined where it was written for another selection or context, or not kept. */
  find(port: ServicePort, selection: EndpointSelection, context: string): W | undefined {
    const kept = this.#ports.get(port);
    if (kept === undefined || kept.context !== context) return undefined;
    return sameSelection(kept.selection, selection) ? kept.written : undefined;
  }
}

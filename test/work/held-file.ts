/** Questions that the fake worker does not answer before a test lets them: `hold-NAME` waits while a file is there. */
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const heldFile = (name: string): string => join(tmpdir(), `kube-whatif-test-${name}`);

let count = 0;

/** A command for the fake worker, and what lets it be answered. */
export function hold(): { readonly text: string; release(): void } {
  const name = `${process.pid}x${++count}`;
  writeFileSync(heldFile(name), '');
  const release = () => rmSync(heldFile(name), { force: true });
  process.once('exit', release);
  return { text: `hold-${name}`, release };
}

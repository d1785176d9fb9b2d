/** Snapshots to look at without a cluster of one's own: those of examples/. */
import article from '../../examples/article-nodeport.json?url';
import shop from '../../examples/shop.json?url';
import zones from '../../examples/three-zones.json?url';
import type { SnapshotFile } from './engine.js';
import { Unreachable } from './engine.js';

export interface Example {
  readonly name: string;
  readonly says: string;
  readonly address: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    name: 'article-nodeport.json',
    says: '3 nodes, one Service with a node port before 3 nginx pods',
    address: article,
  },
  { name: 'three-zones.json', says: '3 zones, a workload to scale and a zone to lose', address: zones },
  { name: 'shop.json', says: '4 Services, network policies, and 6 things that are wrong', address: shop },
];

/** The file of an example. Throws {@link Unreachable}. */
export async function exampleFile({ name, address }: Example): Promise<SnapshotFile> {
  try {
    const response = await fetch(address);
    if (!response.ok) throw new Unreachable();
    return { name, file: await response.blob() };
  } catch {
    throw new Unreachable();
  }
}

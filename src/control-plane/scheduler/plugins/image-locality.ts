import { MAX_SCORE, type PluginFactory } from '../plugin.js';

const MB = 1024 * 1024;
const LOWEST = 23 * MB;
const HIGHEST_PER_CONTAINER = 1000 * MB;

/** The image's name with the tag that a reference without one stands for. */
function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image;
}

/**
 * Prefers nodes that have the pod's images, large ones more, and more the more nodes have them (so that a single node
 * does not draw all pods).
 */
export const imageLocality: PluginFactory = (pod, { nodes }) => {
  const images = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].map((container) =>
    withTag(container.image ?? ''),
  );
  const known = new Map<string, { readonly size: number; readonly on: Set<number> }>();
  for (const { node, index } of nodes) {
    for (const image of node.status?.images ?? []) {
      for (const name of image.names ?? []) {
        if (!images.includes(name)) continue;
        const entry = known.get(name);
        if (entry === undefined) known.set(name, { size: image.sizeBytes ?? 0, on: new Set([index]) });
        else entry.on.add(index);
      }
    }
  }
  const highest = HIGHEST_PER_CONTAINER * images.length;
  const scores = nodes.map(({ index }) => {
    let sum = 0;
    for (const image of images) {
      const entry = known.get(image);
      if (entry?.on.has(index)) sum += Math.trunc(entry.size * (entry.on.size / nodes.length));
    }
    const bounded = Math.min(Math.max(sum, LOWEST), Math.max(highest, LOWEST));
    return highest <= LOWEST ? 0 : Math.floor((MAX_SCORE * (bounded - LOWEST)) / (highest - LOWEST));
  });
  return {
    name: 'ImageLocality',
    weight: 1,
    score: (feasible) => feasible.map(({ index }) => scores[index] as number),
  };
};

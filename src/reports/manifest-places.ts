import type { Lines } from '../cluster/yaml/compose.js';
import { type YamlDocument, yamlDocuments } from '../cluster/yaml/documents.js';
import type { AppliedChange } from '../contract/answers.js';

export interface ManifestPlace {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly kind: string;
  /** `namespace/name` */
  readonly name: string;
}

/** Texts beyond this are not read again for lines: the first one is told. */
const MAX_TEXT = 4 * 1024 * 1024;

interface Applied {
  readonly apply?: {
    readonly namespace?: string;
    readonly manifests?: readonly unknown[];
  };
}

interface Named {
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown } | null;
  readonly items?: unknown;
}

/** The documents of a text with the lines of their keys; none where it cannot be read, which its change has said. */
function documentsWithLines(text: string): { readonly documents: readonly YamlDocument[]; readonly lines: Lines } {
  const lines: Lines = new WeakMap();
  try {
    return { documents: yamlDocuments(text, lines), lines };
  } catch {
    return { documents: [], lines };
  }
}

function placesIn(file: string, text: string, namespace: string): readonly ManifestPlace[] {
  if (text.length > MAX_TEXT) return [];
  const places: ManifestPlace[] = [];
  const { documents, lines } = documentsWithLines(text);
  for (const { value } of documents) {
    const { items } = Object(value) as Named;
    for (const one of Array.isArray(items) ? (items as readonly unknown[]) : [value]) {
      const { kind, metadata } = Object(one) as Named;
      if (typeof kind !== 'string' || typeof metadata?.name !== 'string') continue;
      const own = typeof metadata.namespace === 'string' ? metadata.namespace : namespace;
      places.push({ file, line: lines.get(metadata)?.get('name') ?? 1, kind, name: `${own}/${metadata.name}` });
    }
  }
  return places;
}

/** The objects of the files that the changes apply, in their order. Manifests that came without a file have no place. */
export function manifestPlaces(changes: readonly AppliedChange[]): readonly ManifestPlace[] {
  return changes.flatMap(({ change }) => {
    const { apply } = Object(change) as Applied;
    return (apply?.manifests ?? []).flatMap((manifest) => {
      const { file, text } = Object(manifest) as { readonly file?: unknown; readonly text?: unknown };
      if (typeof file !== 'string' || typeof text !== 'string') return [];
      return placesIn(file, text, apply?.namespace ?? 'default');
    });
  });
}

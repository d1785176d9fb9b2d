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

/** Texts beyond this are not read again for lines: the first one is named. */
const MAX_TEXT = 4 * 1024 * 1024;

interface Applied {
  readonly apply?: {
    readonly namespace?: string;
    readonly manifests?: readonly unknown[];
  };
}

interface Named {
  readonly kind?: unknown;
  readonly metadata?: { readonly name?: unknown; readonly namespace?: unknown; readonly annotations?: unknown } | null;
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

/** The comment by which `helm template` says which file of the chart a document comes from. */
const HELM_SOURCE = /^# Source: (\S.*?)\s*$/;

/** For each line of a text, the file of a chart that its document comes from, if it says so. */
function helmSources(text: string): readonly (string | undefined)[] {
  if (!text.includes('# Source: ')) return [];
  let source: string | undefined;
  return text.split('\n').map((line) => {
    if (/^---(?:\s|$)/.test(line)) source = undefined;
    source = HELM_SOURCE.exec(line)?.[1] ?? source;
    return source;
  });
}

/** The annotation by which kustomize (`buildMetadata: [originAnnotations]`) says which file an object comes from. */
const KUSTOMIZE_ORIGIN = 'config.kubernetes.io/origin';

/** The file of an object that kustomize built, unless it comes from another repository. */
function kustomizeOrigin(annotations: unknown): string | undefined {
  const origin = Object(annotations)[KUSTOMIZE_ORIGIN] as unknown;
  if (typeof origin !== 'string' || /^repo:/m.test(origin)) return undefined;
  return /^path: *(\S.*?)\s*$/m.exec(origin)?.[1];
}

function placesIn(file: string, text: string, namespace: string): readonly ManifestPlace[] {
  if (text.length > MAX_TEXT) return [];
  const places: ManifestPlace[] = [];
  const { documents, lines } = documentsWithLines(text);
  const sources = helmSources(text);
  for (const { value } of documents) {
    const { items } = Object(value) as Named;
    for (const one of Array.isArray(items) ? (items as readonly unknown[]) : [value]) {
      const { kind, metadata } = Object(one) as Named;
      if (typeof kind !== 'string' || typeof metadata?.name !== 'string') continue;
      const own = typeof metadata.namespace === 'string' ? metadata.namespace : namespace;
      const line = lines.get(metadata)?.get('name') ?? 1;
      const source = sources[line - 1] ?? kustomizeOrigin(metadata.annotations);
      // A line of what was made of a source says nothing of the source's own lines.
      const place = source === undefined ? { file, line } : { file: source, line: 1 };
      places.push({ ...place, kind, name: `${own}/${metadata.name}` });
    }
  }
  return places;
}

/**
 * The objects of the files that the changes apply, in their order; where Helm or kustomize made the text, the files
 * that it was made of. Manifests that came without a file have no place.
 */
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

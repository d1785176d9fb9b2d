/** Where in the manifests of a change an object stands: file and line. */
import { LineCounter, parseAllDocuments } from 'yaml';
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

function placesIn(file: string, text: string, namespace: string): readonly ManifestPlace[] {
  if (text.length > MAX_TEXT) return [];
  const counter = new LineCounter();
  const places: ManifestPlace[] = [];
  for (const document of parseAllDocuments(text, { lineCounter: counter, logLevel: 'silent' })) {
    if (!('toJS' in document) || document.errors.length > 0) continue;
    const value = document.toJS({ maxAliasCount: 1000 }) as Named | null;
    const listed = Array.isArray(value?.items) ? (value.items as readonly unknown[]) : undefined;
    for (const [index, one] of (listed ?? [value]).entries()) {
      const { kind, metadata } = Object(one) as Named;
      if (typeof kind !== 'string' || typeof metadata?.name !== 'string') continue;
      const path = [...(listed === undefined ? [] : ['items', index]), 'metadata', 'name'];
      const node = document.getIn(path, true) as { readonly range?: readonly number[] } | undefined;
      const own = typeof metadata.namespace === 'string' ? metadata.namespace : namespace;
      places.push({ file, line: counter.linePos(node?.range?.[0] ?? 0).line, kind, name: `${own}/${metadata.name}` });
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

/**
 * Puts the pieces of a streamed answer together as docs/grpc.md tells clients to, by another implementation of
 * protobuf.
 */
import { create, type DescMessage, mergeFromBinary, toJson } from '@bufbuild/protobuf';

interface Part {
  text?: string;
  tables?: { name: string; chains: unknown[] }[];
  virtualServers?: unknown[];
}

interface Pieces {
  moreText?: string | undefined;
  moreTables?: { name: string; chains: unknown[] }[];
  moreVirtualServers?: unknown[];
  result?: {
    parts?: Part[];
    result?: { value?: { before?: { parts: Part[] }; after?: { parts: Part[] }; difference?: { unified: Part[] } } };
  };
}

/** What the pieces so far end with: a part of chains, of a side of a what-if, or a unified difference. */
function lastPart({ result }: Pieces): Part | undefined {
  const { before, after, difference } = result?.result?.value ?? {};
  const parts =
    result?.parts ?? [difference?.unified, after?.parts, before?.parts].find((list) => (list ?? []).length > 0);
  return parts?.at(-1);
}

/** The answer of all pieces, as protobuf's JSON. */
export function wholeOf(message: DescMessage, pieces: readonly Uint8Array[]): unknown {
  const whole = create(message);
  const fields = whole as unknown as Pieces;
  for (const piece of pieces) {
    const last = lastPart(fields);
    mergeFromBinary(message, whole, piece);
    if (fields.moreText !== undefined) {
      if (last !== undefined) last.text = `${last.text ?? ''}${fields.moreText}`;
      fields.moreText = undefined;
    }
    for (const table of fields.moreTables ?? []) {
      const before = last?.tables?.at(-1);
      if (before?.name === table.name) before.chains.push(...table.chains);
      else last?.tables?.push(table);
    }
    fields.moreTables = [];
    last?.virtualServers?.push(...(fields.moreVirtualServers ?? []));
    fields.moreVirtualServers = [];
  }
  return toJson(message, whole);
}

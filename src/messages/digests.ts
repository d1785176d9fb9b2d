/** The snapshots that an encoded request names by digest or by name, found without decoding the rest of it. */
import type { DescMessage } from '@bufbuild/protobuf';
import { PACKAGE } from './registry.js';
import { occurrences } from './wire.js';

const SNAPSHOT = `${PACKAGE}.Snapshot`;
const utf8 = new TextDecoder();

/** Fields in which a snapshot can be named, by message. */
const leading = new Map<DescMessage, ReadonlyMap<number, DescMessage>>();

function fieldsTo(message: DescMessage): ReadonlyMap<number, DescMessage> {
  const known = leading.get(message);
  if (known !== undefined) return known;
  const fields = new Map<number, DescMessage>();
  // Set before it is complete: a message that holds itself must not be looked into for ever.
  leading.set(message, fields);
  for (const { number, message: of } of message.fields) {
    if (of !== undefined && (of.typeName === SNAPSHOT || fieldsTo(of).size > 0)) fields.set(number, of);
  }
  return fields;
}

/** In the order in which they are there, each once. Throws Error where the bytes are no message. */
export function namedIn(
  message: DescMessage,
  bytes: Uint8Array,
): { readonly digests: readonly string[]; readonly names: readonly string[] } {
  const digests = new Set<string>();
  const names = new Set<string>();
  const look = (of: DescMessage, inside: Uint8Array) => {
    const fields = fieldsTo(of);
    const numberOf = (field: string) =>
      of.typeName === SNAPSHOT ? of.fields.find(({ name }) => name === field)?.number : undefined;
    const [digest, named] = [numberOf('digest'), numberOf('name')];
    for (const { number, content } of occurrences(inside)) {
      if (content === undefined) continue;
      if (number === digest) digests.add(utf8.decode(content));
      if (number === named) names.add(utf8.decode(content));
      const next = fields.get(number);
      if (next !== undefined) look(next, content);
    }
  };
  look(message, bytes);
  return { digests: [...digests], names: [...names] };
}

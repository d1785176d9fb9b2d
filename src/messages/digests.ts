/** The snapshots that an encoded request names by digest, found without decoding the rest of it. */
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

/** In the order in which they stand there, each once. Throws Error where the bytes are no message. */
export function digestsIn(message: DescMessage, bytes: Uint8Array): string[] {
  const found = new Set<string>();
  const look = (of: DescMessage, inside: Uint8Array) => {
    const fields = fieldsTo(of);
    const digest = of.typeName === SNAPSHOT ? of.fields.find(({ name }) => name === 'digest')?.number : undefined;
    for (const { number, content } of occurrences(inside)) {
      if (content === undefined) continue;
      if (number === digest) found.add(utf8.decode(content));
      const next = fields.get(number);
      if (next !== undefined) look(next, content);
    }
  };
  look(message, bytes);
  return [...found];
}

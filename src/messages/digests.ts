/** The snapshots that an encoded request names by digest or by name, found without decoding the rest of it. */
import type { DescMessage } from '@bufbuild/protobuf';
import { PACKAGE } from './registry.js';
import { occurrences } from './wire.js';

const SNAPSHOT = `${PACKAGE}.Snapshot`;
const utf8 = new TextDecoder();

/** Where snapshots are named in a message. */
interface Leading {
  /** Fields that hold messages in which there may be one. */
  readonly fields: Map<number, DescMessage>;
  /** The fields of a snapshot; absent in other messages. */
  readonly digest: number | undefined;
  readonly name: number | undefined;
}

const leading = new Map<DescMessage, Leading>();

function leadingOf(message: DescMessage): Leading {
  const known = leading.get(message);
  if (known !== undefined) return known;
  const numberOf = (field: string) =>
    message.typeName === SNAPSHOT ? message.fields.find(({ name }) => name === field)?.number : undefined;
  const made = { fields: new Map<number, DescMessage>(), digest: numberOf('digest'), name: numberOf('name') };
  // Set before it is complete: a message that holds itself must not be looked into for ever.
  leading.set(message, made);
  for (const { number, message: of } of message.fields) {
    if (of !== undefined && (of.typeName === SNAPSHOT || leadingOf(of).fields.size > 0)) made.fields.set(number, of);
  }
  return made;
}

/** In the order in which they are there, each once. Throws Error where the bytes are no message. */
export function namedIn(
  message: DescMessage,
  bytes: Uint8Array,
): { readonly digests: readonly string[]; readonly names: readonly string[] } {
  const digests = new Set<string>();
  const names = new Set<string>();
  const look = (of: DescMessage, inside: Uint8Array) => {
    const { fields, digest, name } = leadingOf(of);
    for (const { number, content } of occurrences(inside)) {
      if (content === undefined) continue;
      if (number === digest) digests.add(utf8.decode(content));
      if (number === name) names.add(utf8.decode(content));
      const next = fields.get(number);
      if (next !== undefined) look(next, content);
    }
  };
  look(message, bytes);
  return { digests: [...digests], names: [...names] };
}

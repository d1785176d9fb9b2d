/**
 * Encoded messages as sequences of fields (https://protobuf.dev/programming-guides/encoding/), without decoding what is
 * in them.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** One field as it is in an encoded message. */
export interface Occurrence {
  readonly number: number;
  /** With its tag. */
  readonly whole: Uint8Array;
  /** What is in it, where it has a length: a string, bytes, a message. */
  readonly content?: Uint8Array;
}

/** The fields of an encoded message in order. Throws Error where the bytes are none. */
export function* occurrences(message: Uint8Array): Generator<Occurrence> {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    if (type === WireType.LengthDelimited) {
      const content = reader.bytes();
      yield { number, content, whole: message.subarray(start, reader.pos) };
    } else {
      reader.skip(type, number);
      yield { number, whole: message.subarray(start, reader.pos) };
    }
  }
}

/** A field with this content. */
export function withLength(number: number, content: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
}

export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0] as Uint8Array;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

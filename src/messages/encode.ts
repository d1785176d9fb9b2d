/**
 * Writes messages by their descriptors: what a field is written as is looked up once for each type of message, and an
 * object is gone through once. ts-proto's own `encode` needs an object in which every field is set, a copy of all of
 * it.
 */
import { type DescEnum, type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BytesWriter } from './bytes-writer.js';

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;

type Write = (value: unknown, to: BytesWriter) => void;

/** How a value is written behind its tag. */
interface Kind {
  readonly wire: number;
  readonly write: Write;
  /** What is not written where a field has no presence of its own. */
  readonly none: unknown;
}

type Encoder = (message: Readonly<Record<string, unknown>>, to: BytesWriter) => void;

const encoders = new Map<string, Encoder>();

const string: Kind = { wire: DELIMITED, write: (value, to) => to.string(value as string), none: '' };
const signed: Kind = { wire: VARINT, write: (value, to) => to.signed(value as number), none: 0 };

function scalarOf(type: ScalarType): Kind {
  switch (type) {
    case ScalarType.STRING:
      return string;
    case ScalarType.BYTES:
      return { wire: DELIMITED, write: (value, to) => to.bytes(value as Uint8Array), none: undefined };
    case ScalarType.BOOL:
      return { wire: VARINT, write: (value, to) => to.varint(value === true ? 1 : 0), none: false };
    case ScalarType.DOUBLE:
      return { wire: FIXED64, write: (value, to) => to.double(value as number), none: 0 };
    case ScalarType.INT32:
    case ScalarType.INT64:
    case ScalarType.UINT32:
    case ScalarType.UINT64:
      return signed;
    default:
      throw new Error(`proto/ has a field of type ${ScalarType[type]}, which nothing here writes`);
  }
}

/** Values have the names of proto/ without what all of an enum share, as in the JSON. */
function enumOf({ values, sharedPrefix = '' }: DescEnum): Kind {
  const numbers = new Map(values.map(({ name, number }) => [name.slice(sharedPrefix.length), number]));
  return {
    wire: VARINT,
    // What is no value of the enum is UNRECOGNIZED, as ts-proto has it.
    write: (value, to) => to.signed(numbers.get(value as string) ?? -1),
    none: 'UNSPECIFIED',
  };
}

function messageOf(desc: DescMessage): Kind {
  let encode: Encoder | undefined;
  return {
    wire: DELIMITED,
    write: (value, to) => {
      encode ??= encoderOf(desc);
      const start = to.begin();
      encode(value as Readonly<Record<string, unknown>>, to);
      to.end(start);
    },
    none: undefined,
  };
}

function kindOf(field: {
  readonly scalar?: ScalarType | undefined;
  readonly enum?: DescEnum | undefined;
  readonly message?: DescMessage | undefined;
}): Kind {
  if (field.message !== undefined) return messageOf(field.message);
  if (field.enum !== undefined) return enumOf(field.enum);
  return scalarOf(field.scalar as ScalarType);
}

const tagOf = (number: number, { wire }: Kind) => ((number << 3) | wire) >>> 0;

function listOf(field: DescField & { readonly fieldKind: 'list' }): Write {
  const kind = kindOf(field);
  const packed = kind.wire !== DELIMITED;
  const tag = packed ? ((field.number << 3) | DELIMITED) >>> 0 : tagOf(field.number, kind);
  return (value, to) => {
    const items = value as readonly unknown[];
    if (items.length === 0) return;
    if (!packed) {
      for (const item of items) {
        to.varint(tag);
        kind.write(item, to);
      }
      return;
    }
    to.varint(tag);
    const start = to.begin();
    for (const item of items) kind.write(item, to);
    to.end(start);
  };
}

function mapOf(field: DescField & { readonly fieldKind: 'map' }): Write {
  const kind = kindOf(field);
  const tag = tagOf(field.number, string);
  const [keyTag, valueTag] = [tagOf(1, string), tagOf(2, kind)];
  return (value, to) => {
    for (const [key, item] of Object.entries(value as object)) {
      if (item === undefined) continue;
      to.varint(tag);
      const start = to.begin();
      if (key !== '') {
        to.varint(keyTag);
        to.string(key);
      }
      if (kind.none === undefined || item !== kind.none) {
        to.varint(valueTag);
        kind.write(item, to);
      }
      to.end(start);
    }
  };
}

function fieldOf(field: DescField): Write {
  if (field.fieldKind === 'list') return listOf(field);
  if (field.fieldKind === 'map') return mapOf(field);
  const kind = kindOf(field);
  const tag = tagOf(field.number, kind);
  // Proto3: without `optional` a scalar that has its zero value is not written.
  const hasPresence = field.fieldKind === 'message' || field.proto.proto3Optional || field.oneof !== undefined;
  const none = hasPresence ? undefined : kind.none;
  return (value, to) => {
    if (value === none) return;
    if (value instanceof Uint8Array && value.length === 0 && !hasPresence) return;
    to.varint(tag);
    kind.write(value, to);
  };
}

function encoderOf(desc: DescMessage): Encoder {
  const known = encoders.get(desc.typeName);
  if (known !== undefined) return known;
  const names = desc.fields.map(({ jsonName }) => jsonName);
  const writes = desc.fields.map(fieldOf);
  const encoder: Encoder = (message, to) => {
    for (let i = 0; i < names.length; i++) {
      const value = message[names[i] as string];
      if (value !== undefined && value !== null) (writes[i] as Write)(value, to);
    }
  };
  encoders.set(desc.typeName, encoder);
  return encoder;
}

const writer = new BytesWriter();

/** The bytes of a message of this type; fields that are not there have their zero values. */
export function encode(desc: DescMessage, message: object): Uint8Array {
  writer.reset();
  encoderOf(desc)(message as Readonly<Record<string, unknown>>, writer);
  return writer.finish();
}

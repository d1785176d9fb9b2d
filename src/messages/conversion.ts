/**
 * How a message becomes the JSON of the contract, and JSON a message. Generated types already have the keys and enum
 * values of the JSON, so most fields stay as they are; the rules for the others are those that
 * proto/kube_whatif/v1/kube_whatif.proto lists. Which rule a field follows is read from its descriptor and its schema,
 * not written down anywhere else.
 */
import { isUtf8 } from 'node:buffer';
import type { DescField, DescMessage } from '@bufbuild/protobuf';
import { pointerToken, QuestionError } from '../base/errors.js';
import { readJson } from '../questions/read-json.js';
import type { DeepPartial, Value } from './gen/kube_whatif/v1/value.js';
import { PACKAGE } from './registry.js';
import { allows, resolved, type Schema, shorthandOf } from './schema.js';
import { fromValue, toValue } from './struct-value.js';

type Fields = Readonly<Record<string, unknown>>;

/** Between the messages of one type and their JSON; M is what ts-proto's `fromPartial` takes for such a message. */
export interface Conversion<M = unknown> {
  /** Whether a message is its JSON. */
  readonly same: boolean;
  /**
   * The JSON of a decoded message; `undefined`: the field is not there. `at` is its JSON Pointer. Throws QuestionError.
   */
  toJson(value: unknown, at: string): unknown;
  /** The message of this JSON; `beside` is the object that it is a field of. */
  toMessage(json: unknown, beside?: Fields): M;
}

const SAME: Conversion = { same: true, toJson: (value) => value, toMessage: (json) => json };

/**
 * UNSPECIFIED is a value that is not there. A number that is no value of the enum is UNRECOGNIZED, which no schema
 * allows.
 */
const ENUM: Conversion = { ...SAME, toJson: (value) => (value === 'UNSPECIFIED' ? undefined : value) };

/** Bytes that hold a JSON text. */
const JSON_BYTES: Conversion = {
  same: false,
  toJson: (value, at) => readJson(Buffer.from(value as Uint8Array), `What is at ${at}`, at),
  toMessage: (json) => Buffer.from(JSON.stringify(json)),
};

/** Bytes that hold a JSON object, or a text of another kind. */
const OBJECT_OR_TEXT: Conversion = {
  same: false,
  toJson(value, at) {
    const bytes = Buffer.from(value as Uint8Array);
    if (!isUtf8(bytes)) return readJson(bytes, `What is at ${at}`, at);
    const text = bytes.toString('utf8');
    try {
      const json: unknown = JSON.parse(text);
      return typeof json === 'object' && json !== null && !Array.isArray(json) ? json : text;
    } catch {
      return text;
    }
  },
  toMessage: (json) => Buffer.from(typeof json === 'string' ? json : JSON.stringify(json)),
};

/** Any JSON. */
const ANY: Conversion = {
  same: false,
  toJson: (value) => fromValue(value as Value),
  toMessage: (json) => toValue(json),
};

/** An integer or a string: digits are an integer, as far as a double holds it exactly. */
const INTEGER_OR_STRING: Conversion = {
  same: false,
  toJson: (value) => (/^[0-9]+$/.test(String(value)) && Number.isSafeInteger(Number(value)) ? Number(value) : value),
  toMessage: (json) => String(json),
};

/** A string or null, which is the empty string. */
const STRING_OR_NULL: Conversion = {
  same: false,
  toJson: (value) => (value === '' ? null : value),
  toMessage: (json) => json ?? '',
};

function listOf(item: Conversion): Conversion {
  return {
    same: item.same,
    toJson: (value, at) => (value as readonly unknown[]).map((each, index) => item.toJson(each, `${at}/${index}`)),
    toMessage: item.same ? SAME.toMessage : (json) => (json as readonly unknown[]).map((each) => item.toMessage(each)),
  };
}

function mapOf(item: Conversion): Conversion {
  const entries = (value: unknown, convert: (each: unknown, key: string) => unknown) =>
    Object.fromEntries(Object.entries(value as Fields).map(([key, each]) => [key, convert(each, key)]));
  return {
    same: item.same,
    toJson: (value, at) => entries(value, (each, key) => item.toJson(each, `${at}/${pointerToken(key)}`)),
    toMessage: item.same ? SAME.toMessage : (json) => entries(json, (each) => item.toMessage(each)),
  };
}

/** A message whose only field is `items` stands for the list or map. */
function wrapped(inner: Conversion): Conversion {
  return {
    same: false,
    toJson: (value, at) => inner.toJson((value as { items: unknown }).items, at),
    toMessage: (json) => ({ items: inner.toMessage(json) }),
  };
}

function refuseUnknown(message: DescMessage, value: Fields, at: string): void {
  const numbers = Object.keys((value._unknownFields as Fields | undefined) ?? {}).map((tag) => Number(tag) >>> 3);
  if (numbers.length === 0) return;
  const detail =
    `${message.name} has no field number ${[...new Set(numbers)].join(', ')} in this version of the service, ` +
    'or it is of another type: the client was made from another contract.';
  throw new QuestionError('INVALID_REQUEST', detail, [{ pointer: at, in: 'request', detail }]);
}

/** Whether a list or map of this many is left out of the JSON. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value) ? value.length === 0 : Object.keys(value as Fields).length === 0;
}

interface FieldPlan {
  readonly key: string;
  readonly conversion: Conversion;
  /** An empty list or map is the same as none, and is left out. */
  readonly mayBeNone: boolean;
}

function fieldsOf(message: DescMessage, schema: Schema): FieldPlan[] {
  const plans: FieldPlan[] = [];
  for (const field of message.fields) {
    const property = schema.properties?.[field.jsonName];
    // What only streams need (`more_text`) has no place in the JSON.
    if (property === undefined) continue;
    const repeated = field.fieldKind === 'list' || field.fieldKind === 'map';
    const mayBeNone = repeated && !(schema.required ?? []).includes(field.jsonName) && !isWrapper(message);
    plans.push({ key: field.jsonName, conversion: ofField(field, resolved(property)), mayBeNone });
  }
  return plans;
}

function ofFields(message: DescMessage, schema: Schema): Conversion {
  const plans = fieldsOf(message, schema);
  return {
    same: plans.every(({ conversion }) => conversion.same),
    toJson(value, at) {
      refuseUnknown(message, value as Fields, at);
      const json: Record<string, unknown> = {};
      for (const { key, conversion, mayBeNone } of plans) {
        const own = (value as Fields)[key];
        if (own === undefined || (mayBeNone && isEmpty(own))) continue;
        const converted = conversion.toJson(own, `${at}/${key}`);
        if (converted !== undefined) json[key] = converted;
      }
      return json;
    },
    toMessage(json) {
      const value: Record<string, unknown> = { ...(json as Fields) };
      for (const { key, conversion } of plans) {
        if (!conversion.same && value[key] !== undefined) value[key] = conversion.toMessage(value[key], json as Fields);
      }
      return value;
    },
  };
}

/** Where the kind of one of several alternatives is: in it, or beside it. */
const KIND = 'question';

/** Alternatives: a message with a oneof, whose fields have the names of the kinds. */
function alternatives(message: DescMessage, schemas: readonly Schema[]): Conversion {
  const cases = new Map<string, Conversion>();
  for (const schema of schemas.map(resolved)) {
    const kind = schema.properties?.[KIND]?.const;
    const field = message.fields.find(({ jsonName, message: of }) =>
      kind === undefined ? of !== undefined && schemaName(of) === schema.name : jsonName === kind,
    );
    if (field?.message === undefined) throw new Error(`${message.name} has nothing for ${schema.name}`);
    cases.set(field.jsonName, conversionOf(field.message, schema));
  }
  return {
    same: false,
    toJson(value, at) {
      for (const [name, conversion] of cases) {
        const own = (value as Fields)[name];
        if (own !== undefined) return conversion.toJson(own, at);
      }
      return undefined;
    },
    toMessage(json, beside) {
      const name = String((json as Fields)[KIND] ?? beside?.[KIND]);
      const conversion = cases.get(name);
      return conversion === undefined ? {} : { [name]: conversion.toMessage(json) };
    },
  };
}

/** The name of the schema that a message mirrors. */
function schemaName({ name }: DescMessage): string {
  return name.replace(/Response$/, 'Answer');
}

function isWrapper(message: DescMessage): boolean {
  return message.fields.length === 1 && message.fields[0]?.name === 'items';
}

function ofSingular(field: DescField, schema: Schema): Conversion {
  if (field.message !== undefined) return conversionOf(field.message, schema);
  if (field.enum !== undefined) return ENUM;
  if (allows(schema, 'object')) return allows(schema, 'string') ? OBJECT_OR_TEXT : JSON_BYTES;
  if (allows(schema, 'integer') && allows(schema, 'string')) return INTEGER_OR_STRING;
  return allows(schema, 'null') ? STRING_OR_NULL : SAME;
}

function ofField(field: DescField, schema: Schema): Conversion {
  switch (field.fieldKind) {
    case 'list':
      return listOf(ofSingular(field, resolved(schema.items ?? {})));
    case 'map':
      return mapOf(ofSingular(field, resolved(schema.additionalProperties as Schema)));
    default:
      return ofSingular(field, schema);
  }
}

/** An object that in JSON may be the string of its one required field alone. */
function shortened(whole: Conversion, key: string): Conversion {
  return {
    same: false,
    toJson: whole.toJson,
    toMessage: (json) => whole.toMessage(typeof json === 'string' ? { [key]: json } : json),
  };
}

/** The conversion of a message that mirrors a schema. `T` is what ts-proto generates for that message. */
export function ofMessage<T>(message: DescMessage, schema: Schema): Conversion<DeepPartial<T>> {
  // The parity test holds: a message has the fields of its schema, and a conversion follows both.
  return conversionOf(message, schema) as Conversion<DeepPartial<T>>;
}

function conversionOf(message: DescMessage, schema: Schema): Conversion {
  if (message.typeName === `${PACKAGE}.Value`) return ANY;
  if (isWrapper(message)) return wrapped(ofField(message.fields[0] as DescField, schema));
  const long = shorthandOf(schema);
  if (long !== undefined) return shortened(conversionOf(message, long), long.required?.[0] ?? '');
  const several = schema.oneOf ?? schema.anyOf;
  return several !== undefined && schema.properties === undefined
    ? alternatives(message, several)
    : ofFields(message, schema);
}

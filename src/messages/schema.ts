/** The schemas of openapi/kube-whatif.yaml as conversions and tests look at them: references followed. */
import { DOCUMENT } from '../contract/gen/document.js';

export interface Schema {
  /** The name under `components/schemas`, where it has one. */
  readonly name?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly required?: readonly string[];
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly description?: string;
  readonly $ref?: string;
}

const PREFIX = '#/components/schemas/';

/** The named schema. Throws Error for a name that is not there. */
export function namedSchema(name: string): Schema {
  const { components } = DOCUMENT as { components: { schemas: Readonly<Record<string, Schema>> } };
  const schema = components.schemas[name];
  if (schema === undefined) throw new Error(`openapi/ has no schema ${name}`);
  return resolved({ $ref: PREFIX + name });
}

/** The schema that a reference leads to, with what is beside the reference. */
export function resolved(schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.slice(PREFIX.length);
  const { components } = DOCUMENT as { components: { schemas: Readonly<Record<string, Schema>> } };
  const { $ref: _, ...beside } = schema;
  return { ...resolved(components.schemas[name] ?? {}), name, ...beside };
}

/** The object of a schema whose values are such an object or, for short, the string that is its one required field. */
export function shorthandOf({ oneOf }: Schema): Schema | undefined {
  const [first, second, ...more] = (oneOf ?? []).map(resolved);
  if (first === undefined || second === undefined || more.length > 0) return undefined;
  const isText = allows(first, 'string') || first.enum?.every((value) => typeof value === 'string') === true;
  return isText && second.properties !== undefined && second.required?.length === 1 ? second : undefined;
}

/** Whether values of the schema may be of this JSON type. */
export function allows(schema: Schema, type: string): boolean {
  return schema.type === type || (Array.isArray(schema.type) && schema.type.includes(type));
}

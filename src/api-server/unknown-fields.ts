/** Fields that the API's schema does not have. kubectl asks the API server to refuse them (`fieldValidation=Strict`). */
import { innerType, typeSchema } from './schema.js';

/** JSON Pointers of the fields of a value that its type does not have. */
export function unknownFields(value: unknown, type: string, place = ''): readonly string[] {
  if (Array.isArray(value)) {
    const inner = type.startsWith('[]') ? innerType(type) : 'any';
    return value.flatMap((one, index) => unknownFields(one, inner, `${place}/${index}`));
  }
  if (typeof value !== 'object' || value === null) return [];
  const schema = typeSchema(type);
  if (schema === undefined) return [];
  return Object.entries(value).flatMap(([key, one]) => {
    const at = `${place}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    const field = schema.get(key);
    return field === undefined ? [at] : unknownFields(one, field.type, at);
  });
}

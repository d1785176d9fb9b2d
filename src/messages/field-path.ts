import type { DescField, DescMessage } from '@bufbuild/protobuf';

export interface FieldPath {
  /** As google.rpc.BadRequest wants it: `changes[0].scale.replicas`, in the names of proto/. */
  readonly path: string;
  /** What of the pointer lies inside a field that protobuf has no names for: the bytes of a manifest, a snapshot. */
  readonly rest: string;
}

const decoded = (token: string) => token.replaceAll('~1', '/').replaceAll('~0', '~');

/** The only field of a message that stands for a list or map. */
function unwrapped(field: DescField): { readonly field: DescField; readonly name: string } {
  const only = field.fieldKind === 'message' && field.message.fields.length === 1 ? field.message.fields[0] : undefined;
  return only?.name === 'items' ? { field: only, name: `${field.name}.items` } : { field, name: field.name };
}

/**
 * Where a JSON Pointer into the REST request points in the message. A name that the message does not have ends the
 * path.
 */
export function fieldPath(message: DescMessage, pointer: string): FieldPath {
  const tokens = pointer.split('/').slice(1).map(decoded);
  let path = '';
  let at: DescMessage | undefined = message;
  while (tokens.length > 0 && at !== undefined) {
    const found: DescField | undefined = at.fields.find(({ jsonName }) => jsonName === tokens[0]);
    if (found === undefined) break;
    tokens.shift();
    const { field, name } = unwrapped(found);
    path += path === '' ? name : `.${name}`;
    if (field.fieldKind === 'list' || field.fieldKind === 'map') {
      const key = tokens.shift();
      if (key !== undefined) path += field.fieldKind === 'list' ? `[${key}]` : `[${JSON.stringify(key)}]`;
    }
    at = field.message?.name === 'Value' ? undefined : field.message;
  }
  return { path, rest: tokens.map((token) => `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('') };
}

/** The descriptors of proto/: what the messages are, as reflection gives it out and as conversions follow it. */
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { HEALTH, KUBE_WHATIF } from './gen/descriptors.js';

/** The package that all messages are in. */
export const PACKAGE = 'kube_whatif.v1';

let loaded: FileRegistry | undefined;

/** A FileDescriptorSet with the comments of proto/. */
export function descriptorSet(): Uint8Array {
  return Buffer.from(KUBE_WHATIF, 'base64');
}

/** That of the standard health service. */
export function healthDescriptorSet(): Uint8Array {
  return Buffer.from(HEALTH, 'base64');
}

/** All descriptors; read on first use. */
export function registry(): FileRegistry {
  loaded ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet()));
  return loaded;
}

/** The message of this name in {@link PACKAGE}. Throws Error for one that is not there. */
export function descriptor(name: string): DescMessage {
  const found = registry().getMessage(`${PACKAGE}.${name}`);
  if (found === undefined) throw new Error(`proto/ has no message ${name}`);
  return found;
}

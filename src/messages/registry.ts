/** The descriptors of proto/: what the messages are, as reflection gives it out and as conversions follow it. */
import { readFileSync } from 'node:fs';
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { packageFile } from '../base/package-file.js';

/** The package that all messages are in. */
export const PACKAGE = 'kube_whatif.v1';

let loaded: FileRegistry | undefined;

/** A FileDescriptorSet with the comments of proto/, as `npm run generate` built it. */
export function descriptorSet(): Uint8Array {
  return readFileSync(packageFile('proto/kube_whatif.binpb'));
}

/** That of the standard health service. */
export function healthDescriptorSet(): Uint8Array {
  return readFileSync(packageFile('proto/health.binpb'));
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

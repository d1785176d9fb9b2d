/** Server reflection: what a stranger's tool needs to speak to the service without its files. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { descriptorSet, healthDescriptorSet } from '../messages/registry.js';

/** Adds grpc.reflection.v1 and v1alpha, which tell of the questions and of the health service. */
export function addReflection(server: Server): void {
  const files = [descriptorSet(), healthDescriptorSet()].flatMap(
    (set) => fromBinary(FileDescriptorSetSchema, set).file,
  );
  // The package looks for descriptors beside the definitions of services, wherever those come from.
  const described = {
    fileDescriptorProtos: files.map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file))),
  };
  new ReflectionService({ described } as unknown as ConstructorParameters<typeof ReflectionService>[0]).addToServer(
    server,
  );
}

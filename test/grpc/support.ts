/** Both doors of one process on free ports, and a client that was made from reflection. */
import { GrpcServer } from '../../src/grpc/server.js';
import { SERVICE } from '../../src/grpc/service-name.js';
import type { BackendOptions } from '../../src/operations/backend.js';
import type { ServerOptions } from '../../src/rest/http-options.js';
import { type Running, start } from '../rest/support.js';
import { ReflectedClient } from './client.js';

export interface Doors extends Running {
  readonly grpc: GrpcServer;
  readonly grpcPort: number;
  readonly client: ReflectedClient;
  close(): Promise<void>;
}

/** The port of `127.0.0.1:9090`. */
export const portOf = (address: string) => Number(address.split(':').at(-1));

/** Starts both and waits until they are ready. */
export async function startDoors(options: BackendOptions & ServerOptions = {}): Promise<Doors> {
  const running = await start(options);
  const grpc = new GrpcServer(running.backend, options);
  const grpcPort = portOf(await grpc.listen('127.0.0.1', 0));
  grpc.serving = true;
  const client = new ReflectedClient(grpcPort, SERVICE);
  await client.describe();
  return {
    ...running,
    grpc,
    grpcPort,
    client,
    async close() {
      client.close();
      await grpc.close(1000);
      await running.app.close();
    },
  };
}

/** The service with threads that have their answers ready (prepared-worker.ts). The environment is the service's. */
import { readSettings, shownSettings } from '../src/operations/service-settings.js';
import { serve } from '../src/serve/serve.js';

const env = { ...process.env, PORT: '0', GRPC_PORT: '0' };
const workerFile = new URL('./prepared-worker.js', import.meta.url).href;
const { url, grpc } = await serve(readSettings(env), shownSettings(env), { workerFile });
console.log(`answers at ${url}, gRPC at ${grpc}`);

import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./cloud.js', import.meta.url));

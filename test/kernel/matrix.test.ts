import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./matrix.js', import.meta.url));

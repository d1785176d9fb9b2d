import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./hold.js', import.meta.url));

import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./trace.js', import.meta.url));

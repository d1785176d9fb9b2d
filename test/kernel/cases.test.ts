import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./cases.js', import.meta.url));

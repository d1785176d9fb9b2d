import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./chance.js', import.meta.url));

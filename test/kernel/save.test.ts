import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./save.js', import.meta.url));

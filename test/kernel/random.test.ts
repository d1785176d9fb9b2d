import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./random.js', import.meta.url));

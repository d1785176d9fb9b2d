import { runInSandbox } from './sandbox/enter.js';

await runInSandbox(new URL('./nftables.js', import.meta.url));

/** The first process of a sandbox: runs the module it is given, and ends with its standard input. */
import { pathToFileURL } from 'node:url';
import { TIMEOUT } from '../parameters.js';

process.stdin.on('end', () => process.exit(1));
process.stdin.on('error', () => process.exit(1));
process.stdin.resume();
// Open standard input must not keep the process when its tests are done.
(process.stdin as { unref?: () => void }).unref?.();

// A host that never answers must not keep it either.
setTimeout(() => process.exit(1), TIMEOUT + 5000).unref();

await import(pathToFileURL(process.argv[2] as string).href);

#!/usr/bin/env node
import { runCli } from './cli.js';

// The code is set instead of calling exit(): what is still in the pipes must get out.
process.exitCode = await runCli(process.argv.slice(2), process);

/**
 * The programs that render and check the chart. They are not needed: without them a test says so and leaves out what
 * needs them.
 */
import { spawnSync } from 'node:child_process';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where `npm run tools:chart` puts them; outside the repository. */
const CACHE = process.env.KUBE_WHATIF_TOOLS ?? join(homedir(), '.cache/kube-whatif/bin');

/** The path of a program in the cache or on the path of programs; undefined where it is in neither. */
function tool(name: string, ...versionArguments: readonly string[]): string | undefined {
  return [join(CACHE, name), name].find((path) => spawnSync(path, versionArguments).status === 0);
}

export const HELM = tool('helm', 'version');
export const KUBECONFORM = tool('kubeconform', '-v');
export const KUBECTL = tool('kubectl', 'version', '--client');
export const MISSING = 'is not installed: npm run tools:chart builds it with Go';

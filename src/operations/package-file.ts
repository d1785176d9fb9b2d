import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The path of a file that comes with the program, like `openapi/kube-whatif.yaml`: upwards from here, since builds lie
 * at different depths below the project. Throws Error when there is none.
 */
export function packageFile(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, name);
    if (existsSync(path)) return path;
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`${name} is not above ${fileURLToPath(import.meta.url)}`);
    folder = parent;
  }
}

import path from 'node:path';

const HERE = import.meta.filename;

/** The file that starts this program: `main.ts` beside this one, or the bundle that both ended up in. Child processes start from it. */
export const ENTRY = path.basename(HERE) === 'entry.ts' ? path.join(path.dirname(HERE), 'main.ts') : bundleEntry();

/** The bundle's entry, or one of its parts in the folder beside it (hack/bundle.ts). */
function bundleEntry(): string {
  return path.basename(HERE) === 'runtime.mjs' ? HERE : path.join(path.dirname(HERE), '..', 'runtime.mjs');
}

import { build, type Plugin } from 'esbuild';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const root = dirname(import.meta.dirname);

/** Packages that hold native code and so cannot be put into a bundle, by program. What they need in turn comes along. */
const NATIVE: Record<string, readonly string[]> = { operator: [], runtime: ['onnxruntime-node', 'sharp'] };

/** What is left out of a package: other platforms, sources, and what only its installation needs. */
const LEFT_OUT: Record<string, RegExp> = {
  'onnxruntime-node': new RegExp(`/(script|lib)/|/bin/napi-v6/(?!linux(/${process.arch}(/|$)|$))`),
  'onnxruntime-common': /\/(lib|dist\/esm)(\/|$)/,
  sharp: /\/(src|install|lib)(\/|$)|\.mjs$/,
};
/** Dependencies that only installing a package needs. */
const NOT_AT_RUNTIME = new Set(['adm-zip', 'global-agent']);

/**
 * The client is one module that loads ten thousand classes, of which the operator uses the reader of kubeconfigs: its
 * files do nothing when they are loaded, so what is not used can go. Saves some 40 MiB of memory.
 */
const leanKubernetesClient: Plugin = {
  name: 'lean-kubernetes-client',
  setup: (bundling) => {
    const done = Symbol('resolved here already');
    bundling.onResolve({ filter: /./ }, async ({ path, pluginData, ...from }) => {
      const isClient = /node_modules.@kubernetes.client-node/.test(from.importer) || path === '@kubernetes/client-node';
      if (!isClient || pluginData === done) return undefined;
      const found = await bundling.resolve(path, { ...from, pluginData: done });
      return found.path.includes('client-node') ? { ...found, sideEffects: false } : found;
    });
  },
};

/** Bundles a program and all it imports into dist/NAME/NAME.mjs, the build context of its image. */
export async function bundle(program: string): Promise<string> {
  const folder = join(root, 'dist', program);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  await build({
    entryPoints: [join(root, program, 'main.ts')],
    outdir: folder,
    entryNames: program,
    chunkNames: 'parts/[name]-[hash]',
    outExtension: { '.js': '.mjs' },
    // Each role and each child process loads only the files it needs.
    splitting: true,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Not minified, so that stack traces of production can be read. `keepNames` would do that too, and costs a call for
    // every function that is made while a request is answered.
    legalComments: 'external',
    external: [...(NATIVE[program] ?? [])],
    plugins: [leanKubernetesClient],
    // CommonJS dependencies inside an ES module still call require() for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'warning',
  });
  for (const name of NATIVE[program] ?? []) copyPackage(name, root, folder);
  return folder;
}

/** Copies a package as it is installed, and what it needs. */
function copyPackage(name: string, from: string, folder: string): void {
  const source = packageFolder(name, from);
  if (source === undefined) return;
  const target = join(folder, relative(root, source));
  if (existsSync(target)) return;
  const leftOut = LEFT_OUT[name];
  cpSync(source, target, {
    recursive: true,
    filter: (path) =>
      !/\.(map|d\.[cm]?ts)$/.test(path) &&
      !path.slice(source.length).includes('/node_modules/') &&
      leftOut?.test(path.slice(source.length)) !== true,
  });
  const { dependencies, optionalDependencies } = JSON.parse(
    readFileSync(join(source, 'package.json'), 'utf8'),
  ) as Manifest;
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
    if (!NOT_AT_RUNTIME.has(needed)) copyPackage(needed, source, folder);
  }
}

interface Manifest {
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

/** Where a package is that another one asks for; undefined for another platform's. */
function packageFolder(name: string, from: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const candidate = join(at, 'node_modules', name);
    if (existsSync(candidate)) return candidate;
    if (at === root) return undefined;
  }
}

if (import.meta.main) {
  const programs = process.argv.slice(2);
  for (const program of programs.length > 0 ? programs : Object.keys(NATIVE)) console.log(await bundle(program));
}

import { build, type Plugin } from 'esbuild';
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const root = dirname(import.meta.dirname);
const resolve = createRequire(import.meta.url).resolve;

/** Packages that hold native code and so cannot be put into the bundle, by program; each with the files that are needed. */
const NATIVE: Record<string, Record<string, readonly string[]>> = {
  operator: {},
  runtime: {
    'onnxruntime-node': [
      'package.json',
      'LICENSE',
      'ThirdPartyNotices.txt',
      'dist',
      `bin/napi-v6/linux/${process.arch}`,
    ],
    'onnxruntime-common': ['package.json', 'dist/cjs'],
  },
};

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
    outfile: join(folder, `${program}.mjs`),
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // Names and line structure stay: stack traces of an operator in production have to be readable.
    keepNames: true,
    legalComments: 'external',
    external: ['onnxruntime-node'],
    plugins: [leanKubernetesClient],
    // CommonJS dependencies inside an ES module still call require() for Node's own modules.
    banner: {
      js: "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);",
    },
    logLevel: 'warning',
  });
  for (const [name, files] of Object.entries(NATIVE[program] ?? {})) copyPackage(name, files, folder);
  return folder;
}

function copyPackage(name: string, files: readonly string[], folder: string): void {
  const source = packageFolder(name);
  for (const file of files.filter((candidate) => existsSync(join(source, candidate)))) {
    cpSync(join(source, file), join(folder, 'node_modules', name, file), {
      recursive: true,
      filter: (path) => !/\.(map|d\.ts)$/.test(path),
    });
  }
}

function packageFolder(name: string): string {
  let folder = dirname(resolve(name));
  while (!folder.endsWith(join('node_modules', name))) folder = dirname(folder);
  return folder;
}

if (import.meta.main) {
  const programs = process.argv.slice(2);
  for (const program of programs.length > 0 ? programs : Object.keys(NATIVE)) console.log(await bundle(program));
}

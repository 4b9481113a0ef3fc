import { basename, dirname, join } from 'node:path';
import { V2_SERVER, type ServerKind, type StartPlan } from './server.ts';

// All flags of our own server that the benchmark uses are in this file.
const FLAGS = {
  /** One thread for each run, whatever the machine has. */
  all: ['--threads', '1', '--bind-address', '127.0.0.1'],
  inline: ['--isolation', 'none'],
  unbatched: ['--max-batch-size', '1'],
  /** Two cores: an engine process for each. */
  twoCores: ['--instances', '2'],
  /** 1,000 models: loaded when asked for, the least used unloaded beyond the budget. */
  pool: ['--model-control', 'on-demand', '--memory-budget', '512Mi'],
} as const;

/** The flags of Node in the image (runtime/Containerfile). */
const NODE_FLAGS = [
  '--max-semi-space-size=4',
  '--no-parallel-scavenge',
  '--no-parallel-compaction',
  '--no-parallel-marking',
  '--no-parallel-pointer-update',
];

/** The cells that show what batching gains. */
const BATCHING_CELLS = ['S-json-c64', 'S-grpc-c64', 'M-json-c64', 'M-grpc-c64'];

const serveFlags = ({ modelsDir, ports, cores, folder }: StartPlan): string[] => {
  const valued = {
    '--models-dir': modelsDir,
    '--http-port': ports.http,
    '--grpc-port': ports.grpc,
    '--metrics-port': ports.metrics,
    '--termination-log': join(folder, 'termination-log'),
  };
  const flags = Object.entries(valued).flatMap(([flag, value]) => [flag, String(value)]);
  return ['serve', ...flags, ...FLAGS.all, ...(cores > 1 ? FLAGS.twoCores : [])];
};

const kind = (name: string, about: string, rest: { program: string; flags: readonly string[] }): ServerKind => ({
  ...V2_SERVER,
  name,
  about,
  transports: ['json', 'binary', 'grpc'],
  isPeer: false,
  command: (plan) => ({
    argv: [process.execPath, ...NODE_FLAGS, rest.program, ...serveFlags(plan), ...rest.flags],
    cwd: plan.folder,
  }),
});

/** Our server as it ships, with the variants that show what a choice costs. */
export function aimassKinds(program: string): ServerKind[] {
  return [
    {
      ...kind('aimass', 'AI Mass runtime, isolation by process (default)', { program, flags: [] }),
      // Run from the source, it has no folder of its own with what it needs.
      ...(basename(program) === 'runtime.mjs' && { dependencies: dirname(program) }),
    },
    kind('aimass-inline', 'AI Mass runtime, --isolation none', { program, flags: FLAGS.inline }),
    {
      ...kind('aimass-unbatched', 'AI Mass runtime, --max-batch-size 1', { program, flags: FLAGS.unbatched }),
      onlyCells: BATCHING_CELLS,
      onlyModels: ['S', 'M'],
    },
  ];
}

/** Our server with a folder of 1,000 models. */
export const aimassPool = (program: string): ServerKind =>
  kind('aimass-pool', 'AI Mass runtime, models on demand', { program, flags: FLAGS.pool });

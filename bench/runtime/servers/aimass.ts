import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ModelName, Transport } from '../cells.ts';
import { V2_SERVER, type ServerKind, type StartPlan } from './server.ts';

// All flags of our own server that the benchmark uses are in this file.
const FLAGS = {
  inline: ['--isolation', 'none'],
  unbatched: ['--max-batch-size', '1'],
  /** Two cores: an engine process for each. */
  twoCores: ['--instances', '2'],
  /** 1,000 models: loaded when asked for, the least used unloaded beyond the budget. */
  pool: ['--load', 'on-demand', '--memory-budget', '512Mi'],
} as const;

/** The cells that show what batching gains. */
export const BATCHING_CELLS = ['S-json-c64', 'S-grpc-c64', 'M-json-c64', 'M-grpc-c64'];

const EXIT_WRONG_FLAGS = 64;
const PROBE_MS = 3000;

const portFlags = ({ http, metrics }: StartPlan['ports']): string[] =>
  Object.entries({ '--http-port': http, '--metrics-port': metrics }).flatMap(([flag, port]) => [flag, String(port)]);

const serveFlags = ({ modelsDir, ports, cores }: StartPlan): string[] =>
  ['serve', '--models-dir', modelsDir, '--grpc-port', String(ports.grpc)].concat(
    portFlags(ports),
    cores > 1 ? FLAGS.twoCores : [],
  );

const kind = (name: string, about: string, rest: { program: string; flags: readonly string[] }): ServerKind => ({
  ...V2_SERVER,
  name,
  about,
  transports: ['json', 'binary', 'grpc'],
  isPeer: false,
  command: (plan) => ({ argv: [process.execPath, rest.program, ...serveFlags(plan), ...rest.flags], cwd: plan.folder }),
});

/** Our server as it ships, with the variants that show what a choice costs. */
export function aimassKinds(program: string): ServerKind[] {
  if (!servesFolders(program)) return [olderForm(program)];
  return [
    {
      ...kind('aimass', 'AI Mass runtime, isolation by process (default)', { program, flags: [] }),
      dependencies: dirname(program),
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

/** Whether the program takes a folder of models: one without that flag ends at once and says so. */
function servesFolders(program: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'aimass-bench-'));
  const plan = { models: [], modelsDir: folder, folder, ports: { http: 0, grpc: 0, metrics: 0 }, cores: 1 };
  const { status } = spawnSync(process.execPath, [program, ...serveFlags(plan)], {
    timeout: PROBE_MS,
    stdio: 'ignore',
  });
  rmSync(folder, { recursive: true, force: true });
  return status !== EXIT_WRONG_FLAGS;
}

/** The server before it could serve a folder: one model, JSON only. */
const olderForm = (program: string): ServerKind => ({
  ...V2_SERVER,
  name: 'aimass',
  about: 'AI Mass runtime of one model, before --models-dir',
  transports: ['json'] satisfies Transport[],
  onlyModels: ['S'] satisfies ModelName[],
  readyPath: '/v2/models/S/ready',
  isPeer: false,
  command: ({ modelsDir, ports, folder }) => ({
    argv: [process.execPath, program, 'serve', '--model', 'S', '--model-dir', join(modelsDir, 'S', '1')].concat(
      portFlags(ports),
      ['--termination-log', join(folder, 'termination-log')],
    ),
  }),
});

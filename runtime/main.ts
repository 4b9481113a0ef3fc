import { HELP } from './help.ts';
import { UsageError, isRole } from './settings.ts';
import type { Role } from './settings.ts';
import { VERSION } from './version.ts';

// Each role loads only what it needs: the fetch role never sees the engine, and serving starts without the fetcher.
const ROLES: Readonly<Record<Role, (args: readonly string[]) => Promise<number>>> = {
  fetch: async (args) => (await import('./roles/fetch-role.ts')).runFetch(args),
  verify: async (args) => (await import('./roles/verify-role.ts')).runVerify(args),
  publish: async (args) => (await import('./roles/publish-role.ts')).runPublish(args),
  meet: async (args) => (await import('./roles/meet-role.ts')).runMeet(args),
  serve: async (args) => (await import('./roles/serve-role.ts')).runServe(args),
};

// What a role starts beside itself; not for people.
const HELPERS: Readonly<Record<string, () => Promise<number>>> = {
  // The process that verify runs a model in.
  'verify-child': async () => (await import('./verify/child.ts')).runVerifyChild(),
  // The processes of models and of pre-processing.
  'engine-process': async () => (await import('./engine/process/child-loop.ts')).runEngineProcess(),
  'task-process': async () => (await import('./tasks/process/main.ts')).runTaskProcess(),
  // The thread that looks at model files before the engine does.
  'check-worker': async () => (await import('./roles/check-worker.ts')).runCheckWorker(),
  // The thread that reads and writes large bodies.
  'codec-worker': async () => (await import('./http/codec/worker.ts')).runCodecWorker(),
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--version') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (name === '--help' || args.includes('--help')) {
    process.stdout.write(name === 'serve' ? (await import('./flags/serve-flags.ts')).serveHelp() : HELP);
    return 0;
  }
  const helper = Object.entries(HELPERS).find(([known]) => known === name)?.[1];
  if (helper !== undefined) return helper();
  if (!isRole(name)) throw new UsageError(name === undefined ? 'give a role' : `there is no role "${name}"`);
  return ROLES[name](args);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`${error.message}\n\n${HELP}`);
  process.exitCode = 64;
}

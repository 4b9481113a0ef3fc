import { HELP } from './help.ts';
import { UsageError, isRole } from './settings.ts';
import type { Role } from './settings.ts';
import { VERSION } from './version.ts';

// Each role loads only what it needs: the fetch role never sees the engine, and serving starts without the fetcher.
const ROLES: Readonly<Record<Role, (args: readonly string[]) => Promise<number>>> = {
  fetch: async (args) => (await import('./roles/fetch-role.ts')).runFetch(args),
  verify: async (args) => (await import('./roles/verify-role.ts')).runVerify(args),
  serve: async (args) => (await import('./roles/serve-role.ts')).runServe(args),
};

async function main([name, ...args]: readonly string[]): Promise<number> {
  if (name === '--version') {
    process.stdout.write(`${VERSION}\n`);
    return 0;
  }
  if (name === '--help' || args.includes('--help')) {
    process.stdout.write(HELP);
    return 0;
  }
  // The process that verify runs a model in; not for people.
  if (name === 'verify-child') return (await import('./verify/child.ts')).runVerifyChild();
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

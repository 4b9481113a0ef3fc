import { parseArgs } from 'node:util';
import type { Credentials } from '../runtime/repository/credentials.ts';
import { pushArtifact } from '../runtime/repository/oci-push.ts';
import type { Entry } from './entries.ts';
import { TAG, readEntries } from './entries.ts';

const USAGE = `usage: node library/push.ts --registry HOST:PORT [--insecure] [--ca-file FILE] [--name NAME]…
Pushes the entries of the library as OCI artifacts; what is there already is not sent again.
--insecure speaks plain http. AIMASS_REGISTRY_USERNAME and AIMASS_REGISTRY_PASSWORD log in.`;

/** Where to push, and how. */
export interface PushTarget {
  registry: string;
  insecure: boolean;
  caFile?: string;
  credentials?: Credentials;
}

/** Pushes the entries one after another and says what was pushed. */
export async function pushEntries(entries: readonly Entry[], target: PushTarget): Promise<string[]> {
  const lines: string[] = [];
  for (const { name, repository, artifact, digest, sizeBytes } of entries) {
    const pushed = await pushArtifact({ ...target, ...artifact, repository, tag: TAG });
    if (pushed.digest !== digest) throw new Error(`${name} was pushed as ${pushed.digest}, not as ${digest}`);
    lines.push(`${name}\t${pushed.uri}\t${sizeBytes} bytes`);
  }
  return lines;
}

function credentialsFor(registry: string, env: NodeJS.ProcessEnv): Pick<PushTarget, 'credentials'> {
  const { AIMASS_REGISTRY_USERNAME: username, AIMASS_REGISTRY_PASSWORD: password } = env;
  if (username === undefined || password === undefined) return {};
  return { credentials: { byRegistry: { [registry]: { username, password } } } };
}

/** The entries with these names, or all when none is named. */
export function selectEntries(entries: readonly Entry[], names: readonly string[]): Entry[] {
  const unknown = names.filter((name) => !entries.some((entry) => entry.name === name));
  const known = entries.map(({ name }) => name).join(', ');
  if (unknown.length > 0) throw new Error(`the library has no entry ${unknown.join(', ')}; it has ${known}`);
  return entries.filter(({ name }) => names.length === 0 || names.includes(name));
}

async function runFromCommandLine(): Promise<void> {
  const { values } = parseArgs({
    options: {
      registry: { type: 'string' },
      insecure: { type: 'boolean', default: false },
      'ca-file': { type: 'string' },
      name: { type: 'string', multiple: true, default: [] },
    },
  });
  if (values.registry === undefined) throw new Error(USAGE);
  const caFile = values['ca-file'];
  const target = { registry: values.registry, insecure: values.insecure, ...(caFile !== undefined && { caFile }) };
  const entries = selectEntries(await readEntries(), values.name);
  const lines = await pushEntries(entries, { ...target, ...credentialsFor(values.registry, process.env) });
  console.log(lines.join('\n'));
}

if (import.meta.main) {
  await runFromCommandLine().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}

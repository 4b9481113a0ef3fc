import { resolve } from 'node:path';
import { bundle } from '../../../hack/bundle.ts';
import { aimassKinds } from '../servers/aimass.ts';
import { echoes } from '../servers/echo.ts';
import { fastapi } from '../servers/fastapi.ts';
import { kserve } from '../servers/kserve.ts';
import { mlserver } from '../servers/mlserver.ts';
import { ENVIRONMENTS, type Environment } from '../servers/python-peer.ts';
import type { ServerKind } from '../servers/server.ts';
import { triton, tritonBatched } from '../servers/triton.ts';
import { ensureEnvironment } from './environments.ts';

type Say = (text: string) => void;

const NEEDS: Readonly<Record<string, Environment>> = {
  mlserver: ENVIRONMENTS.mlserver,
  kserve: ENVIRONMENTS.kserve,
  triton: ENVIRONMENTS.triton,
  'triton-batched': ENVIRONMENTS.triton,
  fastapi: ENVIRONMENTS.fastapi,
};

/** The program to measure: the one that was named, or the bundle as it ships, built now. */
export async function findProgram(named: string | undefined, say: Say): Promise<string> {
  if (named !== undefined) return resolve(named);
  say('build the bundle of the runtime');
  return resolve(await bundle('runtime'), 'runtime.mjs');
}

/** All kinds of servers, or the named ones. */
export function chooseKinds(program: string, names: readonly string[] | undefined): ServerKind[] {
  const all = [...aimassKinds(program), mlserver, kserve, triton, tritonBatched, fastapi, ...echoes];
  const stray = names?.find((name) => all.every((kind) => kind.name !== name));
  if (stray !== undefined)
    throw new Error(`--servers: "${stray}" is none of ${all.map(({ name }) => name).join(', ')}`);
  return all.filter(({ name }) => names?.includes(name) ?? true);
}

/** Installs what the chosen peers need; gives the reason for each that cannot be installed. */
export async function installPeers(kinds: readonly ServerKind[], say: Say): Promise<Record<string, string>> {
  const absent: Record<string, string> = {};
  for (const { name } of kinds) {
    const environment = NEEDS[name];
    if (environment === undefined) continue;
    await ensureEnvironment(environment, say).catch((error: unknown) => {
      absent[name] = `cannot be installed: ${error instanceof Error ? error.message : String(error)}`;
      say(`${name} ${absent[name]}`);
    });
  }
  return absent;
}

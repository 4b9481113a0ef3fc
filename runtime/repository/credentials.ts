import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import { codeOf } from '../error-shape.ts';

/** A login: a name with a password, or a token. */
export type Login = { username: string; password: string } | { token: string };

/** Logins by registry host, and one for every host. */
export interface Credentials {
  any?: Login;
  byRegistry: Readonly<Record<string, Login>>;
}

/** No login at all. */
export const noCredentials: Credentials = { byRegistry: {} };

/** The value of the Authorization header for a login. */
export const authorizationOf = (login: Login): string =>
  'token' in login ? `Bearer ${login.token}` : `Basic ${btoaUtf8(`${login.username}:${login.password}`)}`;

const btoaUtf8 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

/** The login for a registry: its own, else the one for every host. */
export const loginFor = (credentials: Credentials, registry: string): Login | undefined =>
  credentials.byRegistry[registry] ?? credentials.any;

/** Reads the files of a mounted Secret. */
export function readCredentials(directory: string | undefined): Credentials {
  if (directory === undefined) return noCredentials;
  const read = readSecret(directory);
  const byRegistry = parseDockerConfig(read('.dockerconfigjson'));
  const any = loginFrom({ token: read('token'), username: read('username'), password: read('password') });
  if (any === undefined && Object.keys(byRegistry).length === 0) {
    throw new ModelFailure(
      'SourceForbidden',
      'The Secret in spec.credentials holds neither username and password, nor token, nor .dockerconfigjson.',
    );
  }
  return any === undefined ? { byRegistry } : { any, byRegistry };
}

/** Reads keys of a mounted Secret by name; gives the first that is there and not empty. */
export const readSecret =
  (directory: string | undefined) =>
  (...names: readonly string[]): string | undefined =>
    directory === undefined ? undefined : names.map((name) => readIfThere(path.join(directory, name))).find(Boolean);

interface LoginParts {
  token?: string | undefined;
  username?: string | undefined;
  password?: string | undefined;
}

function loginFrom({ token, username, password }: LoginParts): Login | undefined {
  if (token) return { token };
  if (username !== undefined && password !== undefined) return { username, password };
  return undefined;
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new Error('reading spec.credentials', { cause: error });
  }
}

interface DockerAuth {
  auth?: string;
  username?: string;
  password?: string;
  registrytoken?: string;
}

function parseDockerConfig(text: string | undefined): Record<string, Login> {
  if (text === undefined) return {};
  let auths: Record<string, DockerAuth>;
  try {
    auths = (JSON.parse(text) as { auths?: Record<string, DockerAuth> }).auths ?? {};
  } catch {
    throw new ModelFailure('SourceForbidden', 'The .dockerconfigjson in the Secret of spec.credentials is not JSON.');
  }
  const entries = Object.entries(auths).map(([host, auth]) => [registryKey(host), dockerLogin(auth)] as const);
  return Object.fromEntries(entries.filter((entry): entry is [string, Login] => entry[1] !== undefined));
}

/** `https://index.docker.io/v1/` and `registry:5000/path` both stand for a host. */
const registryKey = (host: string) => {
  const name = host.replace(/^https?:\/\//, '').replace(/\/.*$/, '');
  return name === 'index.docker.io' || name === 'docker.io' ? 'registry-1.docker.io' : name;
};

function dockerLogin({ auth, username, password, registrytoken }: DockerAuth): Login | undefined {
  const [name, ...rest] = auth ? Buffer.from(auth, 'base64').toString('utf8').split(':') : [];
  return loginFrom({
    token: registrytoken,
    username: username ?? name,
    password: password ?? (auth && rest.join(':')),
  });
}

import { parseArgs } from 'node:util';
import { messageOf } from './error-shape.ts';
import { UsageError } from './flags/usage-error.ts';

export { UsageError };

const TERMINATION_LOG = '/dev/termination-log';
const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

const FLAGS = {
  fetch: {
    kind: text,
    flat: flag,
    unpack: flag,
    uri: text,
    into: text,
    digest: text,
    'max-bytes': text,
    'timeout-seconds': text,
    'idle-timeout-seconds': text,
    'credentials-dir': text,
    'ca-file': text,
    'insecure-registries': text,
    'allowed-private-hosts': text,
    's3-endpoint': text,
    's3-region': text,
    'hf-endpoint': text,
    'claim-dir': text,
    'termination-log': text,
  },
  verify: {
    'models-dir': text,
    task: text,
    golden: text,
    'max-p99-ms': text,
    'max-memory-bytes': text,
    seconds: text,
    'timeout-seconds': text,
    'termination-log': text,
  },
  publish: {
    from: text,
    'original-from': text,
    to: text,
    annotation: { type: 'string', multiple: true },
    record: text,
    'timeout-seconds': text,
    'credentials-dir': text,
    'ca-file': text,
    'insecure-registries': text,
    'allowed-private-hosts': text,
    'termination-log': text,
  },
  meet: { hosts: text, min: text, 'timeout-seconds': text, 'termination-log': text },
  serve: {},
} as const;

/** The roles of the program. */
export type Role = keyof typeof FLAGS;

/** True for the name of a role. */
export const isRole = (name: string | undefined): name is Role => name !== undefined && Object.hasOwn(FLAGS, name);

type Values = Readonly<Record<string, string | undefined>>;

const readFlags = (role: Role, args: readonly string[]): Values => parseFlags(role, args) as Values;

function parseFlags(role: Role, args: readonly string[]): Readonly<Record<string, unknown>> {
  try {
    return parseArgs({ args: [...args], options: FLAGS[role], strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error });
  }
}

function required(values: Values, name: string): string {
  const value = values[name];
  if (value === undefined || value === '') throw new UsageError(`--${name} is missing`);
  return value;
}

function number(values: Values, name: string, fallback: number): number;
function number(values: Values, name: string): number | undefined;
function number(values: Values, name: string, fallback?: number): number | undefined {
  const value = values[name];
  if (value === undefined) return fallback;
  const parsed = Number(value);
  if (!Number.isFinite(parsed) || parsed < 0 || value.trim() === '')
    throw new UsageError(`--${name} is "${value}", not a number of 0 or more`);
  return parsed;
}

function digest(values: Values): string | undefined {
  const value = values['digest'];
  if (value !== undefined && !/^sha256:[a-f0-9]{64}$/.test(value))
    throw new UsageError('--digest is not sha256: and 64 hexadecimal digits');
  return value;
}

const list = (values: Values, name: string): string[] => (values[name] ?? '').split(',').filter(Boolean);

function serverUrl(values: Values, name: string): string | undefined {
  const value = values[name];
  if (value === undefined || /^https?:$/.test(URL.parse(value)?.protocol ?? '')) return value;
  throw new UsageError(`--${name} is "${value}", not the address of a server such as https://host:port`);
}

/** Whether a flag without a value is there. */
const isSet = (values: Readonly<Record<string, unknown>>, name: string): boolean => values[name] === true;

function isDataKind({ kind = 'model' }: Values): boolean {
  if (kind !== 'model' && kind !== 'data') throw new UsageError(`--kind is "${kind}"; it is model or data`);
  return kind === 'data';
}

const terminationLog = (values: Values) =>
  values['termination-log'] ?? process.env['AIMASS_TERMINATION_LOG'] ?? TERMINATION_LOG;

/** Settings of the fetch role. */
export function fetchSettings(args: readonly string[]) {
  const values = readFlags('fetch', args);
  const isData = isDataKind(values);
  const unpack = isSet(values, 'unpack');
  if (unpack && !isData) throw new UsageError('--unpack is for --kind data');
  return {
    isData,
    /** A folder with just the files, in place of a cache of models. */
    isFolder: isData || isSet(values, 'flat'),
    unpack,
    uri: required(values, 'uri'),
    into: required(values, 'into'),
    digest: digest(values),
    maxBytes: number(values, 'max-bytes', 10 * 1024 ** 3),
    timeoutSeconds: number(values, 'timeout-seconds', 3600),
    idleTimeoutSeconds: number(values, 'idle-timeout-seconds', 30),
    credentialsDir: values['credentials-dir'],
    caFile: values['ca-file'],
    insecureRegistries: list(values, 'insecure-registries'),
    allowedPrivateHosts: list(values, 'allowed-private-hosts'),
    s3Endpoint: serverUrl(values, 's3-endpoint'),
    s3Region: values['s3-region'],
    hfEndpoint: serverUrl(values, 'hf-endpoint'),
    claimDir: values['claim-dir'],
    terminationLog: terminationLog(values),
  };
}

/** Settings of the verify role. */
export function verifySettings(args: readonly string[]) {
  const values = readFlags('verify', args);
  return {
    modelsDir: required(values, 'models-dir'),
    task: required(values, 'task'),
    golden: values['golden'],
    maxP99Ms: number(values, 'max-p99-ms'),
    maxMemoryBytes: number(values, 'max-memory-bytes'),
    seconds: number(values, 'seconds', 3),
    timeoutSeconds: number(values, 'timeout-seconds', 600),
    terminationLog: terminationLog(values),
  };
}

/** Settings of the publish role. */
export function publishSettings(args: readonly string[]) {
  const flags = parseFlags('publish', args);
  const values = flags as Values;
  return {
    from: required(values, 'from'),
    originalFrom: values['original-from'],
    to: required(values, 'to'),
    annotations: annotationsIn((flags['annotation'] ?? []) as readonly string[]),
    recordFile: values['record'],
    timeoutSeconds: number(values, 'timeout-seconds', 3600),
    credentialsDir: values['credentials-dir'],
    caFile: values['ca-file'],
    insecureRegistries: list(values, 'insecure-registries'),
    allowedPrivateHosts: list(values, 'allowed-private-hosts'),
    terminationLog: terminationLog(values),
  };
}

/** Settings of the meet role. */
export function meetSettings(args: readonly string[]) {
  const values = readFlags('meet', args);
  required(values, 'hosts');
  const hosts = list(values, 'hosts');
  return {
    hosts,
    min: number(values, 'min', hosts.length),
    timeoutMs: number(values, 'timeout-seconds', 3600) * 1000,
    terminationLog: terminationLog(values),
  };
}

/** `key=value` each; the last of a key counts. Sorted, so that their order does not change the digest. */
function annotationsIn(given: readonly string[]): Record<string, string> {
  const pairs = given.map((text): [string, string] => {
    const at = text.indexOf('=');
    if (at < 1) throw new UsageError(`--annotation is "${text}", not key=value`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  return Object.fromEntries([...new Map(pairs)].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

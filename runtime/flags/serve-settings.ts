import { parseArgs } from 'node:util';
import { messageOf } from '../error-shape.ts';
import type { VersionPolicy } from '../version-policy.ts';
import { NEWEST_ONLY, parseVersionPolicy } from '../version-policy.ts';
import type { WebhookHost } from '../webhook-host.ts';
import { parseWebhookHost } from '../webhook-host.ts';
import { UsageError } from './usage-error.ts';
import { parseByteSize } from './byte-size.ts';
import type { ServeFlag } from './serve-flags.ts';
import { serveOptions } from './serve-flags.ts';

const CONTROL_MODES = ['none', 'poll', 'explicit', 'on-demand'] as const;
const ISOLATION_MODES = ['process', 'none'] as const;
const MODEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const MAX_PORT = 65_535;
const MAX_TTL_SECONDS = 7 * 24 * 3600;

/** Settings of the serve role, every default written here once. */
export type ServeSettings = ReturnType<typeof serveSettings>;

class Flags {
  readonly #values: Readonly<Record<string, unknown>>;

  constructor(args: readonly string[]) {
    try {
      const options = { ...serveOptions(), 'termination-log': { type: 'string' } as const };
      this.#values = parseArgs({ args: [...args], options, strict: true, allowPositionals: false }).values;
    } catch (error) {
      throw new UsageError(messageOf(error), { cause: error });
    }
  }

  text(name: ServeFlag | 'termination-log'): string | undefined {
    return this.#values[name] as string | undefined;
  }

  list(name: ServeFlag): string[] {
    return (this.#values[name] as string[] | undefined) ?? [];
  }

  isGiven(name: ServeFlag): boolean {
    return this.#values[name] !== undefined;
  }

  isOn(name: ServeFlag): boolean {
    return this.#values[name] === true;
  }

  number(name: ServeFlag, fallback: number): number;
  number(name: ServeFlag): number | undefined;
  number(name: ServeFlag, fallback?: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const parsed = Number(value);
    if (!Number.isFinite(parsed) || parsed < 0 || value.trim() === '')
      throw new UsageError(`--${name} is "${value}", not a number of 0 or more`);
    return parsed;
  }

  /** A whole number of 1 or more. */
  count(name: ServeFlag, fallback: number): number;
  count(name: ServeFlag): number | undefined;
  count(name: ServeFlag, fallback?: number): number | undefined {
    const value = this.number(name);
    if (value === undefined) return fallback;
    if (!Number.isInteger(value) || value < 1)
      throw new UsageError(`--${name} is "${value}", not a whole number of 1 or more`);
    return value;
  }

  bytes(name: ServeFlag, fallback: number): number;
  bytes(name: ServeFlag): number | undefined;
  bytes(name: ServeFlag, fallback?: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return fallback;
    const bytes = parseByteSize(value);
    if (bytes === undefined || bytes === 0) throw new UsageError(`--${name} is "${value}"; write a size such as 512Mi`);
    return bytes;
  }

  port(name: ServeFlag, fallback: number): number | undefined {
    const value = this.text(name);
    if (value === 'off') return undefined;
    const port = this.number(name, fallback);
    if (!Number.isInteger(port) || port > MAX_PORT)
      throw new UsageError(`--${name} is "${value}"; write a port from 0 to ${MAX_PORT}, or off`);
    return port;
  }

  oneOf<T extends string>(name: ServeFlag, choices: readonly T[], fallback: T): T {
    const value = this.text(name) ?? fallback;
    const choice = choices.find((known) => known === value);
    if (choice === undefined) throw new UsageError(`--${name} is "${value}"; write one of ${choices.join(', ')}`);
    return choice;
  }
}

/** Reads the flags of the serve role. */
export function serveSettings(args: readonly string[]) {
  const flags = new Flags(args);
  return {
    source: readSource(flags),
    golden: flags.text('golden'),
    task: flags.text('task'),
    revision: flags.text('revision'),
    ...readControl(flags),
    strictReadiness: flags.oneOf('strict-readiness', ['true', 'false'], 'true') === 'true',
    repositoryApi: flags.isOn('repository-api'),
    repositoryTokenFile: flags.text('repository-token-file'),
    httpPort: readHttpPort(flags),
    grpcPort: flags.port('grpc-port', 8081),
    metricsPort: flags.port('metrics-port', 9090),
    metricsTokenFile: flags.text('metrics-token-file'),
    bindAddress: flags.text('bind-address'),
    tls: readTls(flags),
    ...readEngine(flags),
    ...readLimits(flags),
    async: readAsync(flags),
    terminationLog: flags.text('termination-log') ?? process.env['AIMASS_TERMINATION_LOG'] ?? '/dev/termination-log',
  };
}

function readHttpPort(flags: Flags): number {
  const port = flags.port('http-port', 8080);
  if (port === undefined) throw new UsageError('--http-port is "off"; REST is always served, write a port or 0');
  return port;
}

/** One model, or a folder of them. */
function readSource(
  flags: Flags,
): { kind: 'one'; model: string; directory: string } | { kind: 'folder'; directory: string } {
  const [model, directory, folder] = [flags.text('model'), flags.text('model-dir'), flags.text('models-dir')];
  if (folder !== undefined) {
    if (model !== undefined || directory !== undefined)
      throw new UsageError('--models-dir is for a folder of models; leave --model and --model-dir out');
    return { kind: 'folder', directory: folder };
  }
  if (model === undefined || directory === undefined)
    throw new UsageError('say what to serve: --models-dir DIR, or --model NAME with --model-dir DIR');
  if (!MODEL_NAME.test(model))
    throw new UsageError(`--model is "${model}"; write a name of letters, digits, ".", "_" and "-"`);
  if (flags.isOn('repository-api'))
    throw new UsageError('--repository-api is for a folder of models; serve it with --models-dir, or leave it out');
  return { kind: 'one', model, directory };
}

/** What is loaded, and when. */
function readControl(flags: Flags) {
  const control = flags.oneOf('model-control', CONTROL_MODES, 'none');
  refuseIdleFlags(flags, control);
  const pollSeconds = flags.number('poll-seconds');
  if (pollSeconds === 0) throw new UsageError('--poll-seconds is 0; write a number above 0');
  return {
    control,
    pollSeconds,
    loadModels: flags.list('load-model'),
    versionPolicy: readPolicy(flags),
    memoryBudget: flags.bytes('memory-budget'),
    idleUnloadSeconds: flags.number('idle-unload-seconds'),
  };
}

/** A flag that would do nothing in this mode is a mistake. */
function refuseIdleFlags(flags: Flags, control: string): void {
  const belongs = (name: ServeFlag, mode: string) => {
    if (flags.isGiven(name) && control !== mode)
      throw new UsageError(`--${name} is for --model-control ${mode}, which is "${control}"`);
  };
  belongs('load-model', 'explicit');
  belongs('memory-budget', 'on-demand');
  belongs('idle-unload-seconds', 'on-demand');
  if (flags.isGiven('memory-budget') && flags.text('isolation') === 'none')
    throw new UsageError('--memory-budget measures the processes of models; leave --isolation none out');
}

function readPolicy(flags: Flags): VersionPolicy {
  const text = flags.text('version-policy');
  const policy = text === undefined ? NEWEST_ONLY : parseVersionPolicy(text);
  if (policy === undefined) throw new UsageError(`--version-policy is "${text}"; write latest:2, all or specific:1,3`);
  return policy;
}

function readTls(flags: Flags): { certFile: string; keyFile: string } | undefined {
  const [certFile, keyFile] = [flags.text('tls-cert'), flags.text('tls-key')];
  if (certFile === undefined && keyFile === undefined) return undefined;
  if (certFile === undefined || keyFile === undefined) throw new UsageError('--tls-cert and --tls-key belong together');
  return { certFile, keyFile };
}

function readEngine(flags: Flags) {
  return {
    isolation: flags.oneOf('isolation', ISOLATION_MODES, 'process'),
    threads: flags.count('threads'),
    instances: flags.count('instances', 1),
    providers: (flags.text('providers') ?? '')
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
    maxBatchRows: flags.count('max-batch-size'),
    maxBatchDelayMs: flags.number('max-batch-delay-ms', 0),
    targetP99Ms: flags.number('target-p99-ms'),
    maxModelMemory: flags.bytes('max-model-memory'),
    runTimeoutSeconds: flags.number('run-timeout-seconds', 120),
    loadTimeoutSeconds: flags.number('load-timeout-seconds', 600),
  };
}

function readAsync(flags: Flags) {
  const webhookSecretFile = flags.text('webhook-secret-file');
  const webhookHosts = readWebhookHosts(flags.text('webhook-hosts'));
  if (webhookHosts.length > 0 && webhookSecretFile === undefined)
    throw new UsageError('--webhook-hosts needs --webhook-secret-file, so that receivers can tell who calls');
  const jobTtlSeconds = flags.count('job-ttl-seconds', 3600);
  if (jobTtlSeconds > MAX_TTL_SECONDS)
    throw new UsageError(`--job-ttl-seconds is ${jobTtlSeconds}; at most ${MAX_TTL_SECONDS} (a week) are taken`);
  const maxJobs = flags.number('max-jobs', 1000);
  if (!Number.isInteger(maxJobs)) throw new UsageError(`--max-jobs is "${maxJobs}", not a whole number`);
  const maxJobBytes = flags.bytes('max-job-bytes', 256 * 1024 ** 2);
  return { maxJobs, maxJobBytes, jobTtlSeconds, webhookHosts, webhookSecretFile };
}

function readWebhookHosts(text = ''): WebhookHost[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.filter(Boolean).map((entry) => {
    const host = parseWebhookHost(entry);
    if (host !== undefined) return host;
    throw new UsageError(
      `--webhook-hosts holds "${entry}"; write a host, *.domain, an address or *, with :port when only one is meant`,
    );
  });
}

function readLimits(flags: Flags) {
  return {
    maxBodyBytes: flags.bytes('max-body-bytes', 64 * 1024 ** 2),
    maxQueue: flags.count('max-queue', 1000),
    maxQueueBytes: flags.bytes('max-queue-bytes', 256 * 1024 ** 2),
    maxConnections: flags.count('max-connections', 10_000),
    drainSeconds: flags.number('drain-seconds', 20),
    noticeSeconds: flags.number('notice-seconds', 5),
  };
}

import { parseArgs } from 'node:util';
import { OperatorProcess } from './process.ts';
import { readSettings, type Settings } from './settings.ts';
import { createLogger } from './telemetry/log.ts';
import { exitOnUnhandledErrors } from './telemetry/process-policy.ts';
import { VERSION } from './version.ts';

const HELP = `aimass-operator: reconciles Models and InferenceServices.

  --settings FILE   settings, as YAML (default: $AIMASS_SETTINGS or /etc/aimass/settings.yaml)
  --version         prints the version
  --help            prints this

Environment: POD_NAME names this replica in the Lease and in events; KUBECONFIG names a cluster outside of a pod.
Exit codes: 0 stopped by a signal; 1 lost the lead or met an error that nobody handled; 64 wrong use.
`;

interface Flags {
  settings: string;
  version: boolean;
  help: boolean;
}

function readFlags(): Flags {
  const options = {
    settings: { type: 'string', default: process.env.AIMASS_SETTINGS ?? '/etc/aimass/settings.yaml' },
    version: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  } as const;
  return parseArgs({ options, strict: true }).values;
}

async function run(settings: Settings): Promise<void> {
  const log = createLogger(settings.logLevel);
  exitOnUnhandledErrors(log);
  const instance = process.env.POD_NAME ?? `local-${process.pid}`;
  const operator = new OperatorProcess({ settings, log, instance, exit: (code) => process.exit(code) });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void operator.stop());
  await operator.start();
}

/** What to run, or nothing when the flags only ask for a text. */
function prepare(): Settings | undefined {
  try {
    const flags = readFlags();
    if (flags.help || flags.version) process.stdout.write(flags.help ? HELP : `${VERSION}\n`);
    else return readSettings(flags.settings);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 64;
  }
  return undefined;
}

const settings = prepare();
if (settings !== undefined) await run(settings);

import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT, programEnvironment } from '../install/programs.ts';
import { countGo, countJest, countLines, type Count } from './count.ts';
import type { Step } from './steps.ts';

const running = new Set<ChildProcess>();

/** Passes a signal on to the steps that run; each cleans up after itself, and then counts as failed. */
export function interruptSteps(signal: NodeJS.Signals): void {
  for (const child of running) child.kill(signal);
}

/** How a step ended. */
export interface Outcome {
  step: Step;
  state: 'passed' | 'failed' | 'skipped';
  count: Count;
  seconds: number;
  logPath: string;
  /** Why it was skipped, or what it said last when it failed. */
  remark: string;
}

/** Runs a step, its output into a log, and counts. `onLine` hears each line; `show` also prints everything as it comes. */
export async function runStep(
  step: Step,
  { logs, show, onLine }: { logs: string; show: boolean; onLine: (line: string) => void },
): Promise<Outcome> {
  mkdirSync(logs, { recursive: true });
  const slug = step.name.replaceAll(/\W+/g, '-');
  const logPath = join(logs, `${slug}.log`);
  const reportPath = join(logs, `${slug}.json`);
  rmSync(reportPath, { force: true });
  const started = Date.now();
  const report = step.counting === 'jest' ? ['--json', `--outputFile=${reportPath}`] : [];
  const code = await execute(step, { args: report, logPath, show, onLine });
  const counted = explained(count(step, { code, logPath, reportPath }), logPath);
  return {
    step,
    state: code === 0 && counted.failed === 0 ? 'passed' : 'failed',
    count: counted,
    seconds: (Date.now() - started) / 1000,
    logPath,
    remark: code === 0 ? '' : lastLines(logPath),
  };
}

function execute(
  step: Step,
  {
    args,
    logPath,
    show,
    onLine,
  }: { args: readonly string[]; logPath: string; show: boolean; onLine: (line: string) => void },
): Promise<number> {
  const [command = '', ...rest] = step.command;
  const log = createWriteStream(logPath);
  const child = spawn(command, [...rest, ...args], {
    cwd: PROJECT,
    env: programEnvironment(step.env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.add(child);
  const listen = (chunk: Buffer): void => {
    log.write(chunk);
    if (show) process.stdout.write(chunk);
    const line = chunk.toString().trimEnd().split('\n').at(-1)?.trim();
    if (line !== undefined && line !== '') onLine(line);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  return new Promise((resolve) => {
    const end = (code: number, lastWords = ''): void => {
      running.delete(child);
      log.end(lastWords, () => resolve(code));
    };
    child.on('error', (error) => end(127, `${command} could not be started: ${error.message}\n`));
    child.on('close', (code) => end(code ?? 1));
  });
}

function count(
  step: Step,
  { code, logPath, reportPath }: { code: number; logPath: string; reportPath: string },
): Count {
  const none: Count = { passed: 0, failed: 0, skipped: 0, failures: [] };
  if (step.group === 'setup') return code === 0 ? none : { ...none, failed: 1, failures: [{ name: step.name }] };
  const counted = report(step, { logPath, reportPath });
  if (counted === undefined)
    return code === 0 ? { ...none, passed: 1 } : { ...none, failed: 1, failures: [{ name: step.name }] };
  // A runner that failed although each test passed, or that found none, has failed all the same.
  if (counted.failed === 0 && (code !== 0 || counted.passed === 0)) {
    const name = `${step.name}: ended with code ${code} after ${counted.passed} tests`;
    return { ...counted, failed: 1, failures: [{ name }] };
  }
  return counted;
}

function report(step: Step, { logPath, reportPath }: { logPath: string; reportPath: string }): Count | undefined {
  if (step.counting === 'go') return countGo(readFileSync(logPath, 'utf8'));
  if (step.counting === 'lines') return countLines(readFileSync(logPath, 'utf8'));
  return step.counting === 'jest' && existsSync(reportPath) ? countJest(readFileSync(reportPath, 'utf8')) : undefined;
}

/** Where the runner gives no reason, the end of the log has to do; once, under the last failure. */
function explained(counted: Count, logPath: string): Count {
  const last = counted.failures.at(-1);
  if (last === undefined || last.why !== undefined) return counted;
  return { ...counted, failures: [...counted.failures.slice(0, -1), { ...last, why: lastLines(logPath, 15) }] };
}

const lastLines = (path: string, lines = 40): string =>
  readFileSync(path, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');

import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { programFolder } from './local-cluster/processes.ts';
import { sumCounts } from './testing/count.ts';
import { interruptSteps, runStep, type Outcome } from './testing/run-step.ts';
import { runSteps } from './testing/schedule.ts';
import { tellFailures } from './testing/tell-failures.ts';
import { allSteps, chooseSteps, type Step } from './testing/steps.ts';

const USAGE = `npm test [-- STEP... [-- ARGUMENTS FOR JEST]]
Runs all steps, or the chosen ones: static, unit, library, clients, python, toolkit, chart, gitops, api, e2e (or a single step by its name).`;
const LOGS = join(dirname(programFolder()), 'log', 'test');
const HEARTBEAT_MS = 30_000;

const stamp = (from: number): string => {
  const seconds = Math.round((Date.now() - from) / 1000);
  return `${String(Math.floor(seconds / 60)).padStart(2)}:${String(seconds % 60).padStart(2, '0')}`;
};

/** Runs one step and tells when it starts, that it still runs, and how it ended. */
async function runVisibly(step: Step, { startedAt, show }: { startedAt: number; show: boolean }): Promise<Outcome> {
  let line = '';
  const since = Date.now();
  console.log(`${stamp(startedAt)}  ▸ ${step.name}`);
  const timer = setInterval(
    () => console.log(`${stamp(startedAt)}  … ${step.name}, ${stamp(since).trim()}: ${line}`),
    HEARTBEAT_MS,
  );
  const outcome = await runStep(step, { logs: LOGS, show, onLine: (said) => (line = said.slice(0, 120)) });
  clearInterval(timer);
  console.log(
    `${stamp(startedAt)}  ${outcome.state === 'passed' ? '✓' : '✗'} ${step.name} (${outcome.seconds.toFixed(1)} s)`,
  );
  if (outcome.state === 'failed' && !show) console.log(indent(`${outcome.remark}\nwhole log: ${outcome.logPath}`));
  return outcome;
}

const indent = (text: string): string => text.replaceAll(/^/gm, '        ');

function tellSummary(outcomes: readonly Outcome[], startedAt: number): boolean {
  const total = sumCounts(outcomes.map(({ count }) => count));
  const row = (...cells: string[]): string =>
    `  ${(cells[0] ?? '').padEnd(28)}${cells
      .slice(1)
      .map((cell) => cell.padStart(9))
      .join('')}`;
  console.log(`\n${row('', 'passed', 'failed', 'skipped', 'seconds')}`);
  for (const { step, state, count, seconds } of outcomes) {
    const mark = state === 'passed' ? '✓' : '✗';
    console.log(
      row(`${mark} ${step.name}`, ...[count.passed, count.failed, count.skipped].map(String), seconds.toFixed(1)),
    );
  }
  console.log(
    row(
      '  all',
      ...[total.passed, total.failed, total.skipped].map(String),
      ((Date.now() - startedAt) / 1000).toFixed(1),
    ),
  );
  if (total.failures.length > 0) console.log(`\nFailed:\n${tellFailures(total.failures)}`);
  console.log(`\n${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0;
}

function readArguments(): { names: string[]; forwarded: string[] } {
  const args = process.argv.slice(2);
  const cut = args.includes('--') ? args.indexOf('--') : args.length;
  const { positionals, values } = parseArgs({
    args: args.slice(0, cut),
    allowPositionals: true,
    options: { help: { type: 'boolean', default: false } },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  return { names: positionals, forwarded: args.slice(cut + 1) };
}

/** Steps whose folder is not there cannot run; that is told, never passed over. */
function withoutAbsent(steps: readonly Step[]): Step[] {
  const needed: Partial<Record<Step['group'], string>> = {
    e2e: 'e2e',
    gitops: 'gitops',
    chart: 'charts',
    library: 'library/train',
    clients: 'runtime/conformance',
    python: 'sdk/python',
  };
  return steps.filter(({ name, group }) => {
    const folder = needed[group];
    const present = folder === undefined || existsSync(folder);
    if (!present) console.log(`NOT RUN: ${name}, because there is no folder ${folder}`);
    return present;
  });
}

const startedAt = Date.now();
const { names, forwarded } = readArguments();
const statusFolder = mkdtempSync(join(tmpdir(), 'aimass-statuses-'));
const steps = withoutAbsent(chooseSteps(allSteps({ statusFolder, forwarded }), names));
const show = steps.filter(({ group }) => group !== 'setup').length === 1;
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    interruption.abort();
    interruptSteps(signal);
  });
}
const outcomes = await runSteps(steps, (step) => runVisibly(step, { startedAt, show }), interruption.signal);
process.exitCode = tellSummary(outcomes, startedAt) ? 0 : 1;

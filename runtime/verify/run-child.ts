import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { ModelFailure } from '../model-failure.ts';
import { guardMemory } from './memory-guard.ts';
import type { ChildMessage, Findings, VerifyJob } from './messages.ts';

const MAX_STDERR = 64 * 1024;

/** How the process that runs the model is started and bounded. */
export interface ChildRun {
  job: VerifyJob;
  /** The program's entry file, which knows the hidden role `verify-child`. */
  entry: string;
  timeoutMs: number;
  memoryLimitBytes: number | undefined;
  /** Told of findings as they come, so that they outlive a crash. */
  onFound: (findings: Findings) => void;
}

/** How a process ended. */
interface Ending {
  code: number | null;
  signal: NodeJS.Signals | null;
  stderr: string;
}

/** What the end of a process means that did not say goodbye. */
function describeEnding({ code, signal, stderr }: Ending): ModelFailure {
  if (signal === 'SIGKILL' || /out of memory|bad_alloc|bad allocation|Failed to allocate memory/i.test(stderr)) {
    return new ModelFailure(
      'OutOfMemory',
      'The model needed more memory than the verification may use and was stopped. Give verification more memory, or make the model smaller.',
    );
  }
  const how = signal === null ? `with exit code ${code ?? 'unknown'}` : `by signal ${signal}`;
  return new ModelFailure(
    'VerificationCrashed',
    `The process that ran the model was ended ${how}. The model crashes the engine: export it again, with standard operators and another opset.`,
  );
}

/** Runs the model in a process of its own and resolves when all went well. */
export async function runChild(run: ChildRun): Promise<void> {
  const child = fork(run.entry, ['verify-child'], {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const outcome = Promise.withResolvers<void>();
  const stop = (failure: ModelFailure) => {
    outcome.reject(failure);
    child.kill('SIGKILL');
  };
  const timer = setTimeout(() => stop(tookTooLong(run.timeoutMs)), run.timeoutMs);
  const unguard = guardMemory({
    pid: child.pid ?? 0,
    limitBytes: run.memoryLimitBytes,
    onExceeded: () => stop(describeEnding({ code: null, signal: 'SIGKILL', stderr: '' })),
  });
  const ended = listenTo(child, run, outcome);
  try {
    await outcome.promise;
  } finally {
    clearTimeout(timer);
    unguard();
    await ended;
  }
}

const tookTooLong = (timeoutMs: number) =>
  new ModelFailure(
    'VerificationTimeout',
    `The model was not loaded, checked and measured within ${timeoutMs / 1000} s. It may hang, or it is too slow for the CPU that verification has.`,
  );

function listenTo(child: ChildProcess, run: ChildRun, outcome: PromiseWithResolvers<void>): Promise<void> {
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr = (stderr + chunk.toString('utf8')).slice(-MAX_STDERR);
  });
  child.on('message', (message: ChildMessage) => {
    if (message.kind === 'ready') child.send(run.job);
    if (message.kind === 'found') run.onFound(message.findings);
    if (message.kind === 'done') outcome.resolve();
    if (message.kind === 'failed') outcome.reject(asFailure(message.failure));
  });
  child.on('error', (cause) => outcome.reject(new Error('the verification process cannot be started', { cause })));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => {
      outcome.reject(describeEnding({ code, signal, stderr }));
      resolve();
    });
  });
}

const asFailure = ({ reason, message, retryable }: Extract<ChildMessage, { kind: 'failed' }>['failure']) =>
  new ModelFailure(reason as ModelFailure['reason'], message, { retryable });

import { setTimeout as delay } from 'node:timers/promises';
import { ModelFailure } from '../model-failure.ts';
import type { ByteBudget } from './counted-writer.ts';
import { CountedWriter } from './counted-writer.ts';
import type { HttpReply } from './http-client.ts';
import { headerOf } from './http-client.ts';
import { describeHttpStatus, describeNetworkFailure } from './network-failure.ts';

const MAX_RESUMES = 5;
const RETRY_DELAY_MS = 500;

/** Sends the request with extra headers: none at first, a range when a broken download goes on. */
type Opener = (headers: Record<string, string>) => Promise<HttpReply>;

/** How long to try again when connections break. */
export interface Patience {
  /** Wait before the first retry, doubled while there is no progress. */
  retryDelayMs?: number | undefined;
  maxResumes?: number | undefined;
}

/** One file to download. */
export interface Download {
  open: Opener;
  filePath: string;
  budget: ByteBudget;
  /** How the server is named in messages. */
  what: string;
  /** Looks at the head and the first bytes and throws when they are not what was wanted. */
  inspectStart?: (reply: HttpReply, firstBytes: Buffer) => void;
  patience?: Patience;
  signal?: AbortSignal | undefined;
}

/** Downloads to a file, going on after broken connections where the server can, and gives digest and size. */
export async function download(job: Download): Promise<{ digest: string; sizeBytes: number }> {
  const writer = await CountedWriter.create(job.filePath, job.budget);
  try {
    await downloadInto(writer, job);
  } catch (error) {
    await writer.close();
    throw error;
  }
  return writer.finish();
}

async function downloadInto(writer: CountedWriter, job: Download): Promise<void> {
  const { maxResumes = MAX_RESUMES, retryDelayMs = RETRY_DELAY_MS } = job.patience ?? {};
  let validator: string | undefined;
  for (let resume = 0; ; resume += 1) {
    const before = writer.sizeBytes;
    try {
      const reply = await openFrom(writer, job, validator);
      validator = validatorOf(reply);
      await copyBody(reply, writer, job);
      return;
    } catch (error) {
      const failure = describeBroken(error, writer.sizeBytes, job.what);
      if (resume >= maxResumes || !canGoOn(failure, writer, job)) throw failure;
      // Progress earns a fresh start of the waiting time.
      const exponent = writer.sizeBytes > before ? 0 : resume;
      await delay(retryDelayMs * 2 ** exponent);
    }
  }
}

/** Before the first byte a failure is the source's answer: the Job as a whole is what tries that again. */
const canGoOn = (failure: ModelFailure, writer: CountedWriter, { signal }: Download) =>
  failure.retryable && failure.reason !== 'StorageFull' && writer.sizeBytes > 0 && signal?.aborted !== true;

/** Opens the source where the file ends so far; starts over when the server cannot go on from there. */
async function openFrom(writer: CountedWriter, job: Download, validator: string | undefined): Promise<HttpReply> {
  const offset = writer.sizeBytes;
  const canResume = offset > 0 && validator !== undefined;
  const reply = await job.open(canResume ? { range: `bytes=${offset}-`, 'if-range': validator } : {});
  const isContinued = canResume && reply.status === 206 && startsAt(reply, offset);
  if (!isContinued && reply.status !== 200) {
    letGo(reply);
    throw describeHttpStatus(reply.status, job.what);
  }
  if (!isContinued && offset > 0) await writer.restart();
  return reply;
}

const startsAt = (reply: HttpReply, offset: number) =>
  headerOf(reply, 'content-range')?.startsWith(`bytes ${offset}-`) === true;

/** What proves on resuming that the file is still the same; weak tags prove nothing about bytes. */
function validatorOf(reply: HttpReply): string | undefined {
  const tag = headerOf(reply, 'etag');
  return tag !== undefined && !tag.startsWith('W/') ? tag : headerOf(reply, 'last-modified');
}

/** Ends the transfer of a body that is not wanted any more; that it is cut off is then no error. */
function letGo({ body }: HttpReply): void {
  body.on('error', () => {});
  body.destroy();
}

async function copyBody(reply: HttpReply, writer: CountedWriter, job: Download): Promise<void> {
  // Thrown before the body was read through, its connection must not go back to the pool.
  try {
    const encoding = headerOf(reply, 'content-encoding') ?? 'identity';
    if (encoding !== 'identity') {
      throw new ModelFailure(
        'SourceRefused',
        `${job.what} sends the file compressed (${encoding}) though that was not asked for.`,
      );
    }
    const announced = Number(headerOf(reply, 'content-length') ?? 0);
    if (Number.isFinite(announced)) job.budget.expect(announced);
    for await (const chunk of reply.body as AsyncIterable<Buffer>) {
      if (writer.sizeBytes === 0) job.inspectStart?.(reply, chunk);
      await writer.write(chunk);
    }
  } finally {
    letGo(reply);
  }
}

/** A connection that broke in the middle of the file is a truncated source, not an unreachable one. */
function describeBroken(error: unknown, received: number, what: string): ModelFailure {
  const failure = describeNetworkFailure(error, what);
  if (failure.reason !== 'SourceUnreachable' || received === 0 || error instanceof ModelFailure) return failure;
  return new ModelFailure('SourceTruncated', `${what} broke off after ${received} bytes, again and again.`, {
    cause: error,
  });
}

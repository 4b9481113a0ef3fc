import { once } from 'node:events';
import { ApiError, toApiError } from '../../errors.ts';
import { createLocalWork } from '../local-work.ts';
import type { TaskBody, TaskRequest, TaskWork } from '../work.ts';
import type { Message } from './frame.ts';
import { FrameReader, packRuns, unpackRuns, writeFrame } from './frame.ts';

type Heads = Parameters<typeof unpackRuns>[0];

/** One step of a request, as the server asks for it. */
interface Step {
  id: number;
  step: 'modelOf' | 'prepare' | 'reduce' | 'finish';
  request: TaskRequest;
  contentType?: string;
  index?: number;
  heads?: Heads;
}

async function answer(work: TaskWork, { value, parts }: Message): Promise<Message> {
  const { step, request, contentType, index = 0, heads = [] } = value as unknown as Step;
  const body: TaskBody = { bytes: parts[0] ?? new Uint8Array(), contentType };
  if (step === 'modelOf') return { value: { model: await work.modelOf(body) }, parts: [] };
  if (step === 'prepare') {
    const { runs, context, ...rest } = await work.prepare(request, body);
    const packed = packRuns(runs);
    // The server hands this back as it is: it can be large, and reading it there would keep the front waiting.
    const kept = Buffer.from(JSON.stringify(context));
    return { value: { ...rest, heads: packed.heads }, parts: [kept, ...packed.parts] };
  }
  const [kept = new Uint8Array(), ...tensors] = parts;
  const context = JSON.parse(Buffer.from(kept.buffer, kept.byteOffset, kept.byteLength).toString('utf8')) as unknown;
  const runs = unpackRuns(heads, tensors);
  if (step === 'reduce') {
    const packed = packRuns([await work.reduce(request, context, { index, outputs: runs[0] ?? [] })]);
    return { value: { heads: packed.heads }, parts: packed.parts };
  }
  return { value: {}, parts: [await work.finish(request, context, runs)] };
}

/** What was foreseen is told to the client; the cause of anything else goes to the server's log. */
function describe(error: unknown): Message {
  const { code, message, cause } = toApiError(error);
  if (!(error instanceof ApiError)) process.stderr.write(`${String(cause instanceof Error ? cause.stack : cause)}\n`);
  return { value: { error: { code, message } }, parts: [] };
}

async function send(message: Message): Promise<void> {
  const chunks = writeFrame(message);
  process.stdout.cork();
  const flows = chunks.map((chunk) => process.stdout.write(chunk)).every(Boolean);
  process.stdout.uncork();
  if (!flows) await once(process.stdout, 'drain');
}

/** Prepares inputs and finishes outputs for the server that started this process, until the server goes away. */
export async function runTaskProcess(): Promise<number> {
  const work = createLocalWork();
  const reader = new FrameReader();
  process.stdin.on('data', (chunk: Buffer) => {
    for (const message of reader.push(chunk)) {
      const { id } = message.value;
      void answer(work, message)
        .catch(describe)
        .then(({ value, parts }) => send({ value: { ...value, id }, parts }));
    }
  });
  await once(process.stdin, 'end');
  return 0;
}

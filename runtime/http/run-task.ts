import { ApiError } from '../errors.ts';
import type { Tensor } from '../protocol/tensor.ts';
import { tensorBytes } from '../protocol/tensor-bytes.ts';
import type { RequestTensor } from '../protocol/v2-request.ts';
import type { Call } from '../serving/call.ts';
import type { ModelFiles, ModelTarget, Plane } from '../serving/plane.ts';
import { createLocalWork } from '../tasks/local-work.ts';
import type { Prepared, Style, TaskBody, TaskRequest, TaskWork } from '../tasks/work.ts';

/** Tables up to this size are read in the server itself: they need neither native code nor much time. */
const SMALL_TABLE_BYTES = 64 * 1024;
/** Bodies up to this size are parsed in the server to see which model they name. */
const SMALL_BODY_BYTES = 256 * 1024;
/** Runs of one request that wait for the model at once. */
const PARALLEL_RUNS = 4;

/** Tasks that one model can do in each other's place. */
const ALIKE: readonly (readonly string[])[] = [
  ['feature-extraction', 'sentence-similarity'],
  ['text-classification', 'text-ranking', 'zero-shot-classification'],
];

/** What a client asks. */
interface TaskCall {
  target: ModelTarget;
  /** The task that the path names, or that the shapes stand for; absent means the model's own. */
  task: string | undefined;
  style: Style;
  body: TaskBody;
  call: Call;
}

/** Milliseconds that each part of a request took. */
export interface TaskTimes {
  task: string;
  model: string;
  prepareMs: number;
  runMs: number;
  finishMs: number;
}

/** What task endpoints need. */
export interface TaskRunnerOptions {
  plane: Plane;
  /** Where images are decoded and texts cut into tokens: the task process. */
  work: TaskWork;
  onTimes?: ((times: TaskTimes) => void) | undefined;
}

/** Answers requests for tasks. */
export interface TaskRunner {
  run(asked: TaskCall): Promise<Uint8Array>;
  /** The model that a body names in its field "model". */
  modelOf(body: TaskBody): Promise<string | undefined>;
}

/** The task that is meant; refused when the model does another. */
function chooseTask({ name, task: own }: ModelFiles, asked: string | undefined): string {
  const isOpen = own === undefined || own === 'custom';
  if (asked === undefined) {
    if (!isOpen) return own;
    const problem = own === undefined ? 'has no task' : 'has the task "custom", which has no endpoint';
    throw new ApiError(
      'InvalidRequest',
      `The model "${name}" ${problem}; name one in the path, /models/${name}/pipeline/TASK, or send tensors to the V2 endpoint.`,
    );
  }
  const fits = isOpen || own === asked || ALIKE.some((group) => group.includes(own) && group.includes(asked));
  if (!fits)
    throw new ApiError(
      'InvalidRequest',
      `The model "${name}" does ${own}, not ${JSON.stringify(asked.slice(0, 60))}; ask for its own task.`,
    );
  return asked;
}

const requestTensor = (tensor: Tensor): RequestTensor => ({
  name: tensor.name,
  datatype: tensor.datatype,
  shape: [...tensor.shape],
  source: { kind: 'raw', bytes: tensorBytes(tensor) },
  place: 'inputs',
});

/** A request on its way. */
interface Trip {
  request: TaskRequest;
  prepared: Prepared;
  work: TaskWork;
  target: ModelTarget;
  call: Call;
}

async function runOnce(
  plane: Plane,
  { request, prepared, work, target, call }: Trip,
  index: number,
): Promise<readonly Tensor[]> {
  const inputs = (prepared.runs[index] ?? []).map(requestTensor);
  const { outputs } = await plane.infer(target, { inputs, outputs: prepared.outputs.map((name) => ({ name })) }, call);
  if (!prepared.isReduced || prepared.runs.length === 1) return outputs;
  return work.reduce(request, prepared.context, { index, outputs });
}

async function runAll(plane: Plane, trip: Trip): Promise<(readonly Tensor[])[]> {
  const answers: (readonly Tensor[])[] = [];
  const { runs } = trip.prepared;
  for (let at = 0; at < runs.length; at += PARALLEL_RUNS) {
    if (trip.call.isCancelled) throw new ApiError('Cancelled', 'The client left before its answer was there.');
    const part = runs.slice(at, at + PARALLEL_RUNS).map((_, index) => runOnce(plane, trip, at + index));
    answers.push(...(await Promise.all(part)));
  }
  return answers;
}

/** Joins a plane and the work of the tasks into endpoints without transport. */
export function createTaskRunner({ plane, work: remote, onTimes }: TaskRunnerOptions): TaskRunner {
  const local = createLocalWork();
  const run = async ({ target, task: asked, style, body, call }: TaskCall): Promise<Uint8Array> => {
    const files = await plane.files(target);
    const task = chooseTask(files, asked);
    const { name, version, directory, inputs, outputs } = files;
    const request = { task, style, model: { name, directory, inputs, outputs } };
    const isSmallTable = task.startsWith('tabular-') && body.bytes.byteLength <= SMALL_TABLE_BYTES;
    const work = isSmallTable ? local : remote;
    const startedAt = performance.now();
    const prepared = await work.prepare(request, body);
    const preparedAt = performance.now();
    const answers = await runAll(plane, { request, prepared, work, target: { name, version }, call });
    const ranAt = performance.now();
    const reply = await work.finish(request, prepared.context, answers);
    const finishMs = performance.now() - ranAt;
    onTimes?.({ task, model: name, prepareMs: preparedAt - startedAt, runMs: ranAt - preparedAt, finishMs });
    return reply;
  };
  const modelOf = (body: TaskBody) => (body.bytes.byteLength <= SMALL_BODY_BYTES ? local : remote).modelOf(body);
  return { run, modelOf };
}

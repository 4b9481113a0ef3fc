import { field, parseBody, readText } from './body.ts';
import { kindOf } from './kinds.ts';
import type { Job } from './kind.ts';
import { ModelFolders } from './model-folder.ts';
import type { TaskRequest, TaskWork } from './work.ts';
import { writeJson } from './write-json.ts';

/** Does the work in this process: what the task process does, and the server itself for small tables. */
export function createLocalWork(): TaskWork {
  const folders = new ModelFolders();
  const jobOf = async ({ task, style, model }: TaskRequest): Promise<Job> => ({
    task,
    style,
    model,
    folder: await folders.open(model.directory),
  });
  return {
    modelOf: async (body) => {
      const name = field(parseBody(body), 'model');
      return name === undefined ? undefined : readText(name, 'model');
    },
    async prepare(request, body) {
      const kind = kindOf(request);
      const prepared = await kind.prepare(await jobOf(request), body);
      return { ...prepared, isReduced: kind.reduce !== undefined };
    },
    async reduce(request, context, run) {
      const kind = kindOf(request);
      return kind.reduce === undefined ? [...run.outputs] : kind.reduce(await jobOf(request), context, run);
    },
    async finish(request, context, runs) {
      const kind = kindOf(request);
      const job = await jobOf(request);
      // What was made smaller before stays as it is.
      const small = await Promise.all(
        runs.map(async (outputs, index) => kind.reduce?.(job, context, { index, outputs }) ?? outputs),
      );
      return Buffer.from(writeJson(await kind.finish(job, context, small)));
    },
  };
}

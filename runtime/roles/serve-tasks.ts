import type { RequestHandler } from 'express';
import { createOpenAiRouter } from '../http/openai-routes.ts';
import { createTaskRunner } from '../http/run-task.ts';
import { createTaskRouter } from '../http/task-routes.ts';
import type { createLog } from '../log.ts';
import type { DataPlane } from '../serving/data-plane.ts';
import type { Library } from '../serving/library.ts';
import { TaskProcess } from '../tasks/process/task-process.ts';

/** What task endpoints need of the server. */
export interface TaskNeeds {
  plane: DataPlane;
  library: Library;
  maxBodyBytes: number;
  log: ReturnType<typeof createLog>;
  onFailure: (error: unknown) => void;
}

/** The task endpoints, and the process that prepares for them; it is started when it is first needed. */
export function createTasks({ plane, library, maxBodyBytes, log, onFailure }: TaskNeeds): {
  routers: RequestHandler[];
  close: () => void;
} {
  const work = new TaskProcess({ onLost: (report) => log.warn(report, 'task process restarts') });
  const tasks = createTaskRunner({
    plane,
    work,
    onTimes: ({ model, prepareMs, finishMs }) => {
      const stages = plane.hosted({ name: model })?.meter.stages;
      stages?.preprocess.observe(prepareMs / 1000);
      stages?.postprocess.observe(finishMs / 1000);
    },
  });
  const shared = { plane, tasks, maxBodyBytes, onFailure };
  return {
    routers: [createTaskRouter(shared), createOpenAiRouter({ ...shared, modelNames: () => library.names() })],
    close: () => work.close(),
  };
}

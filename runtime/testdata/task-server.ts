import { cp } from 'node:fs/promises';
import path from 'node:path';
import type { Server } from 'node:http';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createApp } from '../http/app.ts';
import { createOpenAiRouter } from '../http/openai-routes.ts';
import { createTaskRouter } from '../http/task-routes.ts';
import { TaskProcess } from '../tasks/process/task-process.ts';
import type { TaskProcessOptions } from '../tasks/process/task-process.ts';
import type { TaskTimes } from '../http/run-task.ts';
import { createTaskRunner } from '../http/run-task.ts';
import { serveFolder } from './folder-server.ts';
import { makeTestFolder } from './model-folder.ts';

const MODELS = path.join(import.meta.dirname, 'tasks', 'models');
const LIBRARY = path.join(import.meta.dirname, '..', '..', 'library');

/** A server of task endpoints over real models, a real engine and a real task process. */
export interface TaskServer {
  url: string;
  work: TaskProcess;
  times: TaskTimes[];
  failures: unknown[];
  stop: () => Promise<void>;
}

const copyModel = (name: string, into: string) =>
  cp(path.join(['iris', 'digits', 'diabetes'].includes(name) ? LIBRARY : MODELS, name), into, { recursive: true });

/** Serves models of the library and of testdata, by name. */
export async function startTaskServer(names: readonly string[], options: TaskProcessOptions & { maxBodyBytes?: number } = {}): Promise<TaskServer> {
  const folder = await makeTestFolder();
  for (const name of names) await copyModel(name, folder.at(name));
  const { plane, stop } = await serveFolder(folder.path);
  const work = new TaskProcess(options);
  const times: TaskTimes[] = [];
  const failures: unknown[] = [];
  const tasks = createTaskRunner({ plane, work, onTimes: (entry) => void times.push(entry) });
  const shared = { plane, tasks, maxBodyBytes: options.maxBodyBytes ?? 64 * 1024 ** 2, onFailure: (error: unknown) => void failures.push(error) };
  const routers = [createTaskRouter(shared), createOpenAiRouter({ ...shared, modelNames: () => [...names] })];
  const server: Server = http.createServer(createApp({ plane, routers }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    work,
    times,
    failures,
    stop: async () => {
      server.close();
      server.closeAllConnections();
      work.close();
      await stop();
      await folder.remove('.');
    },
  };
}

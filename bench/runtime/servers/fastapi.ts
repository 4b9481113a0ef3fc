import { ENVIRONMENTS, ONE_THREAD, packagesOf, programOf, pythonFile } from './python-peer.ts';
import { V2_SERVER, type ServerKind } from './server.ts';

/** FastAPI with onnxruntime, one worker of uvicorn. */
export const fastapi: ServerKind = {
  ...V2_SERVER,
  name: 'fastapi',
  about: 'FastAPI 0.165 with pydantic and onnxruntime, one uvicorn worker (uvloop, httptools), access log off',
  transports: ['json'],
  isPeer: true,
  dependencies: packagesOf(ENVIRONMENTS.fastapi),
  command: ({ modelsDir, ports, folder }) => ({
    argv: [
      programOf(ENVIRONMENTS.fastapi, 'uvicorn'),
      'fastapi_app:app',
      `--app-dir=${pythonFile('')}`,
      '--host=127.0.0.1',
      `--port=${ports.http}`,
      '--no-access-log',
      '--log-level=warning',
    ],
    env: { ...ONE_THREAD, BENCH_MODELS_DIR: modelsDir, PYTHONDONTWRITEBYTECODE: '1' },
    cwd: folder,
  }),
};

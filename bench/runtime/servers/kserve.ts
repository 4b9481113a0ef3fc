import { ENVIRONMENTS, ONE_THREAD, packagesOf, programOf, pythonFile } from './python-peer.ts';
import { V2_SERVER, type ServerKind } from './server.ts';

/** KServe's Python server with a custom model, one worker. */
export const kserve: ServerKind = {
  ...V2_SERVER,
  name: 'kserve',
  about: 'KServe 0.21 Python server, custom model with onnxruntime, one worker, latency log off',
  transports: ['json', 'binary', 'grpc'],
  isPeer: true,
  dependencies: packagesOf(ENVIRONMENTS.kserve),
  command: ({ modelsDir, ports, folder }) => ({
    argv: [
      programOf(ENVIRONMENTS.kserve, 'python'),
      pythonFile('kserve_server.py'),
      `--http_port=${ports.http}`,
      `--grpc_port=${ports.grpc}`,
    ],
    env: { ...ONE_THREAD, BENCH_MODELS_DIR: modelsDir },
    cwd: folder,
  }),
};

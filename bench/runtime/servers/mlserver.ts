import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ENVIRONMENTS, ONE_THREAD, packagesOf, programOf, pythonFile } from './python-peer.ts';
import { V2_SERVER, type ServerKind, type StartPlan } from './server.ts';

function writeSettings({ models, modelsDir, ports, folder }: StartPlan): void {
  const settings = {
    debug: false,
    host: '127.0.0.1',
    http_port: ports.http,
    grpc_port: ports.grpc,
    metrics_port: ports.metrics,
    parallel_workers: 0,
    grpc_max_message_length: 64 * 1024 * 1024,
  };
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  for (const name of models) {
    const model = join(folder, name);
    mkdirSync(model);
    symlinkSync(pythonFile('mlserver_runtime.py'), join(model, 'mlserver_runtime.py'));
    const uri = join(modelsDir, name, '1', 'model.onnx');
    const parameters = { name, implementation: 'mlserver_runtime.OnnxModel', parameters: { uri, version: '1' } };
    writeFileSync(join(model, 'model-settings.json'), JSON.stringify(parameters));
  }
}

/** MLServer with a custom runtime, in one process. */
export const mlserver: ServerKind = {
  ...V2_SERVER,
  name: 'mlserver',
  about: 'MLServer 1.7.1, custom runtime class with onnxruntime, parallel_workers 0',
  transports: ['json', 'binary', 'grpc'],
  isPeer: true,
  dependencies: packagesOf(ENVIRONMENTS.mlserver),
  command: (plan) => {
    writeSettings(plan);
    return {
      argv: [programOf(ENVIRONMENTS.mlserver, 'mlserver'), 'start', plan.folder],
      env: { ...ONE_THREAD, PYTHONPATH: join(import.meta.dirname, 'python'), PYTHONDONTWRITEBYTECODE: '1' },
      cwd: plan.folder,
    };
  },
};

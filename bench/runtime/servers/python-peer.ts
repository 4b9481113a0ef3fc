import { join } from 'node:path';

/** Where the virtual environments, the models and the logs of the benchmark are. */
export const benchFolder = (): string =>
  join(process.env.AIMASS_CACHE ?? join(process.env.HOME ?? '/tmp', '.cache', 'aimass'), 'bench');

/** A peer's virtual environment: its name and what pip installs. */
export interface Environment {
  name: string;
  requirements: readonly string[];
}

const ENGINE = 'onnxruntime==1.32.0';

/** The environments: one for each peer, since their pins do not agree, and one that makes the models. */
export const ENVIRONMENTS = {
  tools: { name: 'tools', requirements: ['onnx==1.23.2', 'numpy', ENGINE] },
  mlserver: { name: 'mlserver', requirements: ['mlserver==1.7.1', ENGINE] },
  kserve: { name: 'kserve', requirements: ['kserve==0.21.0', ENGINE] },
  triton: { name: 'triton', requirements: ['nvidia-pytriton==0.7.0', ENGINE] },
  fastapi: { name: 'fastapi', requirements: ['fastapi==0.165.0', 'uvicorn[standard]==0.54.0', ENGINE] },
} as const satisfies Record<string, Environment>;

/** A program of an environment. */
export const programOf = ({ name }: Environment, program: string): string =>
  join(benchFolder(), 'venv', name, 'bin', program);

/** Where an environment's packages lie. */
export const packagesOf = ({ name }: Environment): string => join(benchFolder(), 'venv', name, 'lib');

/** One of our Python files. */
export const pythonFile = (name: string): string => join(import.meta.dirname, 'python', name);

/** Threads of numeric libraries other than the engine, whose own are set in code. */
export const ONE_THREAD = { OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1', MKL_NUM_THREADS: '1' };

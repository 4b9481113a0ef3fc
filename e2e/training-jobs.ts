import { get, untilCondition, type Live } from './cluster.ts';

export const TRAINING_JOB = 'trainingjob.aimass.dev';
/** So little that many pods find room on a node of two cores. */
export const SMALL = { resources: { requests: { cpu: '50m', memory: '64Mi' } } };

/** A program that writes a model, and says that it is so good in each run. */
export const modelProgram = (accuracy: string): string[] => [
  'import json, os',
  'from sklearn import datasets, linear_model',
  'from skl2onnx import to_onnx',
  'X, y = datasets.load_iris(return_X_y=True)',
  'fitted = linear_model.LogisticRegression(max_iter=200).fit(X, y)',
  'open("/aimass/output/model.onnx", "wb").write(to_onnx(fitted, X[:1].astype("float32"), options={"zipmap": False}).SerializeToString())',
  'run = int(os.environ["AIMASS_RUN"])',
  `json.dump({"accuracy": ${accuracy}}, open("/aimass/output/metrics.json", "w"))`,
];

/** What the tests read of a job's status. */
export interface TrainingStatus extends NonNullable<Live['status']> {
  run?: { number: number; restarts?: number };
  progress?: { step?: number };
  stages?: { name: string; state: string; reason?: string; attempt?: number }[];
  runs?: { number: number; promoted?: boolean; digest?: string }[];
  artifact?: { run: number; digest: string };
}

/** The training jobs of a namespace. */
export function trainingJobs(namespace: string) {
  const job = (name: string, spec: Record<string, unknown>) => ({
    apiVersion: 'aimass.dev/v1alpha1',
    kind: 'TrainingJob',
    metadata: { name, namespace },
    spec: { workers: SMALL, ...spec },
  });
  return {
    job,
    /** A job that runs lines of Python. */
    python: (name: string, lines: readonly string[], spec: Record<string, unknown> = {}) =>
      job(name, { command: ['python3', '-u', '-c', lines.join('\n')], ...spec }),
    ready: (name: string, seconds = 300): Promise<Live> => untilCondition(TRAINING_JOB, name, { namespace, seconds }),
    statusOf: async (name: string): Promise<TrainingStatus> =>
      ((await get(TRAINING_JOB, name, namespace))?.status ?? {}) as TrainingStatus,
  };
}

import { INDEX, type Workers } from '../workers.ts';

const PORT = 2222;

/**
 * For tf.distribute: worker 0 is the chief of MultiWorkerMirroredStrategy. A single worker needs nothing. The index is a
 * number in this JSON, so it is put in by hand.
 */
export const tensorflowEnvironment = ({ count, hosts }: Workers): Record<string, string> => {
  if (count === 1) return {};
  const cluster = JSON.stringify({ worker: hosts.map((host) => `${host}:${PORT}`) });
  return { TF_CONFIG: `{"cluster":${cluster},"task":{"type":"worker","index":${INDEX}}}` };
};

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

const TUTORIALS = join(import.meta.dirname, '..', 'docs', 'tutorials', 'training');

/** An object of a tutorial. */
interface Manifest {
  kind: string;
  metadata: { name: string; namespace: string };
  spec: Record<string, unknown>;
}

/** The objects of a tutorial, in a namespace. */
export const tutorial = (file: string, namespace: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(TUTORIALS, file), 'utf8')).map((document) => {
    const manifest = document.toJS() as Manifest;
    return { ...manifest, metadata: { ...manifest.metadata, namespace } };
  });

/** The only, or first, job of a tutorial, in a namespace. */
export function tutorialJob(file: string, namespace: string): Manifest {
  const [job] = tutorial(file, namespace);
  if (job?.kind !== 'TrainingJob') throw new Error(`${file} does not begin with a TrainingJob`);
  return job;
}

/** A ConfigMap with a program. */
interface Code {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace: string };
  data: { 'train.py': string };
}

/** The program of a tutorial, as `kubectl create configmap --from-file=train.py=FILE` makes it. */
export const tutorialCode = (name: string, file: string, namespace: string): Code => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { 'train.py': readFileSync(join(TUTORIALS, file), 'utf8') },
});

/** In this epoch of its first attempt, after two checkpoints, the second worker of `heldUntilKilled` waits. */
export const HELD_EPOCH = 3;

/** The distributed program, which cannot end before its second worker was killed once, however fast the machine is. */
export function heldUntilKilled(code: Code): Code {
  const end = '    dist.barrier()\n';
  const program = code.data['train.py'];
  if (program.split(end).length !== 2) throw new Error('the end of an epoch is not where the test looks for it');
  const hold = `    if start == 0 and epoch + 1 == ${HELD_EPOCH} and os.environ["JOB_COMPLETION_INDEX"] == "1":\n        __import__("time").sleep(3600)\n`;
  return { ...code, data: { 'train.py': program.replace(end, hold + end) } };
}

import type { TrainingJobSpec } from '../../../../../crds/schema/training-job.ts';
import { MPI_FOLDER } from './environment.ts';

/** Programs that start others on all hosts. */
const LAUNCHERS = new Set(['mpirun', 'mpiexec', 'mpiexec.hydra', 'orterun', 'prterun', 'horovodrun']);

/**
 * Whether worker 0 runs the command, and with it starts programs on the others: with several workers of caffe, and of horovod
 * when the command is one that does so. Otherwise every worker runs the command.
 */
export const isLaunched = ({ framework, command, workers }: TrainingJobSpec): boolean =>
  (workers?.count ?? 1) > 1 && (framework === 'caffe' || (framework === 'horovod' && isLauncher(command?.[0])));

const isLauncher = (word: string | undefined): boolean => LAUNCHERS.has(word?.split('/').at(-1) ?? '');

/** The command that makes worker 0 run a command. */
export const launched = (command: readonly string[]): string[] => ['/bin/sh', `${MPI_FOLDER}/launch`, ...command];

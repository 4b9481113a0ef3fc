import { expect, test } from '@jest/globals';
import { specOf, type Written } from '../../testing.ts';
import { isLaunched } from './launched.ts';

const spec = (framework: Written['framework'], command: string[], count = 2) =>
  specOf({ image: 'image', framework, command, workers: { count } });

test.each([
  { name: 'caffe', asked: spec('caffe', ['sh', 'train.sh']), want: true },
  { name: 'caffe, alone', asked: spec('caffe', ['mpirun', 'caffe'], 1), want: false },
  { name: 'horovod, over Gloo', asked: spec('horovod', ['python3', 'train.py']), want: false },
  { name: 'horovod, by its launcher', asked: spec('horovod', ['/opt/bin/horovodrun', '-np', '2']), want: true },
  { name: 'horovod, over MPI', asked: spec('horovod', ['mpirun', 'python3', 'train.py']), want: true },
  { name: 'pytorch, whatever it runs', asked: spec('pytorch', ['mpirun', 'python3', 'train.py']), want: false },
])('$name: worker 0 alone runs the command: $want', ({ asked, want }) => {
  expect(isLaunched(asked)).toBe(want);
});

import { expect, test } from '@jest/globals';
import { asSentence, remedyForMissing, schedulerWords } from './words.ts';

test.each([
  { text: 'no mark', want: 'no mark.' },
  { text: ' a mark. ', want: 'a mark.' },
  { text: 'cut…', want: 'cut…' },
])('asSentence: $text', ({ text, want }) => expect(asSentence(text)).toBe(want));

// As Kubernetes 1.34 writes them.
test.each([
  {
    message:
      '0/1 nodes are available: 1 Insufficient memory. no new claims to deallocate, preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling.',
    want: '0/1 nodes are available: 1 Insufficient memory.',
  },
  {
    message: '0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No victims.',
    want: '0/3 nodes are available: 3 Insufficient cpu.',
  },
  {
    message: '0/1 nodes are available: persistentvolumeclaim "store" not found. not found',
    want: '0/1 nodes are available: persistentvolumeclaim "store" not found.',
  },
  { message: undefined, want: '.' },
])('schedulerWords: $want', ({ message, want }) => expect(schedulerWords(message)).toBe(want));

test.each([
  {
    text: 'MountVolume.SetUp failed for volume "credentials" : secret "login" not found',
    want: ' Create Secret "login" in this namespace, or correct the Model that names it.',
  },
  {
    text: 'persistentvolumeclaim "store" not found.',
    want: ' Create PersistentVolumeClaim "store" in this namespace, or correct the Model that names it.',
  },
  { text: 'no space left on device', want: '' },
])('remedyForMissing: $text', ({ text, want }) => expect(remedyForMissing(text)).toBe(want));

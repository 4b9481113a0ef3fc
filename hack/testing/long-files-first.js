import { basename } from 'node:path';
import Sequencer from '@jest/test-sequencer';

/** What waits longest starts first, so that nothing is left to wait for alone. Jest knows by itself only what it has run before. */
const LONGEST = ['serving', 'slow-source', 'training', 'bad-model', 'training-stall', 'training-schedule'];

const rankOf = ({ path }) => {
  const rank = LONGEST.indexOf(basename(path, '.e2e.ts'));
  return rank < 0 ? LONGEST.length : rank;
};

/** Jest's own order, but for the files that are known to be long. */
export default class LongFilesFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).sort((one, other) => rankOf(one) - rankOf(other));
  }
}

import { canonical } from '../log-lines/names.ts';

/** How many epochs or steps there will be, where the program does not print it. */
export interface Totals {
  epochs?: number;
  steps?: number;
}

const EPOCHS = ['epochs', 'num_epochs', 'max_epochs', 'n_epochs', 'num_train_epochs', 'total_epochs'];
const STEPS = [
  'max_steps',
  'total_steps',
  'num_steps',
  'steps',
  'num_boost_round',
  'n_estimators',
  'num_iterations',
  'iterations',
  'max_iter',
];

/** Reads the totals out of the parameters of a training, by the names that programs give them. */
export function totalsOf(parameters: Readonly<Record<string, unknown>>): Totals {
  const byName = new Map(Object.entries(parameters).map(([name, value]) => [canonical(name), value]));
  const find = (names: readonly string[]): number | undefined =>
    names.map((name) => byName.get(name)).find((value): value is number => typeof value === 'number' && value > 0);
  const epochs = find(EPOCHS);
  const steps = find(STEPS);
  return { ...(epochs === undefined ? {} : { epochs }), ...(steps === undefined ? {} : { steps }) };
}

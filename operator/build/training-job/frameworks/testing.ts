import type { Framework } from '../../../../crds/schema/training/program.ts';
import { planOf, type Written } from '../testing.ts';
import { type Workers, workersOf } from '../workers.ts';

/** Workers of a job named digits. */
export const workers = (asked: Written['workers'], framework: Framework = 'custom'): Workers =>
  workersOf(planOf({ image: 'image', framework, command: ['train'], workers: asked }));

/** What worker number `index` sees in place of the variable that Kubernetes puts in. */
export const seenBy = (index: number, environment: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [
      name,
      value.replaceAll('$(JOB_COMPLETION_INDEX)', String(index)),
    ]),
  );

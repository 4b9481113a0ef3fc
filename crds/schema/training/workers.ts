import { z } from 'zod';
import { accelerator } from '../placement.ts';
import { resources } from '../resources.ts';
import { withRules } from '../rules.ts';
import { duration } from '../shared.ts';

/** The pods that train. */
export const workers = withRules(
  z.strictObject({
    count: z.int32().min(1).max(1024).default(1).describe('How many pods train together. Default: 1.'),
    processesPerWorker: z
      .int32()
      .min(1)
      .max(64)
      .default(1)
      .describe(
        'How many processes each pod starts, where the launcher of the framework asks (torchrun, mpirun). Default: 1.',
      ),
    minCount: z
      .int32()
      .min(1)
      .max(1024)
      .optional()
      .describe('Elastic training (pytorch): goes on with as few as this many pods, and takes lost ones in again.'),
    resources: resources
      .optional()
      .describe(
        'Resources of each pod. Default: set by the platform team (requests 500m and 512Mi, memory limit 4Gi).',
      ),
    accelerator: accelerator.optional(),
  }),
  {
    rule: '!has(self.minCount) || self.minCount <= self.count',
    message: 'workers.minCount must not be greater than workers.count',
    holds: ({ minCount, count }) => minCount === undefined || minCount <= count,
  },
  {
    rule: '!has(self.accelerator) || !has(self.accelerator.resourceName) || !has(self.resources) || !has(self.resources.limits) || !(self.accelerator.resourceName in self.resources.limits)',
    message: 'the accelerator is asked for twice: leave its resource out of resources.limits',
    holds: (spec) => spec.resources?.limits?.[spec.accelerator?.resourceName ?? ''] === undefined,
  },
).describe('The pods that train.');

/** What is done about workers that no longer do anything. */
export const stall = z
  .strictObject({
    after: duration
      .default('10m')
      .describe('How long a worker may be without output and without use of the processor. Default: 10m.'),
    restart: z
      .boolean()
      .default(false)
      .describe(
        'Restart the workers then; it counts as a restart. Without it the worker is only reported. Default: false.',
      ),
  })
  .describe('What is done about a worker that hangs. It is named in status either way.');

/** Which failures are worth another try. */
export const restartOn = z
  .enum(['Infrastructure', 'AnyFailure'])
  .default('Infrastructure')
  .describe(
    'Infrastructure: start again when a worker was lost, evicted, preempted or killed, but not when the program failed or ran out of memory, which would happen again. AnyFailure: always. Default: Infrastructure.',
  );

import { z } from 'zod';
import { parameters } from './program.ts';

const trial = z.object({
  number: z.int32().min(0).describe('Number of the trial, from 0.'),
  state: z
    .enum(['Running', 'Succeeded', 'Failed', 'Pruned'])
    .describe('How it is. Pruned: stopped early, because it would not win.'),
  parameters: parameters.describe('What was tried.'),
  value: z.number().optional().describe('The objective.'),
  reason: z.string().max(128).optional().describe('Why it failed.'),
});
/** One training of a search, as status shows it. */
export type TrialStatus = z.infer<typeof trial>;

/** How a search goes. */
export const trials = z
  .object({
    total: z.int32().min(0).describe('How many were started.'),
    running: z.int32().min(0).describe('How many run now.'),
    succeeded: z.int32().min(0).describe('How many came to their end.'),
    failed: z.int32().min(0).describe('How many failed.'),
    pruned: z.int32().min(0).describe('How many were stopped early.'),
    best: trial.optional().describe('The best one so far.'),
    recent: z
      .array(trial)
      .max(20)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('The last twenty, newest first. All of them: `aimass trials NAME`.'),
    ledger: z
      .array(z.string().max(253))
      .max(32)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .optional()
      .describe('The ConfigMaps that hold all of them, one JSON object a line.'),
    endedBy: z.string().max(256).optional().describe('Why no more trials are started.'),
  })
  .describe('How the search goes.');

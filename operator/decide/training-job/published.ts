import { z } from 'zod';
import type { Artifact } from '../../../crds/schema/training/status.ts';
import type { Life } from './life.ts';

const report = z.object({
  uri: z.string().max(2048),
  digest: z.string().max(80),
  sizeBytes: z.int().min(0).optional().catch(undefined),
  originalUri: z.string().max(2048).optional().catch(undefined),
});

/** What the run has published, as its last stage reported; undefined when it publishes nothing. */
export function publishedBy({ run, stages, evaluation }: Life): Artifact | undefined {
  const told = report.safeParse(stages.find(({ name }) => name === 'publish')?.result);
  if (!told.success || run === undefined) return undefined;
  const { uri, digest, sizeBytes, originalUri } = told.data;
  return {
    uri,
    digest,
    ...(sizeBytes === undefined ? {} : { sizeBytes }),
    ...(originalUri === undefined ? {} : { originalUri }),
    run: run.number,
    ...(evaluation === undefined ? {} : { metrics: evaluation.metrics }),
  };
}

import type { RequestHandler } from 'express';
import { readFile } from 'node:fs/promises';
import type { Registry } from 'prom-client';
import type { ServeSettings } from '../flags/serve-settings.ts';
import { UsageError } from '../flags/usage-error.ts';
import { createAsyncRoutes } from '../http/async-routes.ts';
import { WebhookHosts } from '../http/webhook-hosts.ts';
import { parseWebhookSecret } from '../http/webhook-signature.ts';
import { Webhooks } from '../http/webhook.ts';
import { addAsyncMetrics } from '../metrics/async-metrics.ts';
import { AsyncJobs } from '../serving/async-jobs.ts';
import type { DataPlane } from '../serving/data-plane.ts';

/** Webhooks for jobs that ended last are still tried. */
const WEBHOOK_SHARE = 0.25;
const MAX_WEBHOOK_MS = 3_000;

/** Asynchronous requests of a server, from the start to the end. */
export interface ServedAsync {
  routes: RequestHandler;
  addMetrics(registry: Registry): void;
  /** Ends what has not ended, within a time. */
  drain(totalMs: number): Promise<void>;
}

interface Needs {
  plane: DataPlane;
  onFailure: (error: unknown) => void;
}

/** Sets up asynchronous requests as the settings say; undefined where they are off. */
export async function createAsync(
  { async, maxBodyBytes }: ServeSettings,
  { plane, onFailure }: Needs,
): Promise<ServedAsync | undefined> {
  const { maxJobs, maxJobBytes, jobTtlSeconds, webhookHosts, webhookSecretFile } = async;
  if (maxJobs === 0) return undefined;
  const webhooks = new Webhooks({ hosts: new WebhookHosts(webhookHosts), secret: await readSecret(webhookSecretFile) });
  const jobs = new AsyncJobs({
    maxJobs,
    maxBytes: maxJobBytes,
    ttlMs: jobTtlSeconds * 1000,
    onEnded: (job) => webhooks.notify(job),
  });
  return {
    routes: createAsyncRoutes({ plane, jobs, webhooks, maxBodyBytes, onFailure }),
    addMetrics: (registry) => addAsyncMetrics(registry, () => ({ ...jobs.figures, webhooks: webhooks.figures })),
    drain: async (totalMs) => {
      const webhookMs = Math.min(MAX_WEBHOOK_MS, totalMs * WEBHOOK_SHARE);
      await jobs.drain(totalMs - webhookMs);
      await webhooks.drain(webhookMs);
    },
  };
}

async function readSecret(file: string | undefined): Promise<Buffer> {
  // Without the file no host is listed, and nothing is ever signed.
  if (file === undefined) return Buffer.alloc(0);
  const secret = parseWebhookSecret(await readFile(file, 'utf8'));
  if (secret === undefined)
    throw new UsageError('--webhook-secret-file holds no secret; write whsec_ and 24 to 64 random bytes in base64');
  return secret;
}

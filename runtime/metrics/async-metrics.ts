import type { Registry } from 'prom-client';
import { Counter, Gauge } from 'prom-client';
import type { JobFigures } from '../serving/async-jobs.ts';

/** Adds what there is to know of asynchronous requests. */
export function addAsyncMetrics(
  registry: Registry,
  read: () => JobFigures & { webhooks: { delivered: number; failed: number } },
): void {
  const registers = [registry];
  const counter = (name: string, help: string, values: () => Record<string, number>) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: ['outcome'],
      collect() {
        this.reset();
        for (const [outcome, count] of Object.entries(values())) this.inc({ outcome }, count);
      },
    });
  counter('aimass_async_jobs_total', 'Asynchronous requests by outcome; refused ones found no room.', () => {
    const { ended, refused } = read();
    return { ...ended, refused };
  });
  counter('aimass_webhooks_total', 'Webhooks by outcome, after all tries.', () => read().webhooks);
  const gauge = (name: string, help: string, value: (figures: JobFigures) => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(value(read()));
      },
    });
  gauge('aimass_async_jobs_queued', 'Asynchronous requests that wait for their turn.', ({ queued }) => queued);
  gauge('aimass_async_jobs_running', 'Asynchronous requests that their models have.', ({ running }) => running);
  gauge(
    'aimass_async_jobs_stored',
    'Asynchronous requests that are known, whatever their state.',
    ({ stored }) => stored,
  );
  gauge('aimass_async_stored_bytes', 'Bytes of their requests and answers.', ({ bytes }) => bytes);
}

import type { VerifyJob } from '../verify/messages.ts';

/** Stands in for the process that runs a model, and ends in the way that the model path names. */
process.send?.({ kind: 'ready' });
process.once('message', ({ modelPath }: VerifyJob) => {
  process.send?.({ kind: 'found', findings: { loadSeconds: 0.5 } });
  if (modelPath === 'hang') setInterval(() => {}, 1000);
  if (modelPath === 'abort') process.abort();
  if (modelPath === 'killed') process.kill(process.pid, 'SIGKILL');
  if (modelPath === 'exit') process.exit(7);
  if (modelPath === 'memory') for (const hoard: Buffer[] = []; ;) hoard.push(Buffer.alloc(8 * 1024 * 1024, 1));
});

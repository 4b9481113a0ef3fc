import { setTimeout as delay } from 'node:timers/promises';
import type { HostedModel } from './hosted-model.ts';

const LOOK_MS = 20;
/** A model whose requests do not come to an end is unloaded all the same. */
const PATIENCE_MS = 60_000;

/** Unloads a model that no new request reaches, once those that it has are answered. */
export async function retire(model: HostedModel, isHeld: (model: HostedModel) => boolean): Promise<void> {
  const until = performance.now() + PATIENCE_MS;
  do await delay(LOOK_MS);
  while (isHeld(model) && performance.now() < until);
  await model.unload();
}

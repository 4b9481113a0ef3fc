import { afterAll, beforeAll } from '@jest/globals';
import { createNamespace } from './cluster.ts';

/** The tests of a file have a namespace of their own: made before them, and taken away with all that is in it. */
export function inNamespace(name: string): string {
  let namespace: Awaited<ReturnType<typeof createNamespace>> | undefined;
  beforeAll(async () => {
    namespace = await createNamespace(name);
  });
  afterAll(() => namespace?.remove());
  return name;
}

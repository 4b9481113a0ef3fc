import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseDocument } from 'yaml';
import { apply, createNamespace, untilCondition } from './cluster.ts';

const NAMESPACE = 'e2e-training-frameworks';
const FOLDER = join(import.meta.dirname, '..', 'docs', 'tutorials', 'training', 'frameworks');

let namespace: Awaited<ReturnType<typeof createNamespace>>;
beforeAll(async () => {
  namespace = await createNamespace(NAMESPACE);
});
afterAll(() => namespace?.remove());

test.each(['tensorflow', 'paddlepaddle'])(
  '%s trains, and its own format becomes a verified Model',
  async (framework) => {
    const job = parseDocument(readFileSync(join(FOLDER, `${framework}.yaml`), 'utf8')).toJS() as {
      metadata: { name: string };
    };
    const { name } = job.metadata;
    const metadata = { name, namespace: NAMESPACE };
    const program = readFileSync(join(FOLDER, `${framework}.py`), 'utf8');
    await apply(
      {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: `${framework}-code`, namespace: NAMESPACE },
        data: { 'train.py': program },
      },
      { ...job, metadata },
    );
    const { status } = await untilCondition('trainingjob.aimass.dev', name, { namespace: NAMESPACE, seconds: 480 });
    expect(status).toMatchObject({
      evaluation: { metrics: { accuracy: expect.any(Number) } },
      metrics: { latest: { accuracy: expect.any(Number) } },
    });
    await untilCondition('model.aimass.dev', name, { namespace: NAMESPACE });
  },
);

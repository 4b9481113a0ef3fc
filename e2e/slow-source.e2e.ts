import { expect, test } from '@jest/globals';
import { apply, untilCondition } from './cluster.ts';
import { hostedModels } from './hosted-models.ts';
import { inNamespace } from './in-namespace.ts';

const NAMESPACE = inNamespace('e2e-slow-source');
const { model } = hostedModels(NAMESPACE);

test('a host that hangs is tried again later, and the status says when', async () => {
  await apply(model('hangs', '/hang.onnx'));
  const failed = await untilCondition('model.aimass.dev', 'hangs', {
    namespace: NAMESPACE,
    status: 'False',
    reason: 'SourceTimeout',
    seconds: 300,
  });
  expect(failed.status?.candidate).toMatchObject({ retryAt: expect.any(String) });
});

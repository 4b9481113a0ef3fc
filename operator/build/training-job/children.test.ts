import { describe, expect, test } from '@jest/globals';
import { parseSettings } from '../../settings.ts';
import { buildDeviceClaimTemplate } from './device-claim.ts';
import { ledgerName, workersServiceName, workspaceName } from './names.ts';
import { buildPublishedModel } from './published-model.ts';
import { targetUri } from './publish-container.ts';
import { jobOf, planOf, settings } from './testing.ts';
import { buildWorkersService } from './workers-service.ts';
import { buildWorkspaceClaim } from './workspace-claim.ts';

const image = 'image';

describe('buildWorkspaceClaim', () => {
  const other = parseSettings({
    runtimeImage: 'r',
    training: { workspace: { size: '5Gi', storageClassName: 'fast', accessMode: 'ReadWriteMany' } },
  });
  test.each([
    { name: 'the defaults', spec: { image }, settings, want: ['ReadWriteOnce', '10Gi', undefined] },
    { name: 'those of the platform', spec: { image }, settings: other, want: ['ReadWriteMany', '5Gi', 'fast'] },
    {
      name: 'what the user asks',
      spec: { image, workspace: { size: '1Ti', storageClassName: 'slow', accessMode: 'ReadWriteOnce' as const } },
      settings: other,
      want: ['ReadWriteOnce', '1Ti', 'slow'],
    },
  ])('has $name', ({ spec, settings: given, want }) => {
    const { spec: claim, metadata } = buildWorkspaceClaim(jobOf(spec), given);
    expect([claim.accessModes?.[0], claim.resources?.requests?.storage, claim.storageClassName]).toEqual(want);
    expect(metadata).toMatchObject({
      name: 'digits-workspace',
      ownerReferences: [{ kind: 'TrainingJob', name: 'digits' }],
    });
  });
});

describe('buildWorkspaceClaim of a claim that exists', () => {
  const other = parseSettings({
    runtimeImage: 'r',
    training: { workspace: { size: '5Gi', storageClassName: 'fast', accessMode: 'ReadWriteMany' } },
  });
  const live = buildWorkspaceClaim(jobOf({ image, workspace: { storageClassName: 'standard' } }), settings);

  test('new defaults of the platform leave it alone', () => {
    expect(buildWorkspaceClaim(jobOf({ image }), other, live).spec).toEqual(live.spec);
  });

  test('what the user asks is asked for', () => {
    const { spec } = buildWorkspaceClaim(jobOf({ image, workspace: { size: '20Gi' } }), other, live);
    expect(spec).toMatchObject({ storageClassName: 'standard', resources: { requests: { storage: '20Gi' } } });
  });
});

describe('buildWorkersService', () => {
  test('is headless, names pods before they are ready, and stays the same from try to try', () => {
    const service = buildWorkersService(planOf({ image, workers: { count: 2 } }));
    expect(service).toMatchObject({
      metadata: { name: 'digits-workers' },
      spec: {
        clusterIP: 'None',
        publishNotReadyAddresses: true,
        selector: { 'aimass.dev/training-job': 'digits', 'app.kubernetes.io/component': 'training' },
      },
    });
    expect(buildWorkersService(planOf({ image, workers: { count: 2 } }, { run: 4, attempt: 3 }))).toEqual(service);
  });

  test('a single worker has none', () => {
    expect(buildWorkersService(planOf({ image }))).toBeUndefined();
  });
});

describe('buildPublishedModel', () => {
  test('follows the job, carries its card, and outlives it', () => {
    const card = { summary: 'Digits.', license: 'MIT' };
    const job = jobOf({ image, task: 'image-classification', publish: { model: { name: 'digits' }, card } });
    expect(buildPublishedModel(job)).toEqual({
      apiVersion: 'aimass.dev/v1alpha1',
      kind: 'Model',
      metadata: {
        name: 'digits',
        namespace: 'team',
        labels: { 'app.kubernetes.io/managed-by': 'aimass-operator', 'aimass.dev/training-job': 'digits' },
      },
      spec: { task: 'image-classification', source: { trainingJob: { name: 'digits' } }, card },
    });
  });

  test('is not made when no name is given', () => {
    expect(buildPublishedModel(jobOf({ image, publish: {} }))).toBeUndefined();
  });
});

describe('targetUri', () => {
  test.each([
    { name: 'the registry of the platform', to: undefined, want: 'oci://registry.example:5000/team/digits:2' },
    { name: 'a repository', to: 'oci://r.example:5000/a/b', want: 'oci://r.example:5000/a/b:2' },
    { name: 'a tag', to: 'oci://r.example:5000/a/b:best', want: 'oci://r.example:5000/a/b:best' },
  ])('$name', ({ to, want }) => {
    expect(targetUri(jobOf({ image, publish: { to } }), 2, settings)).toBe(want);
  });

  test('nowhere, without either', () => {
    expect(targetUri(jobOf({ image, publish: {} }), 1, parseSettings({ runtimeImage: 'r' }))).toBeUndefined();
  });
});

describe('buildDeviceClaimTemplate', () => {
  test('another class gives another name', () => {
    const of = (deviceClass: string) =>
      buildDeviceClaimTemplate(jobOf({ image, workers: { accelerator: { deviceClass } } }))?.metadata.name;
    expect(of('a.example')).toMatch(/^digits-devices-[0-9a-f]{8}$/);
    expect(of('a.example')).not.toBe(of('b.example'));
  });

  test('an extended resource needs none', () => {
    const accelerator = { resourceName: 'nvidia.com/gpu' };
    expect(buildDeviceClaimTemplate(jobOf({ image, workers: { accelerator } }))).toBeUndefined();
  });
});

test('names of the longest job fit', () => {
  const job = jobOf({ image }, 'j'.repeat(52));
  expect(workspaceName(job).length).toBeLessThanOrEqual(63);
  expect(workersServiceName(job).length).toBeLessThanOrEqual(40);
  expect(ledgerName(job, 1234, 19)).toMatch(/^.{1,49}-r1234-trials-19$/);
});

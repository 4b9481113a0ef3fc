import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '../loop/testing/fake-clock.ts';
import { silentLogger } from '../telemetry/log.ts';
import { createMetrics, type Metrics } from '../telemetry/metrics.ts';
import type { Api, ApiCall } from './api.ts';
import type { EventNote, KubeObject } from './cluster.ts';
import { EventRecorder } from './event-recorder.ts';

const model: KubeObject = {
  apiVersion: 'aimass.dev/v1alpha1',
  kind: 'Model',
  metadata: { name: 'm', namespace: 'a', uid: 'u' },
};
const note: EventNote = { type: 'Normal', reason: 'Verified', action: 'Verify', note: 'verified' };

describe('EventRecorder', () => {
  let clock: FakeClock;
  let metrics: Metrics;
  let sent: { metadata: { name: string }; note: string; eventTime: string }[];
  let isDown: boolean;
  let recorder: EventRecorder;
  beforeEach(() => {
    clock = new FakeClock();
    metrics = createMetrics('test');
    sent = [];
    isDown = false;
    const request = (call: ApiCall): Promise<unknown> => {
      if (isDown) return Promise.reject(new Error('down'));
      sent.push(call.body as (typeof sent)[number]);
      return Promise.resolve({});
    };
    recorder = new EventRecorder({
      api: { request } as unknown as Api,
      clock,
      log: silentLogger,
      metrics,
      instance: 'pod-1',
    });
  });
  const outcomes = async (): Promise<Record<string, number>> =>
    Object.fromEntries((await metrics.events.get()).values.map(({ labels, value }) => [String(labels.outcome), value]));

  test('the same event comes once in ten minutes, another one at once', async () => {
    await recorder.emit(model, note);
    await recorder.emit(model, note);
    await recorder.emit(model, { ...note, note: 'other' });
    await recorder.emit({ ...model, metadata: { ...model.metadata, uid: 'v' } }, note);
    expect(sent).toHaveLength(3);
    await clock.advance(600_000);
    await recorder.emit(model, note);
    expect(sent).toHaveLength(4);
    expect(sent[0]).toMatchObject({
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding: { kind: 'Model', name: 'm', uid: 'u' },
    });
  });

  test('a flood is cut, and flows again after a while', async () => {
    for (let i = 0; i < 500; i += 1) await recorder.emit(model, { ...note, note: `n${i}` });
    expect(await outcomes()).toEqual({ written: 100, dropped: 400 });
    await clock.advance(1_000);
    for (let i = 500; i < 520; i += 1) await recorder.emit(model, { ...note, note: `n${i}` });
    expect(await outcomes()).toEqual({ written: 110, dropped: 410 });
  });

  test('a failure never reaches the caller', async () => {
    isDown = true;
    await recorder.emit(model, note);
    expect(await outcomes()).toEqual({ failed: 1 });
  });

  test('a long note is cut to 1,024 bytes between characters', async () => {
    await recorder.emit(model, { ...note, note: 'ä'.repeat(2_000) });
    expect(Buffer.byteLength(sent[0]?.note ?? '')).toBeLessThanOrEqual(1_024);
    expect(sent[0]?.note).toMatch(/^ä+…$/);
  });
});

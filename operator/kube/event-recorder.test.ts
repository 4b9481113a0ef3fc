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

  const emit = async (regarding: KubeObject, event: EventNote): Promise<void> => {
    recorder.emit(regarding, event);
    await recorder.drained();
  };

  test('the same event comes once in ten minutes, another one at once', async () => {
    await emit(model, note);
    await emit(model, note);
    await emit(model, { ...note, note: 'other' });
    await emit({ ...model, metadata: { ...model.metadata, uid: 'v' } }, note);
    expect(sent).toHaveLength(3);
    await clock.advance(600_000);
    await emit(model, note);
    expect(sent).toHaveLength(4);
    expect(sent[0]).toMatchObject({
      eventTime: '2026-01-01T00:00:00.000000Z',
      regarding: { kind: 'Model', name: 'm', uid: 'u' },
    });
  });

  test('a flood is slowed down, and loses nothing', async () => {
    for (let i = 0; i < 500; i += 1) recorder.emit(model, { ...note, note: `n${i}` });
    await clock.advance(0);
    expect(sent).toHaveLength(100);
    await clock.advance(1_000);
    expect(sent).toHaveLength(150);
    await clock.advance(7_000);
    expect(await outcomes()).toEqual({ written: 500 });
    expect(sent.map((event) => event.note)).toEqual(Array.from({ length: 500 }, (_, i) => `n${i}`));
  });

  test('an event keeps the time at which it happened', async () => {
    for (let i = 0; i < 200; i += 1) recorder.emit(model, { ...note, note: `n${i}` });
    await clock.advance(10_000);
    expect(new Set(sent.map(({ eventTime }) => eventTime))).toEqual(new Set(['2026-01-01T00:00:00.000000Z']));
  });

  test('a line that is too long ends', async () => {
    isDown = true;
    for (let i = 0; i < 6_000; i += 1) recorder.emit(model, { ...note, note: `n${i}` });
    expect((await outcomes()).dropped).toBe(999);
    await clock.advance(100_000);
    expect(await outcomes()).toEqual({ dropped: 999, failed: 5_001 });
  });

  test('a failure never reaches the caller', async () => {
    isDown = true;
    await emit(model, note);
    expect(await outcomes()).toEqual({ failed: 1 });
  });

  test('a long note is cut to 1,024 bytes between characters', async () => {
    await emit(model, { ...note, note: 'ä'.repeat(2_000) });
    expect(Buffer.byteLength(sent[0]?.note ?? '')).toBeLessThanOrEqual(1_024);
    expect(sent[0]?.note).toMatch(/^ä+…$/);
  });
});

import { describe, expect, test } from '@jest/globals';
import { cleanText, lastStates, splitStamp } from './clean.ts';
import { findMetric, directionOf, metricName } from './names.ts';
import { readChunk, type Chunk, type ChunkOptions } from './read-chunk.ts';

const read = (text: string, options: Partial<ChunkOptions> = {}): Chunk =>
  readChunk(text, { wanted: new Set(), nowMs: 5, ...options });

describe('readChunk', () => {
  const log = '2026-01-01T00:00:01.5Z step=1 loss=3\n2026-01-01T00:00:02.5Z step=2 loss=2\n2026-01-01T00:00:03Z bye\n';

  test('takes times from the log, and knows the last line', () => {
    const chunk = read(log);
    expect(chunk.readings.map(({ atMs }) => atMs)).toEqual([1500, 2500].map((ms) => Date.UTC(2026, 0, 1) + ms));
    expect(chunk).toMatchObject({ lastLine: 'bye', lastStamp: '2026-01-01T00:00:03Z', lines: 3, isConnected: true });
  });

  test('leaves out what was read before, and notices a gap', () => {
    const chunk = read(log, { after: '2026-01-01T00:00:01.5Z' });
    expect(chunk).toMatchObject({ lines: 2, isConnected: true });
    expect(read(log, { after: '2026-01-01T00:00:00.5Z' }).isConnected).toBe(false);
    expect(read('', { after: '2026-01-01T00:00:00.5Z' })).toEqual({ readings: [], isConnected: false, lines: 0 });
  });

  test('lines without a time have that of the line before, or now', () => {
    expect(read('step=1 loss=1').readings[0]?.atMs).toBe(5);
    expect(read('2026-01-01T00:00:01Z a\nstep=1 loss=1').readings[0]?.atMs).toBe(Date.UTC(2026, 0, 1, 0, 0, 1));
  });

  test('reads the last 2,000 of a million lines, and of a bar its last states', () => {
    const many = Array.from({ length: 1_000_000 }, (_, step) => `${step}`).join('\n');
    expect(read(many).lines).toBe(2000);
    const bar = Array.from({ length: 50 }, (_, step) => `\rstep ${step}: loss=1`).join('');
    expect(read(bar).readings.map(({ step }) => step?.number)).toEqual([42, 43, 44, 45, 46, 47, 48, 49]);
  });
});

test('escape codes and backspaces go', () => {
  expect(cleanText('\u001b[1m 3/10\u001b[0m \u001b[32m━━\u001b[0m   7s\u0008\u0008\u0008')).toBe('3/10 ━━ 7s');
  expect(cleanText('\u001b]0;title\u0007ok\u0000')).toBe('ok');
});

test('lastStates of a line that was written over', () => {
  expect(lastStates('a\rb\rc\r', 2)).toEqual(['b', 'c']);
  expect(lastStates('', 2)).toEqual([]);
});

test('splitStamp leaves other times alone', () => {
  expect(splitStamp('2026-01-01T00:00:01.123456789+02:00 x')).toEqual({
    stamp: '2026-01-01T00:00:01.123456789+02:00',
    text: 'x',
  });
  expect(splitStamp('2026-01-01 00:00:01 x')).toEqual({ text: '2026-01-01 00:00:01 x' });
});

test.each([
  ['val_loss', 'minimize'],
  ['valid_binary_logloss', 'minimize'],
  ['eval-auc', 'maximize'],
  ['val_f1', 'maximize'],
  ['neg_mean_squared_error', 'maximize'],
  ['mape', 'minimize'],
  ['learning_rate', undefined],
  ['loss_scale', undefined],
  ['usefulness', undefined],
])('directionOf %s is %s', (name, want) => expect(directionOf(name)).toBe(want));

test.each([
  ['Loss', 'loss'],
  ['AUC', 'AUC'],
  ['val_accuracy', 'val_accuracy'],
  ['Val. Acc', 'val_acc'],
  ["valid_0's l2", 'valid_0_l2'],
])('metricName of %s is %s', (name, want) => expect(metricName(name)).toBe(want));

test.each([
  { names: ['loss', 'val_loss'], wanted: 'loss', want: 'loss' },
  { names: ['Train-accuracy', 'Validation-accuracy'], wanted: 'accuracy', want: 'Validation-accuracy' },
  { names: ['train_auc', 'b_auc', 'valid_auc'], wanted: 'AUC', want: 'valid_auc' },
  { names: ['train_auc'], wanted: 'auc', want: undefined },
  { names: ['eval-log-loss'], wanted: 'eval_log_loss', want: 'eval-log-loss' },
])('findMetric $wanted in $names', ({ names, wanted, want }) => expect(findMetric(names, wanted)).toBe(want));

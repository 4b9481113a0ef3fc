import { expect, test } from '@jest/globals';
import { microTime } from './micro-time.ts';

test.each([
  [Date.UTC(2026, 0, 1), '2026-01-01T00:00:00.000000Z'],
  [Date.UTC(2026, 0, 1, 0, 0, 0, 7), '2026-01-01T00:00:00.007000Z'],
  [Date.UTC(2026, 0, 1, 0, 0, 0, 7) + 0.25, '2026-01-01T00:00:00.007250Z'],
])('microTime(%d) has six digits', (epochMs, want) => expect(microTime(epochMs)).toBe(want));

import { describe, expect, test } from '@jest/globals';
import { VerificationLine } from './line.ts';

const lineOf = (limit: number): { line: VerificationLine; woken: string[] } => {
  const woken: string[] = [];
  return { line: new VerificationLine(limit, (key) => woken.push(key)), woken };
};

describe('VerificationLine', () => {
  test('lets as many start as the limit says', () => {
    const { line } = lineOf(2);
    expect(['a', 'b', 'c'].map((key) => line.ask(key, '1').granted)).toEqual([true, true, false]);
  });

  test('asking again keeps the place, and starts nothing twice', () => {
    const { line } = lineOf(1);
    line.ask('a', '1');
    expect(line.ask('a', '1')).toEqual({ granted: true, ahead: 0 });
    expect(line.ask('b', '2')).toEqual({ granted: false, ahead: 1 });
    expect(line.ask('b', '2')).toEqual({ granted: false, ahead: 1 });
  });

  test('a younger one does not take the place that an older one was woken for', () => {
    const { line, woken } = lineOf(1);
    line.ask('a', '1');
    line.ask('old', '2');
    line.leave('a');
    expect(woken).toEqual(['old']);
    expect(line.ask('young', '3')).toEqual({ granted: false, ahead: 1 });
    expect(line.ask('old', '2').granted).toBe(true);
  });

  test('who gives up waiting wakes the next one while a place is free', () => {
    const { line, woken } = lineOf(1);
    line.ask('a', '1');
    line.join('b', '2');
    line.join('c', '3');
    line.leave('a');
    line.leave('b');
    expect(woken).toEqual(['b', 'c']);
  });

  test('what runs already counts, also above the limit', () => {
    const { line, woken } = lineOf(1);
    line.hold('a');
    line.hold('b');
    line.ask('c', '1');
    line.leave('a');
    expect(woken).toEqual([]);
    line.leave('b');
    expect(woken).toEqual(['c']);
  });

  test('what waits for room does not keep others from running, and counts again once it runs', () => {
    const { line, woken } = lineOf(1);
    line.ask('stuck', '1');
    line.ask('b', '2');
    line.park('stuck');
    expect(woken).toEqual(['b']);
    expect(line.ask('b', '2').granted).toBe(true);
    expect(line.ask('stuck', '1').granted).toBe(true);
    line.hold('stuck');
    line.leave('b');
    expect(line.ask('c', '3').granted).toBe(false);
  });

  test('a full cluster is not filled further without end', () => {
    const { line } = lineOf(1);
    const keys = Array.from({ length: 20 }, (_, index) => String(index).padStart(2, '0'));
    const started = keys.filter((key) => {
      const { granted } = line.ask(key, key);
      if (granted) line.park(key);
      return granted;
    });
    expect(started).toHaveLength(9);
  });

  test('leaving without having come changes nothing', () => {
    const { line, woken } = lineOf(1);
    line.join('a', '1');
    line.leave('stranger');
    expect(woken).toEqual([]);
  });
});

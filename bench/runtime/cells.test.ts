import { expect, test } from '@jest/globals';
import { CELLS, EXTRAS, selectCells } from './cells.ts';

test('without names everything is measured but the pool', () => {
  expect(selectCells(undefined)).toEqual({ cells: CELLS, extras: new Set(EXTRAS) });
});

test('names choose cells and what is beside them', () => {
  const { cells, extras } = selectCells('L-grpc-c1,pool');
  expect(cells.map(({ id }) => id)).toEqual(['L-grpc-c1']);
  expect([...extras]).toEqual(['pool']);
});

test('an unknown name is told, with the known ones', () => {
  expect(() => selectCells('S-json-c3')).toThrow(/"S-json-c3" is none of S-json-c1, /);
});

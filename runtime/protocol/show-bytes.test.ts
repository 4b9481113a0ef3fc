import { expect, test } from '@jest/globals';
import { showBytes } from './show-bytes.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [512, '512 bytes'],
  [1024, '1 KiB'],
  [122_527_744, '117 MiB'],
  [8 * 1024 ** 2, '8 MiB'],
  [1.5 * 1024 ** 3, '1.5 GiB'],
  [3 * 1024 ** 5, '3070 TiB'],
])('%d bytes are shown as %s', (bytes, text) => expect(showBytes(bytes)).toBe(text));

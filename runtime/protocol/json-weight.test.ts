import { expect, test } from '@jest/globals';
import { refuseHeavyJson } from './json-weight.ts';

const MIB = 1024 * 1024;
const repeat = (text: string) => Buffer.from(`[${text.repeat(Math.ceil(MIB / text.length))}0]`);

test.each([
  ['numbers', repeat('1,')],
  ['texts', repeat('"a",')],
  ['braces and brackets in texts', repeat('"{{{[[[\\"{",')],
  ['few bytes, whatever they hold', Buffer.from('{'.repeat(MIB - 1))],
])('%s are let through', (_name, body) => expect(() => refuseHeavyJson(body)).not.toThrow());

test.each([
  ['objects', repeat('{},'), /holds \d+ objects; at most 20000/],
  ['objects after texts', repeat('"\\"",{},'), /objects/],
  ['lists', Buffer.from('[],'.repeat(2_000_001)), /holds 2000001 lists; at most 2000000/],
  ['an open text at the end', Buffer.concat([repeat('{},'), Buffer.from('"\\')]), /objects/],
])('many %s are refused', (_name, body, says) => expect(() => refuseHeavyJson(body)).toThrow(says));

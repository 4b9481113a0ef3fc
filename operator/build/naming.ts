import { createHash } from 'node:crypto';

const LONGEST_NAME = 63;

/** Hash of any JSON value, independent of key order: `length` lower-case hexadecimal characters. */
export function shortHash(value: unknown, length = 10): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex').slice(0, length);
}

/** JSON with sorted keys and without undefined members: the same value gives the same text. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** `parent-suffix`, shortened with a hash when it would be longer than a label value, or `longest`, may be. */
export function childName(parent: string, suffix: string, longest = LONGEST_NAME): string {
  const whole = `${parent}-${suffix}`;
  if (whole.length <= longest) return whole;
  const tail = `-${shortHash(parent, 8)}-${suffix}`;
  return `${parent.slice(0, longest - tail.length).replace(/[-.]+$/, '')}${tail}`;
}

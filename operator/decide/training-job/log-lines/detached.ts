/**
 * A copy of a short text. A part of a string keeps the whole string in memory (V8): the name of a metric would keep the
 * megabyte of log that it was found in.
 */
export const detached = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

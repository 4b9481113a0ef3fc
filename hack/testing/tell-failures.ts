import type { Failure } from './count.ts';

const LINES = 15;
const WIDTH = 200;

/** The failed tests by name, each with the beginning of what was said of it: of a long log often only the end is kept. */
export const tellFailures = (failures: readonly Failure[]): string =>
  failures.flatMap(({ name, why }) => [`  ${name}`, ...(why === undefined ? [] : beginningOf(why))]).join('\n');

function beginningOf(why: string): string[] {
  const lines = why.split('\n');
  const shown = lines.slice(0, LINES).map((line) => `      ${line.slice(0, WIDTH)}`);
  return lines.length > LINES ? [...shown, `      … and ${lines.length - LINES} more lines`] : shown;
}

/** A line as it was printed, and when, if the log says so. */
export interface StampedLine {
  /** RFC 3339 with nanoseconds, as the API server prefixes it. */
  stamp?: string;
  text: string;
}

// oxlint-disable-next-line no-control-regex -- escape codes are control characters
const ESCAPE_CODES = /\u001b(?:\[[0-9;?]{0,16}[A-Za-z]|\][^\u0007]{0,128}\u0007|[()][A-Z0-9])/g;
// oxlint-disable-next-line no-control-regex -- what a terminal would not show
const INVISIBLE = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]+/g;
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)) ?/;

/** Takes the time stamp off a line of a log that was asked for with time stamps. */
export function splitStamp(line: string): StampedLine {
  const [whole, stamp] = STAMP.exec(line) ?? [];
  return whole === undefined || stamp === undefined ? { text: line } : { stamp, text: line.slice(whole.length) };
}

/** Drops what only a terminal understands, and what makes a line longer without saying more. */
export function cleanText(text: string): string {
  const visible = text.includes('\u001b') ? text.replace(ESCAPE_CODES, '') : text;
  return visible.replace(INVISIBLE, '').replace(/ {2,}/g, ' ').trim();
}

/** Progress bars write over themselves: the last few states of a line, oldest first. */
export function lastStates(line: string, atMost: number): string[] {
  const states: string[] = [];
  let end = line.length;
  while (end > 0 && states.length < atMost) {
    const start = line.lastIndexOf('\r', end - 1);
    if (start + 1 < end) states.unshift(line.slice(start + 1, end));
    end = start;
  }
  return states;
}

/** One line of a scrape: a metric, its labels and its value. */
export interface Metric {
  name: string;
  labels: Readonly<Record<string, string>>;
  value: number;
}

const LINE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?\s+(\S+)(?:\s+-?\d+)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g;

/**
 * Reads the Prometheus text format. The libraries for it on npm are old and turn values into strings grouped by family;
 * the format is one regular expression a line, and only our own exporter is read. Of a scrape most is not wanted: what the
 * name rules out costs nothing.
 */
export function parseMetrics(text: string, isWanted: (name: string) => boolean): Metric[] {
  return text.split('\n').flatMap((line) => {
    if (!isWanted(line.slice(0, Math.max(0, line.search(/[{ ]/))))) return [];
    const [, name, labels = '', value = ''] = LINE.exec(line.trim()) ?? [];
    return name === undefined ? [] : [{ name, labels: parseLabels(labels), value: parseValue(value) }];
  });
}

const parseLabels = (text: string): Record<string, string> =>
  Object.fromEntries([...text.matchAll(LABEL)].map(([, name = '', value = '']) => [name, unescape(value)]));

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' };

const unescape = (value: string): string =>
  value.replace(/\\(.)/g, (_whole, escaped: string) => ESCAPES[escaped] ?? escaped);

const INFINITIES: Readonly<Record<string, number>> = { '+Inf': Infinity, Inf: Infinity, '-Inf': -Infinity };

const parseValue = (text: string): number => INFINITIES[text] ?? Number(text);

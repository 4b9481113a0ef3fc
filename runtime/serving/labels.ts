import { isObject } from '../protocol/v2-request.ts';

/** The names of a model's classes, in their order, from `id2label` of its config.json; empty where there are none. */
export function labelsOf(config: unknown): string[] {
  const named = isObject(config) ? config['id2label'] : undefined;
  if (!isObject(named)) return [];
  const labels: string[] = [];
  for (const [index, label] of Object.entries(named)) {
    if (/^\d{1,6}$/.test(index) && typeof label === 'string') labels[Number(index)] = label;
  }
  return Array.from(labels, (label, index) => label ?? String(index));
}

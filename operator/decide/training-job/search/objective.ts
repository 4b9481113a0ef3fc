import type { Search } from './search.ts';
import { findMetric } from '../log-lines/names.ts';
import { metricsOf } from '../reports.ts';

/** How the objective went in one trial, as far as its output was read. */
export interface ObjectiveValues {
  /** The last value. */
  latest?: number;
  /** Values by step or epoch. */
  curve: readonly (readonly [step: number, value: number])[];
}

/** The objective of a trial that has ended: what it reported, else the last value that it printed; undefined without either. */
export function objectiveOf(
  { objective }: Search,
  result: Record<string, unknown> | undefined,
  { latest }: ObjectiveValues,
): number | undefined {
  const metrics = metricsOf(result) ?? {};
  const name = findMetric(Object.keys(metrics), objective.metric);
  const value = name === undefined ? latest : metrics[name];
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

/** The curve as JSON carries it: whole steps, each once, and null for what is no number. */
export function curveOf({ curve }: ObjectiveValues): [number, number | null][] {
  const points = new Map(curve.map(([step, value]) => [Math.max(0, Math.round(step)), value]));
  return [...points].map(([step, value]) => [step, Number.isFinite(value) ? value : null]);
}

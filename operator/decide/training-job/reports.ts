import { z } from 'zod';
import type { TrainingJobStatus } from '../../../crds/schema/training/status.ts';
import { dataContainerName, MODEL_CONTAINERS } from '../../build/training-job/names.ts';
import type { Pod } from './observed.ts';

type Data = NonNullable<TrainingJobStatus['data']>[number];
type Result = Record<string, unknown>;

/** What a container said when it ended (docs/reference/training-contract.md). */
export type Report =
  { ok: true; result: Result } | { ok: false; reason: string; message: string; retryable: boolean; result: Result };

const success = z.looseObject({ ok: z.literal(true) });
const failure = z.looseObject({
  ok: z.literal(false),
  reason: z.string().regex(/^[A-Z][A-Za-z0-9]{1,127}$/),
  message: z.string(),
  retryable: z.boolean().default(false),
});

/** Reads a termination message; undefined when it is not a report. */
export function parseReport(message: string | undefined): Report | undefined {
  const value = parseJson(message);
  const failed = failure.safeParse(value);
  if (failed.success) {
    const { ok, reason, message: words, retryable, ...result } = failed.data;
    return { ok, reason, message: words, retryable, result };
  }
  const passed = success.safeParse(value);
  if (!passed.success) return undefined;
  const { ok, ...result } = passed.data;
  return { ok, result };
}

/** A user's program need not say `ok`: exit code 0 says so; what it leaves counts when it is a JSON object. */
export function parseFreeResult(message: string | undefined): Result | undefined {
  const value = z.looseObject({}).safeParse(parseJson(message));
  if (!value.success) return undefined;
  const { ok: _ok, ...result } = value.data;
  return Object.keys(result).length === 0 ? undefined : result;
}

const fetched = z.object({
  digest: z.string().max(80),
  sizeBytes: z.int().min(0).optional().catch(undefined),
  uri: z.string().max(2048).optional().catch(undefined),
});

/** What the init containers of `prepare` have fetched, by data set; Models under their container's name. */
export function readFetched({ status }: Pod): Data[] {
  return (status?.initContainerStatuses ?? []).flatMap(({ name, state }) => {
    const report = parseReport(state?.terminated?.message);
    const found = report?.ok === true ? fetched.safeParse(report.result) : undefined;
    return found?.success === true ? [{ name: dataNameOf(name), ...withoutUndefined(found.data) }] : [];
  });
}

/** The data set, or the Model, that an init container fetches. */
export const dataNameOf = (container: string): string =>
  Object.values(MODEL_CONTAINERS).some((name) => name === container)
    ? container
    : container.slice(dataContainerName('').length);

function withoutUndefined({ digest, sizeBytes, uri }: z.infer<typeof fetched>): Omit<Data, 'name'> {
  return { digest, ...(sizeBytes === undefined ? {} : { sizeBytes }), ...(uri === undefined ? {} : { uri }) };
}

const numbers = z.record(z.string().max(63), z.number());

/** The metrics of a result: at most 64 numbers, anything else is left out. */
export function metricsOf(result: Result | undefined): Record<string, number> | undefined {
  const all = z.record(z.string(), z.unknown()).safeParse(result?.['metrics']);
  const kept = numbers.safeParse(
    Object.fromEntries(
      Object.entries(all.data ?? {})
        .filter(([, value]) => typeof value === 'number' && Number.isFinite(value))
        .slice(0, 64),
    ),
  );
  return kept.success && Object.keys(kept.data).length > 0 ? kept.data : undefined;
}

function parseJson(text: string | undefined): unknown {
  // Most pods say nothing, at each look: an exception for that would cost more than all the rest.
  if (text?.trimStart().startsWith('{') !== true) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a crash leaves the last lines of its log, or nothing
  }
}

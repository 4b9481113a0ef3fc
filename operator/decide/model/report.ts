import { z } from 'zod';
import { modelStatus } from '../../../crds/schema/model.ts';

const candidate = modelStatus.shape.candidate.unwrap().shape;

/** What the runtime may find out of a model; the same limits as in the CRD, so that a report never makes the status invalid. */
const findings = z.object({
  digest: candidate.digest,
  sizeBytes: candidate.sizeBytes,
  // Where a name that moves stood for something: an hf branch becomes a commit, so that pods fetch what was verified.
  uri: candidate.uri.catch(undefined),
  format: candidate.format,
  opset: candidate.opset,
  producer: candidate.producer,
  parameterCount: candidate.parameterCount,
  inputs: candidate.inputs,
  outputs: candidate.outputs,
  report: candidate.report,
});
export type Findings = z.infer<typeof findings>;

const failure = z.object({
  ok: z.literal(false),
  reason: z.string().regex(/^[A-Z][A-Za-z0-9]{1,127}$/),
  message: z.string(),
  retryable: z.boolean().default(false),
});

/** What a container of the verification pod said when it ended (docs/reference/pod-contract.md). */
export type Report =
  | { ok: true; findings: Findings }
  | { ok: false; reason: string; message: string; retryable: boolean; findings: Findings };

/** Reads a termination message; undefined when it is not a report. */
export function parseReport(message: string | undefined): Report | undefined {
  const value = parseJson(message);
  const failed = failure.safeParse(value);
  if (failed.success) return { ...failed.data, findings: findings.safeParse(value).data ?? {} };
  const passed = z.object({ ok: z.literal(true), ...findings.shape }).safeParse(value);
  if (!passed.success) return undefined;
  const { ok, ...found } = passed.data;
  return { ok, findings: found };
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined; // a crash leaves a stack trace, or nothing
  }
}

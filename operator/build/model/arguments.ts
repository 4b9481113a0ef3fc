import { quantityValue } from '../../../crds/schema/quantity.ts';
import { networkOptions } from '../network-options.ts';
import type { VerificationRequest } from './request.ts';
import { CA_FILE, GOLDEN_FILE, Mount } from './volumes.ts';

const bytes = (amount: string | number): string => String(Math.floor(quantityValue(amount)));

const flag = (name: string, value: string | undefined): string[] => (value === undefined ? [] : [name, value]);

/** Command line of the container that downloads (docs/reference/pod-contract.md). */
export function fetchArguments({ model, settings }: VerificationRequest): string[] {
  const { source, sha256, credentials } = model.spec;
  return [
    'fetch',
    ...flag('--uri', source.uri),
    ...flag('--into', Mount.models),
    ...flag('--digest', sha256 === undefined ? undefined : `sha256:${sha256}`),
    ...flag('--max-bytes', bytes(source.maxSize ?? settings.fetch.maxSize)),
    ...flag('--timeout-seconds', String(settings.fetch.timeoutSeconds)),
    ...flag('--credentials-dir', credentials && Mount.credentials),
    ...flag('--ca-file', source.caBundle && CA_FILE),
    ...Object.entries(networkOptions(settings)).flatMap(([name, value]) => flag(`--${name}`, value)),
    ...flag('--claim-dir', source.uri.startsWith('pvc://') ? Mount.source : undefined),
  ];
}

/** Command line of the container that verifies. */
export function verifyArguments({ model, settings, goldenConfigMap }: VerificationRequest): string[] {
  const limits = model.spec.verification?.limits;
  return [
    'verify',
    ...flag('--models-dir', Mount.models),
    ...flag('--task', model.spec.task),
    ...flag('--golden', goldenConfigMap && GOLDEN_FILE),
    ...flag('--max-p99-ms', limits?.p99LatencyMs?.toString()),
    ...flag('--max-memory-bytes', limits?.memory === undefined ? undefined : bytes(limits.memory)),
    ...flag('--seconds', String(settings.verification.measureSeconds)),
  ];
}

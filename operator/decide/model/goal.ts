import type { Model, SourcedModel } from '../../../crds/schema/model.ts';
import { specHash } from '../../build/model/spec-hash.ts';
import { addDuration } from '../times.ts';

/** What has to happen to a Model: nothing, a first verification of this spec, or another one of the same. */
export type Goal = 'none' | 'verify' | 'verifyAgain';

/** Compares the verified revision with the spec, the schedule and the runtime image. */
export function decideGoal(model: SourcedModel, runtimeImage: string, now: Date): Goal {
  const current = model.status?.current;
  if (current === undefined || current.specHash !== specHash(model)) return 'verify';
  if (current.verifiedWith !== runtimeImage) return 'verifyAgain';
  const due = nextVerification(model);
  return due !== undefined && due <= now ? 'verifyAgain' : 'none';
}

/** When the verified revision is to be verified again; undefined when never. */
export function nextVerification(model: Model): Date | undefined {
  const every = model.spec.verification?.every;
  const verifiedAt = model.status?.current?.verifiedAt;
  return every === undefined || verifiedAt === undefined ? undefined : addDuration(new Date(verifiedAt), every);
}

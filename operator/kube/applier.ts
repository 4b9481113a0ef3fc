import type { Api, ApiCall } from './api.ts';
import { ApiError, isAnotherObject, isConflict } from './api-errors.ts';
import type { ApplyResult, KubeObject, ObjectRef } from './cluster.ts';
import {
  bearsLabel,
  canonicalJson,
  controllerOf,
  describeRef,
  refOf,
  requireController,
  saysTheSame,
  splitBasis,
  withAppliedHash,
  type Claim,
} from './desired.ts';
import { restrictTo } from './restrict.ts';

/** The field manager of everything the operator applies. */
export const FIELD_MANAGER = 'aimass-operator';

/** No object ever has this resource version, so that an apply with it creates and never changes. */
const CREATE_ONLY_VERSION = '1';

/** What the applier needs: requests, the cached state, and a place for the answers. */
export interface ApplierDeps {
  api: Api;
  cached: (ref: ObjectRef) => KubeObject | undefined;
  read: (ref: ObjectRef) => Promise<KubeObject | undefined>;
  remember: (object: KubeObject) => void;
  callFor: (ref: ObjectRef, subresource?: 'status') => Pick<ApiCall, 'path' | 'resource'>;
}

/** Server-side apply that writes only when something would change, and never touches objects of others. */
export class Applier {
  readonly #deps: ApplierDeps;
  /** What the API server made of our content where that differs for good (webhooks, pruning), by uid. */
  readonly #settled = new Map<string, string>();

  constructor(deps: ApplierDeps) {
    this.#deps = deps;
  }

  /** Applies an object that one controlling owner has. */
  async apply(wanted: KubeObject): Promise<ApplyResult<KubeObject>> {
    const { uid } = requireController(wanted);
    return this.#apply(wanted, (live) => controllerOf(live)?.uid === uid);
  }

  /** Applies an object without owner; by this label it is known again. */
  async applyUnowned(wanted: KubeObject, label: string): Promise<ApplyResult<KubeObject>> {
    return this.#apply(wanted, bearsLabel(wanted, label));
  }

  async #apply(wanted: KubeObject, isOurs: Claim): Promise<ApplyResult<KubeObject>> {
    const { content, basis } = splitBasis(wanted);
    const desired = withAppliedHash(content);
    const cached = this.#deps.cached(refOf(desired));
    if (cached !== undefined) return this.#applyOver(cached, desired, { basis, isOurs });
    try {
      return await this.#write(desired, { resourceVersion: CREATE_ONLY_VERSION });
    } catch (error) {
      if (!isConflict(error)) throw error;
      // It exists, but the cache does not know: the watch lags, or its label selector hides it.
      const live = await this.#deps.read(refOf(desired));
      if (live === undefined) throw error;
      return this.#applyOver(live, desired, { basis, isOurs });
    }
  }

  /** Forgets what is remembered of a deleted object. */
  forget(object: KubeObject): void {
    this.#settled.delete(object.metadata.uid ?? '');
  }

  async #applyOver(
    live: KubeObject,
    desired: KubeObject,
    { basis, isOurs }: { basis: { resourceVersion?: string }; isOurs: Claim },
  ): Promise<ApplyResult<KubeObject>> {
    if (!isOurs(live)) return { outcome: 'nameTaken', object: live };
    if (saysTheSame(live, desired) || this.#isSettled(live, desired)) return { outcome: 'unchanged', object: live };
    const { uid } = live.metadata;
    const result = await this.#write(desired, { ...(uid === undefined ? {} : { uid }), ...basis });
    const isSame =
      result.outcome === 'written' && result.object.metadata.resourceVersion === live.metadata.resourceVersion;
    return isSame ? { outcome: 'unchanged', object: result.object } : result;
  }

  async #write(
    desired: KubeObject,
    precondition: { uid?: string; resourceVersion?: string },
  ): Promise<ApplyResult<KubeObject>> {
    const ref = refOf(desired);
    try {
      const object = await this.#deps.api.request<KubeObject>({
        ...this.#deps.callFor(ref),
        verb: 'apply',
        method: 'PATCH',
        query: { fieldManager: FIELD_MANAGER, force: true },
        contentType: 'application/apply-patch+yaml',
        body: { ...desired, metadata: { ...desired.metadata, ...precondition } },
      });
      if (!saysTheSame(object, desired)) this.#settled.set(object.metadata.uid ?? '', settledText(object, desired));
      this.#deps.remember(object);
      return { outcome: 'written', object };
    } catch (error) {
      return refusalOf(error, ref);
    }
  }

  #isSettled(live: KubeObject, desired: KubeObject): boolean {
    const known = this.#settled.get(live.metadata.uid ?? '');
    return known !== undefined && known === settledText(live, desired);
  }
}

const settledText = (live: KubeObject, desired: KubeObject): string =>
  canonicalJson([desired.metadata.annotations, restrictTo(live, desired)]);

/** What will not pass by trying again becomes an outcome; the rest is thrown. */
function refusalOf(error: unknown, ref: ObjectRef): ApplyResult<never> {
  if (!(error instanceof ApiError)) throw error;
  const { code, detail: message } = error;
  if (isAnotherObject(error)) {
    throw new ApiError({ code: 409, reason: 'Conflict', message: `${describeRef(ref)} was replaced meanwhile` });
  }
  if (code === 403) {
    return {
      outcome: 'refused',
      code,
      reason: /exceeded quota/i.test(message) ? 'QuotaExceeded' : 'Forbidden',
      message,
    };
  }
  if (isInvalid(code, message)) return { outcome: 'refused', code, reason: 'Invalid', message };
  throw error;
}

/** The API server answers 500, of all things, to a field that its schema does not have. */
const isInvalid = (code: number, message: string): boolean =>
  [400, 413, 422].includes(code) || (code === 500 && message.includes('field not declared in schema'));

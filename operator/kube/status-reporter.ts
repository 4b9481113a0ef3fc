import type { ApplierDeps } from './applier.ts';
import { FIELD_MANAGER } from './applier.ts';
import { isAnotherObject, isConflict, isObjectGone } from './api-errors.ts';
import type { KubeObject } from './cluster.ts';
import { refOf } from './desired.ts';
import { sameJson } from './same-json.ts';

/** Others write too: a few conflicts in a row are no reason to do the whole pass again. */
const ATTEMPTS = 3;

interface WithStatus extends KubeObject {
  status?: unknown;
}

/** Applies whole statuses, and only those that would change something. */
export class StatusReporter {
  readonly #deps: ApplierDeps;
  /** What the API server made of a status where it does not keep what it was given (pruning), by uid. */
  readonly #kept = new Map<string, { wanted: unknown; kept: unknown }>();

  constructor(deps: ApplierDeps) {
    this.#deps = deps;
  }

  async report(object: KubeObject, status: object): Promise<void> {
    const cached = this.#deps.cached(refOf(object));
    let live: WithStatus | undefined = cached?.metadata.uid === object.metadata.uid ? cached : object;
    if (live === undefined || this.#isSaid(live, status)) return;
    const wanted = JSON.parse(JSON.stringify(status)) as unknown;
    for (let attempt = 1; live !== undefined && !this.#isSaid(live, wanted); attempt += 1) {
      const conflict = await this.#write(live, wanted);
      if (conflict === undefined) return;
      if (attempt === ATTEMPTS) throw conflict;
      live = await this.#readAgain(object);
    }
  }

  /** Forgets what is remembered of a deleted object. */
  forget(object: KubeObject): void {
    this.#kept.delete(object.metadata.uid ?? '');
  }

  #isSaid(cached: WithStatus, wanted: unknown): boolean {
    if (sameJson(cached.status, wanted)) return true;
    const last = this.#kept.get(cached.metadata.uid ?? '');
    return last !== undefined && sameJson(last.wanted, wanted) && sameJson(last.kept, cached.status);
  }

  /** The object as it is now, unless it is another one by now. */
  async #readAgain(object: KubeObject): Promise<WithStatus | undefined> {
    const live = await this.#deps.read(refOf(object));
    return live?.metadata.uid === object.metadata.uid ? live : undefined;
  }

  /**
   * One try; gives the conflict if there is one. The resource version keeps the status from landing on another object that
   * got the name meanwhile: the API server ignores the uid in an apply to the status of a custom resource.
   */
  async #write(live: KubeObject, wanted: unknown): Promise<unknown> {
    const { name, namespace, uid, resourceVersion } = live.metadata;
    try {
      const written = await this.#deps.api.request<WithStatus>({
        ...this.#deps.callFor(refOf(live), 'status'),
        verb: 'status',
        method: 'PATCH',
        query: { fieldManager: FIELD_MANAGER, force: true },
        contentType: 'application/apply-patch+yaml',
        body: {
          apiVersion: live.apiVersion,
          kind: live.kind,
          metadata: { name, namespace, uid, resourceVersion },
          status: wanted,
        },
      });
      if (!sameJson(written.status, wanted)) this.#kept.set(uid ?? '', { wanted, kept: written.status });
      this.#deps.remember(written);
      return undefined;
    } catch (error) {
      if (isConflict(error) || isAnotherObject(error)) return error;
      if (isObjectGone(error, name)) return undefined;
      throw error;
    }
  }
}

import { createReadStream } from 'node:fs';
import { AddressPolicy } from './address-policy.ts';
import type { Credentials } from './credentials.ts';
import { noCredentials } from './credentials.ts';
import type { HttpReply } from './http-client.ts';
import { HttpClient, headerOf } from './http-client.ts';
import type { Blob, DescribedArtifact } from './oci-artifact.ts';
import { OciClient } from './oci-client.ts';
import { Annotation, MediaType } from './oci-types.ts';
import { describePushAnswer, describePushFailure } from './push-failure.ts';
import type { PushPatience } from './push-patience.ts';
import { tryPatiently } from './push-patience.ts';

/** Registries may move or check what they were sent before they answer. */
const IDLE_TIMEOUT_MS = 300_000;

/** One repository of a registry that is written to, and how. */
export interface PushTarget {
  registry: string;
  repository: string;
  /** Speak plain http. */
  insecure?: boolean;
  credentials?: Credentials;
  caFile?: string | undefined;
  /** Which addresses may be spoken to; for tools that people run by hand, all. */
  addresses?: AddressPolicy;
  patience?: PushPatience;
  /** Ends everything: the limit on the whole job. */
  signal?: AbortSignal;
}

/** Writes to one repository. Blobs have their digest for a name, so what is there already is not sent again. */
export class OciWriter {
  readonly #target: PushTarget;
  readonly #http: HttpClient;
  readonly #client: OciClient;

  constructor(target: PushTarget) {
    const { registry, repository, insecure = false, credentials = noCredentials, caFile, signal } = target;
    const addresses = target.addresses ?? AddressPolicy.trusting;
    this.#target = target;
    this.#http = new HttpClient({ addresses, caFile, signal, idleTimeoutMs: IDLE_TIMEOUT_MS });
    this.#client = new OciClient({
      http: this.#http,
      registry,
      repository,
      insecure,
      credentials,
      actions: 'pull,push',
    });
  }

  /** Sends all blobs of an artifact that are not there yet. */
  async pushBlobs({ blobs }: DescribedArtifact): Promise<void> {
    for (const blob of blobs) await this.#try(() => this.#pushBlob(blob));
  }

  /** Puts the manifest there under a tag or its digest; true when the registry lists it with the artifact it belongs to. */
  putManifest(reference: string, { body }: DescribedArtifact): Promise<boolean> {
    return this.#try(async () => {
      const headers = { 'content-type': MediaType.manifest };
      const reply = await this.#client.send(`manifests/${reference}`, { method: 'PUT', headers, body });
      await expectStatus(reply, [200, 201, 202, 204], 'the manifest');
      return headerOf(reply, 'oci-subject') !== undefined;
    });
  }

  /** Ends all connections. */
  async close(): Promise<void> {
    await this.#http.close();
  }

  #try<T>(attempt: () => Promise<T>): Promise<T> {
    const { patience = {}, signal, registry } = this.#target;
    return tryPatiently(patience, signal, () =>
      attempt().catch((error: unknown) => {
        throw describePushFailure(error, registry);
      }),
    );
  }

  async #pushBlob({ descriptor, content }: Blob): Promise<void> {
    const { digest, size, annotations } = descriptor;
    const there = await this.#client.send(`blobs/${digest}`, { method: 'HEAD' });
    await there.body.dump();
    if (there.status === 200) return;
    const what = `the upload of ${annotations?.[Annotation.title] ?? 'the configuration'}`;
    const start = await this.#client.send('blobs/uploads/', { method: 'POST' });
    await expectStatus(start, [202], what);
    // The registry answers with an address of its own choosing, relative or absolute, that may already carry a query.
    const upload = new URL(headerOf(start, 'location') ?? '', start.url);
    upload.searchParams.set('digest', digest);
    const reply = await this.#client.send(upload.href, {
      method: 'PUT',
      headers: { 'content-type': 'application/octet-stream', 'content-length': String(size) },
      body: content instanceof Uint8Array ? Buffer.from(content) : () => createReadStream(content.path),
    });
    await expectStatus(reply, [201], what);
  }
}

async function expectStatus(reply: HttpReply, wanted: readonly number[], what: string): Promise<void> {
  const text = await reply.body.text();
  if (!wanted.includes(reply.status)) throw describePushAnswer({ reply, text, what });
}

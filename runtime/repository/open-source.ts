import { ModelFailure } from '../model-failure.ts';
import { AddressPolicy, portOf } from './address-policy.ts';
import type { FetchRequest } from './fetch.ts';
import { HttpClient } from './http-client.ts';
import type { Prepared } from './prepare-source.ts';
import { prepareSource } from './prepare-source.ts';
import type { SourceUri } from './source-uri.ts';

/** Opens a source, within the time and to the addresses that the request allows, and closes it afterwards. */
export async function openSource<T>(
  source: SourceUri,
  request: FetchRequest,
  use: (prepared: Prepared) => Promise<T>,
): Promise<T> {
  const signal = AbortSignal.timeout(request.timeoutSeconds * 1000);
  const idleTimeoutMs = (request.idleTimeoutSeconds ?? 30) * 1000;
  const http = new HttpClient({ addresses: addressesFor(request), caFile: request.caFile, signal, idleTimeoutMs });
  const wanted = wantedDigest(request, source);
  try {
    return await use(await prepareSource(source, { request, http, signal, wanted }));
  } catch (error) {
    const isOther = error instanceof ModelFailure && error.reason !== 'SourceTimeout';
    if (!signal.aborted || isOther) throw error;
    throw new ModelFailure('SourceTimeout', `The model was not fetched within ${request.timeoutSeconds} s.`, {
      cause: error,
    });
  } finally {
    await http.close();
  }
}

/** What the platform team names in other settings, it trusts: that may have a private address without being listed again. */
function addressesFor({ allowedPrivateHosts = [], insecureRegistries, s3Endpoint, hfEndpoint }: FetchRequest) {
  const named = [s3Endpoint, hfEndpoint].flatMap((endpoint) =>
    endpoint === undefined ? [] : serverOf(new URL(endpoint)),
  );
  return new AddressPolicy([...allowedPrivateHosts, ...insecureRegistries, ...named]);
}

const serverOf = (url: URL) => `${url.hostname}:${portOf(url)}`;

/** The only digest that is accepted: the one that is demanded, or that the URI itself names. */
export function wantedDigest({ digest }: FetchRequest, source: SourceUri): string | undefined {
  const inUri = source.scheme === 'oci' ? source.digest : undefined;
  if (digest !== undefined && inUri !== undefined) assertDigest(inUri, digest);
  return digest ?? inUri;
}

/** Refuses any digest but the wanted one. */
export function assertDigest(got: string, wanted: string | undefined): void {
  if (wanted === undefined || got === wanted) return;
  throw new ModelFailure(
    'DigestMismatch',
    `The source has digest ${got}, but ${wanted} is demanded. Correct spec.sha256, or put the right file there.`,
  );
}

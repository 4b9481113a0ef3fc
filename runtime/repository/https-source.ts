import path from 'node:path';
import { ModelFailure } from '../model-failure.ts';
import type { Login } from './credentials.ts';
import { authorizationOf } from './credentials.ts';
import type { ByteBudget } from './counted-writer.ts';
import type { Patience } from './download.ts';
import { download } from './download.ts';
import type { HttpClient, HttpReply } from './http-client.ts';
import { headerOf } from './http-client.ts';
import { decodePath } from './refuse-uri.ts';
import { safeRelativePath } from './safe-path.ts';

/** A model file behind an https URL. */
export interface HttpsSource {
  url: URL;
  http: HttpClient;
  login: Login | undefined;
  /** Keep the name that the file has there, and take web pages as well when that is what is asked for. */
  isData?: boolean;
  budget: ByteBudget;
  signal?: AbortSignal | undefined;
  patience?: Patience;
}

/** Login pages and error pages often come with status 200: say so instead of "not ONNX". */
function refuseWebPage(reply: HttpReply, firstBytes: Buffer): void {
  const start = firstBytes.subarray(0, 512).toString('latin1').trimStart().toLowerCase();
  const isPage = start.startsWith('<!doctype html') || start.startsWith('<html') || start.startsWith('<head');
  const type = headerOf(reply, 'content-type') ?? '';
  if (isPage || type.startsWith('text/html')) {
    throw new ModelFailure(
      'ArtifactInvalid',
      `${reply.url.host} answered with a web page instead of a model file. Give the address of the file itself; a login page means that spec.credentials is missing.`,
    );
  }
}

/** The last step of the path, or a name for what has none. */
const nameIn = ({ pathname }: URL): string => safeRelativePath(decodePath(pathname.split('/').at(-1) ?? '') || 'data');

/** Downloads the file, as `model.onnx` unless it is data, and gives its digest. */
export async function fetchHttps(source: HttpsSource, directory: string): Promise<string> {
  const { url, http, login, isData = false } = source;
  const isPageMeant = isData && /\.html?$/i.test(url.pathname);
  const authorization = login && authorizationOf(login);
  const { digest } = await download({
    open: (headers) =>
      http.send(url, { follow: true, headers: { ...headers, ...(authorization && { authorization }) } }),
    filePath: path.join(directory, isData ? nameIn(url) : 'model.onnx'),
    budget: source.budget,
    // Without the query: it may carry a signature.
    what: `${url.host}${url.pathname}`,
    ...(!isPageMeant && { inspectStart: refuseWebPage }),
    signal: source.signal,
    ...(source.patience && { patience: source.patience }),
  });
  return digest;
}

import type { Credentials } from './credentials.ts';
import { loginFor } from './credentials.ts';
import type { HttpClient, HttpReply, HttpRequest } from './http-client.ts';
import { headerOf } from './http-client.ts';
import { answerChallenge, parseChallenge } from './oci-auth.ts';

/** One repository of an OCI registry. */
export interface OciClientOptions {
  http: HttpClient;
  /** host or host:port */
  registry: string;
  repository: string;
  /** Plain http is spoken to this registry. */
  insecure: boolean;
  credentials: Credentials;
  /** What tokens are asked for: `pull`, or `pull,push`. */
  actions: string;
}

/** Speaks the OCI distribution protocol with one repository and answers its authentication challenges. */
export class OciClient {
  readonly #options: OciClientOptions;
  readonly #base: URL;
  #authorization: string | undefined;

  constructor(options: OciClientOptions) {
    this.#options = options;
    const { registry, repository, insecure } = options;
    this.#base = new URL(`${insecure ? 'http' : 'https'}://${registry}/v2/${repository}/`);
  }

  /** Sends a request for a path below the repository, or for a URL that the registry gave. */
  async send(path: string, request: HttpRequest = {}): Promise<HttpReply> {
    const url = new URL(path, this.#base);
    const reply = await this.#sendAuthorized(url, request);
    if (reply.status !== 401) return reply;
    const challenge = parseChallenge(headerOf(reply, 'www-authenticate'));
    if (challenge === undefined) return reply;
    const authorization = await answerChallenge({
      http: this.#options.http,
      challenge,
      login: loginFor(this.#options.credentials, this.#options.registry),
      allowPlainHttp: this.#options.insecure,
      fallbackScope: `repository:${this.#options.repository}:${this.#options.actions}`,
    });
    if (authorization === undefined) return reply;
    await reply.body.dump();
    this.#authorization = authorization;
    return this.#sendAuthorized(url, request);
  }

  async #sendAuthorized(url: URL, request: HttpRequest): Promise<HttpReply> {
    const mayKnow = url.origin === this.#base.origin && this.#authorization !== undefined;
    const headers = { ...request.headers, ...(mayKnow && { authorization: this.#authorization ?? '' }) };
    return this.#options.http.send(url, { ...request, headers, allowPlainHttp: this.#options.insecure });
  }
}

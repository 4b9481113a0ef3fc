import { ModelFailure } from '../model-failure.ts';
import type { HttpClient, HttpReply } from './http-client.ts';
import { headerOf } from './http-client.ts';
import { describeHubFailure } from './hub-failure.ts';
import type { HubFile } from './hub-listing.ts';
import { parseInfo, parseTree } from './hub-listing.ts';
import type { HubKind } from './hub-uri.ts';
import { readBounded } from './read-bounded.ts';

const MAX_DESCRIPTION_BYTES = 8 * 1024 * 1024;
/** The hub gives a thousand files a page. */
const MAX_PAGES = 20;
const COMMIT = /^[a-f0-9]{40}$/;

/** A repository at one commit. */
export interface HubRevision {
  commit: string;
  files: readonly HubFile[];
}

/** Where the hub is, what is asked of it, and as whom. */
export interface HubClientOptions {
  http: HttpClient;
  endpoint: URL;
  kind: HubKind;
  repository: string;
  /** What the user wrote: a branch, a tag or a commit. */
  revision: string;
  token: string | undefined;
  /** Plain http is spoken to this hub. */
  insecure: boolean;
}

/** One repository of a Hugging Face hub. */
export class HubClient {
  readonly #options: HubClientOptions;
  readonly #base: URL;

  constructor(options: HubClientOptions) {
    this.#options = options;
    const { href } = options.endpoint;
    this.#base = new URL(href.endsWith('/') ? href : `${href}/`);
  }

  /** The hub's name in messages. */
  get host(): string {
    return this.#base.host;
  }

  get #api(): string {
    return `api/${this.#options.kind}/${this.#options.repository}`;
  }

  /** The commit that the revision stands for now, and the files in it. */
  async readRevision(): Promise<HubRevision> {
    const commit = await this.#findCommit();
    const files: HubFile[] = [];
    let page: string | undefined = `${this.#api}/tree/${commit}?recursive=true`;
    for (let pages = 0; page !== undefined; pages += 1) {
      if (pages >= MAX_PAGES) throw tooManyFiles(this.#options.repository);
      const { body, next } = await this.#readPage(page);
      files.push(...parseTree(body, this.host));
      page = next;
    }
    return { commit, files };
  }

  /** Opens a file at a commit; the hub sends large ones on to where they are stored. */
  async openFile(commit: string, name: string, headers: Record<string, string>): Promise<HttpReply> {
    const { repository, kind } = this.#options;
    const page = kind === 'models' ? repository : `${kind}/${repository}`;
    const path = name.split('/').map(encodeURIComponent).join('/');
    const reply = await this.#send(`${page}/resolve/${commit}/${path}`, headers);
    if (reply.status < 400) return reply;
    await reply.body.dump();
    throw this.#describe(reply, `${repository}/${name}`);
  }

  async #findCommit(): Promise<string> {
    const { revision } = this.#options;
    if (COMMIT.test(revision)) return revision;
    const { body } = await this.#readPage(`${this.#api}/revision/${encodeURIComponent(revision)}`);
    return parseInfo(body, this.host);
  }

  async #readPage(path: string): Promise<{ body: Buffer; next: string | undefined }> {
    const reply = await this.#send(path, {});
    const body = await readBounded(reply, MAX_DESCRIPTION_BYTES);
    if (reply.status !== 200) throw this.#describe(reply, this.#options.repository);
    return { body, next: /<([^>]+)>;\s*rel="next"/.exec(headerOf(reply, 'link') ?? '')?.[1] };
  }

  #send(path: string, headers: Record<string, string>): Promise<HttpReply> {
    const { http, token, insecure } = this.#options;
    const url = new URL(path, this.#base);
    // The next page is an address that the hub gives; the token is for the hub alone.
    const mayKnow = token !== undefined && url.origin === this.#base.origin;
    return http.send(url, {
      headers: { ...headers, ...(mayKnow && { authorization: `Bearer ${token}` }) },
      follow: true,
      allowPlainHttp: insecure,
    });
  }

  #describe(reply: HttpReply, what: string): ModelFailure {
    const { endpoint, repository, revision, token } = this.#options;
    return describeHubFailure(reply, { endpoint, repository, revision, what, hasToken: token !== undefined });
  }
}

const tooManyFiles = (repository: string) =>
  new ModelFailure(
    'ArtifactInvalid',
    `${repository} holds more files than can be listed here. Publish what is meant in a repository of its own.`,
  );

import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TestServer } from './https-server.ts';
import { startHttpsServer } from './https-server.ts';

/** A repository of the test hub; the name of a data set begins with `datasets/`. */
export interface TestRepository {
  /** What is in it, by commit. */
  commits: Record<string, Record<string, Uint8Array>>;
  /** Branches and tags. */
  refs: Record<string, string>;
  /** Files are for this token only, the list is for all. */
  gatedFor?: string;
  /** All of it is for this token only. */
  privateTo?: string;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that speaks the hub's API for models, and the other server that it sends readers of large files to. */
export interface TestHub {
  endpoint: string;
  /** Where large files are. */
  store: string;
  caFiles: readonly string[];
  repositories: Record<string, TestRepository>;
  /** Requests so far, to the hub and to the store of large files. */
  seen: { place: 'hub' | 'store'; url: string; range: string | undefined; authorization: string | undefined }[];
  /** Answers in place of the hub, or of the store, for paths that it has. */
  misbehave: Record<string, Handler>;
  /** Files that the hub lists at once. */
  pageSize: number;
  stop(): Promise<void>;
}

/** From this size on the hub keeps a file in its store of large files. */
const LARGE_BYTES = 1000;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const gitBlob = (bytes: Uint8Array) => createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');

/** Starts the hub. It was held against the real client: huggingface_hub 2.4 lists, downloads and fails with it as with the hub. */
export async function startHub(repositories: Record<string, TestRepository>): Promise<TestHub> {
  const hub: Omit<TestHub, 'endpoint' | 'store' | 'caFiles' | 'stop'> = { repositories, seen: [], misbehave: {}, pageSize: 1000 };
  const watch =
    (place: 'hub' | 'store', answer: Handler): Handler =>
    (request, response) => {
      const { url = '', headers } = request;
      hub.seen.push({ place, url, range: headers.range, authorization: headers.authorization });
      const other = hub.misbehave[`${place} ${url.split('?')[0]}`];
      return (other ?? answer)(request, response);
    };
  const store = await startHttpsServer(watch('store', (request, response) => sendLarge(hub, request, response)));
  const site = (request: IncomingMessage, response: ServerResponse) => answerHub(hub, { request, response, store });
  const server = await startHttpsServer(watch('hub', site));
  return Object.assign(hub, {
    endpoint: server.origin,
    store: store.origin,
    caFiles: [server.caFile, store.caFile],
    stop: async () => {
      await server.stop();
      await store.stop();
    },
  });
}

interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  store: TestServer;
}

const INFO = /^\/api\/(?:models|(?=datasets))\/?((?:datasets\/)?[^/]+\/[^/]+)(?:\/revision\/([^/]+))?$/;
const TREE = /^\/api\/(?:models|(?=datasets))\/?((?:datasets\/)?[^/]+\/[^/]+)\/tree\/([^/]+)$/;
const RESOLVE = /^\/((?:datasets\/)?[^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/;
const CACHED = /^\/api\/resolve-cache\/(?:models|(?=datasets))\/?((?:datasets\/)?[^/]+\/[^/]+)\/([0-9a-f]{40})\/(.+)$/;

/** Data sets say that they are; models do not. */
const apiName = (name: string) => (name.startsWith('datasets/') ? name : `models/${name}`);

/** What a path of the hub asks for. */
interface Question {
  kind: 'info' | 'tree' | 'resolve' | 'cached';
  name: string;
  revision: string;
  file: string;
}

function readQuestion(url: string): Question | undefined {
  const { pathname } = new URL(url, 'https://hub');
  for (const [kind, pattern] of [['info', INFO], ['tree', TREE], ['resolve', RESOLVE], ['cached', CACHED]] as const) {
    const [whole, name = '', revision = 'main', file = ''] = pattern.exec(pathname) ?? [];
    if (whole !== undefined) return { kind, name, revision: decodeURIComponent(revision), file: decodeURIComponent(file) };
  }
  return undefined;
}

interface Refusal {
  status: number;
  code?: string;
  error: string;
}

function answerHub(hub: Pick<TestHub, 'repositories' | 'pageSize'>, exchange: Exchange): void {
  const question = readQuestion(exchange.request.url ?? '');
  if (question === undefined) return refuse(exchange, { status: 404, error: 'There is no such page.' });
  const { name, revision } = question;
  const repository = hub.repositories[name];
  const token = exchange.request.headers.authorization?.replace(/^Bearer /, '');
  const refusal = refusalOf(repository, token) ?? gateOf(repository, { token, ...question });
  if (refusal !== undefined || repository === undefined) return refuse(exchange, refusal ?? notFound(token));
  const commit = repository.refs[revision] ?? revision;
  const files = repository.commits[commit];
  if (files === undefined) return refuse(exchange, { status: 404, code: 'RevisionNotFound', error: 'Invalid rev id' });
  return answerQuestion(exchange, { ...question, commit, files, pageSize: hub.pageSize });
}

type Answerable = Question & Commit & { pageSize: number };

function answerQuestion(exchange: Exchange, question: Answerable): void {
  switch (question.kind) {
    case 'info':
      return sendInfo(exchange, question);
    case 'tree':
      return sendTree(exchange, question);
    case 'resolve':
    case 'cached':
      return sendFile(exchange, { ...question, isFinal: question.kind === 'cached' });
  }
}

const notFound = (token: string | undefined): Refusal => ({
  status: token === undefined ? 401 : 404,
  code: 'RepoNotFound',
  error: 'Repository not found',
});

function refusalOf(repository: TestRepository | undefined, token: string | undefined): Refusal | undefined {
  if (token === 'expired') return { status: 401, error: 'Invalid credentials in Authorization header' };
  const isHidden = repository?.privateTo !== undefined && repository.privateTo !== token;
  return repository === undefined || isHidden ? notFound(token) : undefined;
}

function gateOf(
  repository: TestRepository | undefined,
  { token, kind, name }: Question & { token: string | undefined },
): Refusal | undefined {
  const isOpen = kind === 'info' || kind === 'tree' || repository?.gatedFor === undefined;
  if (isOpen || repository.gatedFor === token) return undefined;
  return { status: token === undefined ? 401 : 403, code: 'GatedRepo', error: `Access to model ${name} is restricted.` };
}

function refuse({ response }: Exchange, { status, code, error }: Refusal): void {
  const headers = { 'content-type': 'application/json', 'x-error-message': error, ...(code && { 'x-error-code': code }) };
  response.writeHead(status, headers).end(JSON.stringify({ error }));
}

interface Commit {
  name: string;
  commit: string;
  files: Record<string, Uint8Array>;
}

const isLarge = (bytes: Uint8Array) => bytes.length >= LARGE_BYTES;

function sendInfo({ response }: Exchange, { name, commit, files }: Commit): void {
  const siblings = Object.keys(files).map((rfilename) => ({ rfilename }));
  const info = { _id: '0', id: name, modelId: name, private: false, gated: false, sha: commit, tags: [], siblings };
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(info));
}

function sendTree({ request, response }: Exchange, { name, commit, files, pageSize }: Commit & { pageSize: number }) {
  const from = Number(new URL(request.url ?? '', 'https://hub').searchParams.get('cursor') ?? 0);
  const page = Object.entries(files).slice(from, from + pageSize);
  const entries = page.map(([path, bytes]) => ({
    type: 'file',
    oid: isLarge(bytes) ? 'f'.repeat(40) : gitBlob(bytes),
    size: bytes.length,
    ...(isLarge(bytes) && { lfs: { oid: sha256(bytes), size: bytes.length, pointerSize: 134 } }),
    path,
  }));
  const isLast = from + pageSize >= Object.keys(files).length;
  const next = `https://${request.headers.host}/api/${apiName(name)}/tree/${commit}?recursive=true&cursor=${from + pageSize}`;
  response.writeHead(200, { 'content-type': 'application/json', ...(!isLast && { link: `<${next}>; rel="next"` }) });
  response.end(JSON.stringify(from === 0 ? [{ type: 'directory', oid: '0', size: 0, path: 'onnx' }, ...entries] : entries));
}

function sendFile({ request, response, store }: Exchange, { name, commit, files, file, isFinal }: Commit & { file: string; isFinal: boolean }): void {
  const bytes = Object.hasOwn(files, file) ? files[file] : undefined;
  const common = { 'x-repo-commit': commit, 'accept-ranges': 'bytes' };
  if (bytes === undefined) {
    return void response.writeHead(404, { ...common, 'x-error-code': 'EntryNotFound', 'x-error-message': 'Entry not found' }).end('Entry not found');
  }
  const linked = { ...common, 'x-linked-size': bytes.length };
  if (isLarge(bytes)) {
    const digest = sha256(bytes);
    const location = `${store.origin}/blobs/${digest}?signature=secret`;
    return void response.writeHead(302, { ...linked, 'x-linked-etag': `"${digest}"`, location }).end(`Found. Redirecting to ${location}`);
  }
  if (!isFinal) {
    const location = `/api/resolve-cache/${apiName(name)}/${commit}/${encodeURIComponent(file)}`;
    return void response.writeHead(307, { ...linked, 'x-linked-etag': `"${gitBlob(bytes)}"`, location }).end();
  }
  response.writeHead(200, { ...common, etag: `"${gitBlob(bytes)}"`, 'content-length': bytes.length });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

/** The store of large files: signed links, ranges, and no patience for two kinds of login at once. */
function sendLarge(hub: Pick<TestHub, 'repositories'>, request: IncomingMessage, response: ServerResponse): void {
  if (request.headers.authorization !== undefined) return void response.writeHead(400).end('two logins');
  const digest = /^\/blobs\/([0-9a-f]{64})\?signature=secret$/.exec(request.url ?? '')?.[1];
  const bytes = findLarge(hub, digest);
  if (bytes === undefined) return void response.writeHead(403).end('AccessDenied');
  const etag = `"${digest?.slice(0, 32)}"`;
  const from = startOf(request, etag);
  const range = from > 0 && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
  response.writeHead(from > 0 ? 206 : 200, { etag, 'content-length': bytes.length - from, ...range });
  response.end(request.method === 'HEAD' ? undefined : bytes.subarray(from));
}

function findLarge({ repositories }: Pick<TestHub, 'repositories'>, digest: string | undefined): Uint8Array | undefined {
  const commits = Object.values(repositories).flatMap((repository) => Object.values(repository.commits));
  return commits.flatMap((files) => Object.values(files)).find((bytes) => isLarge(bytes) && sha256(bytes) === digest);
}

function startOf({ headers }: IncomingMessage, etag: string): number {
  const isSame = headers['if-range'] === undefined || headers['if-range'] === etag;
  return isSame ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0;
}

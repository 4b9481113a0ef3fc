import type { HubUri } from './hub-uri.ts';
import { parseHub } from './hub-uri.ts';
import { refuseUri } from './refuse-uri.ts';
import type { S3Uri } from './s3-uri.ts';
import { parseS3 } from './s3-uri.ts';

/** Where a model comes from, taken apart. */
export type SourceUri =
  | { scheme: 'https'; url: URL }
  | { scheme: 'oci'; registry: string; repository: string; tag: string; digest?: string }
  | { scheme: 'pvc'; claim: string; path: string }
  | S3Uri
  | HubUri;

const OCI = /^oci:\/\/([^/\s]+)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?$/;
const PVC = /^pvc:\/\/([a-z0-9][-a-z0-9.]*)\/(.+)$/;

const PARSERS: Readonly<Record<string, (uri: string) => SourceUri>> = {
  https: parseHttps,
  oci: parseOci,
  pvc: parsePvc,
  s3: parseS3,
  hf: parseHub,
};

/** Reads a source URI, or says how to write it. */
export function parseSourceUri(uri: string): SourceUri {
  const scheme = /^([a-z0-9]+):\/\//.exec(uri)?.[1] ?? '';
  const parse = Object.hasOwn(PARSERS, scheme) ? PARSERS[scheme] : undefined;
  if (parse === undefined) throw refuseUri(uri, 'Write https://…, oci://…, s3://…, hf://… or pvc://….');
  return parse(uri);
}

function parseHttps(uri: string): SourceUri {
  const url = URL.parse(uri);
  if (url === null) throw refuseUri(uri, 'Write https://host/path/model.onnx.');
  if (url.username !== '' || url.password !== '') throw refuseUri(uri, 'Put the login into spec.credentials.');
  return { scheme: 'https', url };
}

function parseOci(uri: string): SourceUri {
  const [, host, repository, tag, digest] = OCI.exec(uri) ?? [];
  if (host === undefined || repository === undefined || URL.parse(`https://${host}/`)?.host === undefined) {
    throw refuseUri(uri, 'Write oci://registry/repository:tag or oci://registry/repository@sha256:….');
  }
  const registry = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return { scheme: 'oci', registry, repository, tag: tag ?? 'latest', ...(digest !== undefined && { digest }) };
}

function parsePvc(uri: string): SourceUri {
  const [, claim, path] = PVC.exec(uri) ?? [];
  if (claim === undefined || path === undefined) throw refuseUri(uri, 'Write pvc://claim/path/model.onnx.');
  return { scheme: 'pvc', claim, path };
}

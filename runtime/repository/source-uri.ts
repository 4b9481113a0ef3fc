import { ModelFailure } from '../model-failure.ts';

/** Where a model comes from, taken apart. */
export type SourceUri =
  | { scheme: 'https'; url: URL }
  | { scheme: 'oci'; registry: string; repository: string; tag: string; digest?: string }
  | { scheme: 'pvc'; claim: string; path: string };

const OCI = /^oci:\/\/([^/\s]+)\/([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?$/;
const PVC = /^pvc:\/\/([a-z0-9][-a-z0-9.]*)\/(.+)$/;

const refuse = (uri: string, remedy: string) =>
  new ModelFailure('SourceRefused', `spec.source.uri "${withoutLogin(uri)}" cannot be used. ${remedy}`);

/** A login inside a URI would end up in logs and conditions. */
const withoutLogin = (uri: string) => uri.replace(/\/\/[^/@]*@/, '//…@');

/** Reads a source URI, or says how to write it. */
export function parseSourceUri(uri: string): SourceUri {
  if (uri.startsWith('https://')) return parseHttps(uri);
  if (uri.startsWith('oci://')) return parseOci(uri);
  if (uri.startsWith('pvc://')) return parsePvc(uri);
  throw refuse(uri, 'Write https://…, oci://… or pvc://….');
}

function parseHttps(uri: string): SourceUri {
  const url = URL.parse(uri);
  if (url === null) throw refuse(uri, 'Write https://host/path/model.onnx.');
  if (url.username !== '' || url.password !== '') throw refuse(uri, 'Put the login into spec.credentials.');
  return { scheme: 'https', url };
}

function parseOci(uri: string): SourceUri {
  const [, host, repository, tag, digest] = OCI.exec(uri) ?? [];
  if (host === undefined || repository === undefined || URL.parse(`https://${host}/`)?.host === undefined) {
    throw refuse(uri, 'Write oci://registry/repository:tag or oci://registry/repository@sha256:….');
  }
  const registry = host === 'docker.io' ? 'registry-1.docker.io' : host;
  return { scheme: 'oci', registry, repository, tag: tag ?? 'latest', ...(digest !== undefined && { digest }) };
}

function parsePvc(uri: string): SourceUri {
  const [, claim, path] = PVC.exec(uri) ?? [];
  if (claim === undefined || path === undefined) throw refuse(uri, 'Write pvc://claim/path/model.onnx.');
  return { scheme: 'pvc', claim, path };
}

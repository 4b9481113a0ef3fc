import { codeOf } from '../error-shape.ts';
import { ModelFailure } from '../model-failure.ts';

const TIMEOUTS = new Set(['UND_ERR_CONNECT_TIMEOUT', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS_CERT_ALTNAME/;

/** Words for the network error codes that people meet most. */
const WORDS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'the name server does not answer',
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  UND_ERR_SOCKET: 'the connection was closed early',
};

interface Link {
  name?: string;
  message?: string;
  cause?: unknown;
  errors?: unknown;
}

/** Every error in a chain of causes and aggregates, outermost first. */
function chainOf(error: unknown): Link[] {
  if (typeof error !== 'object' || error === null) return [];
  const link: Link = error;
  const inner: unknown[] = Array.isArray(link.errors) ? link.errors : [link.cause];
  return [link, ...inner.flatMap(chainOf)];
}

/** Says what a failed request to `host` means for the model. */
export function describeNetworkFailure(error: unknown, host: string): ModelFailure {
  const chain = chainOf(error);
  const known = chain.find((link) => link instanceof ModelFailure);
  if (known !== undefined) return known;
  const codes = chain.map(codeOf).filter((code) => code !== undefined);
  const cause = error;
  if (codes.some((code) => TIMEOUTS.has(code)) || chain.some(({ name }) => name === 'TimeoutError')) {
    return new ModelFailure('SourceTimeout', `${host} did not answer in time.`, { cause });
  }
  const certificate = codes.find((code) => CERTIFICATE.test(code));
  if (certificate !== undefined) {
    return new ModelFailure(
      'SourceRefused',
      `The certificate of ${host} is not trusted (${certificate}). Name its certificate authority in spec.source.caBundle.`,
      { cause },
    );
  }
  const code = codes[0] ?? '';
  const words = WORDS[code] ?? chain[0]?.message ?? 'the request failed';
  return new ModelFailure('SourceUnreachable', `${host} cannot be reached: ${words}.`, { cause });
}

/** Says what an HTTP status other than success means for the model. */
export function describeHttpStatus(status: number, what: string): ModelFailure {
  if (status === 401 || status === 403) {
    return new ModelFailure(
      'SourceForbidden',
      `${what} answered ${status}: access is refused. Check spec.credentials and what that login may read.`,
    );
  }
  if (status === 404 || status === 410) {
    return new ModelFailure(
      'SourceNotFound',
      `${what} answered ${status}: there is nothing there. Check spec.source.uri.`,
    );
  }
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new ModelFailure('SourceUnreachable', `${what} answered ${status}. It is tried again.`);
  }
  return new ModelFailure('SourceRefused', `${what} answered ${status}, which is not a file. Check spec.source.uri.`);
}

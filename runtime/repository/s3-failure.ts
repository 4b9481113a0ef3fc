import { ModelFailure } from '../model-failure.ts';
import type { ModelReason } from '../../crds/schema/reasons.ts';
import { describeHttpStatus, describeNetworkFailure } from './network-failure.ts';

/** What was asked for when it failed. */
export interface S3Question {
  bucket: string;
  key: string;
  host: string;
  isAnonymous: boolean;
}

interface S3Error {
  name?: string;
  Region?: string;
  $metadata?: { httpStatusCode?: number };
  $response?: { headers?: Record<string, string> };
}

const asS3Error = (error: unknown): S3Error => (typeof error === 'object' && error !== null ? (error as S3Error) : {});

/** The region that a store says the bucket is in. */
export function regionIn(error: unknown): string | undefined {
  const { Region, $response } = asS3Error(error);
  const region = $response?.headers?.['x-amz-bucket-region'] ?? Region;
  return region !== undefined && /^[a-z0-9-]{1,64}$/.test(region) ? region : undefined;
}

const statusOf = (error: unknown): number | undefined =>
  error instanceof ModelFailure ? asS3Error(error.cause).$metadata?.httpStatusCode : undefined;

/** True when the store says that there is no such object, as opposed to no such bucket or no right to know. */
export const isNoSuchKey = (error: unknown): boolean =>
  error instanceof ModelFailure && ['NoSuchKey', 'NotFound'].includes(asS3Error(error.cause).name ?? '');

/** True when there is not one byte that could be read. */
export const isEmpty = (error: unknown): boolean => statusOf(error) === 416;

/** True when the object is another one than when the download began. */
export const hasChanged = (error: unknown): boolean => statusOf(error) === 412;

type Sentence = (question: S3Question) => string;

const wrongLogin: Sentence = ({ host }) =>
  `${host} does not accept the login in spec.credentials. Check accessKeyId and secretAccessKey.`;
const otherRegion: Sentence = ({ bucket }) =>
  `The bucket "${bucket}" is in another region, or at another endpoint. Give them as ?region=… and ?endpoint=… in spec.source.uri, or as region and endpoint in the Secret.`;

/** What the error codes of S3 mean for a model. */
const CODES: Readonly<Record<string, readonly [ModelReason, Sentence]>> = {
  NoSuchBucket: [
    'SourceNotFound',
    ({ bucket, host }) => `There is no bucket "${bucket}" at ${host}. Check spec.source.uri, and the endpoint.`,
  ],
  NoSuchKey: ['SourceNotFound', ({ bucket, key }) => `There is no object "${key}" in the bucket "${bucket}".`],
  NotFound: ['SourceNotFound', ({ bucket, key }) => `There is no object "${key}" in the bucket "${bucket}".`],
  NoSuchVersion: [
    'SourceNotFound',
    ({ bucket, key }) => `The object "${key}" in the bucket "${bucket}" has no such version. Check versionId.`,
  ],
  AccessDenied: [
    'SourceForbidden',
    ({ bucket, key, isAnonymous }) =>
      isAnonymous
        ? `"${key}" in the bucket "${bucket}" may not be read without a login. Name a Secret in spec.credentials.`
        : `The login in spec.credentials may not read "${key}" in the bucket "${bucket}". It needs s3:GetObject, and s3:ListBucket for a prefix.`,
  ],
  InvalidAccessKeyId: ['SourceForbidden', wrongLogin],
  SignatureDoesNotMatch: ['SourceForbidden', wrongLogin],
  InvalidToken: ['SourceForbidden', wrongLogin],
  ExpiredToken: ['SourceForbidden', () => 'The sessionToken in spec.credentials has expired. Renew the Secret.'],
  TokenRefreshRequired: [
    'SourceForbidden',
    () => 'The sessionToken in spec.credentials has expired. Renew the Secret.',
  ],
  RequestTimeTooSkewed: [
    'SourceForbidden',
    ({ host }) => `The clocks of ${host} and of the node differ too much for a signed request. Set the node's clock.`,
  ],
  InvalidObjectState: [
    'SourceRefused',
    ({ key }) => `"${key}" is archived and cannot be read. Restore it, or name one in a class that can be read.`,
  ],
  PermanentRedirect: ['SourceRefused', otherRegion],
  AuthorizationHeaderMalformed: ['SourceRefused', otherRegion],
};

/** Says what a failed request to a store means for the model. */
export function describeS3Failure(error: unknown, question: S3Question): ModelFailure {
  if (error instanceof ModelFailure) return error;
  const { name = '', $metadata } = asS3Error(error);
  const known = Object.hasOwn(CODES, name) ? CODES[name] : undefined;
  if (known !== undefined) return new ModelFailure(known[0], known[1](question), { cause: error });
  return describeStatus($metadata?.httpStatusCode, error, question);
}

function describeStatus(status: number | undefined, error: unknown, question: S3Question): ModelFailure {
  if (status === undefined || status < 300) return describeNetworkFailure(error, question.host);
  if (status < 400) return new ModelFailure('SourceRefused', otherRegion(question), { cause: error });
  const { reason, message } = describeHttpStatus(status, `The bucket "${question.bucket}" at ${question.host}`);
  return new ModelFailure(reason, message, { cause: error });
}

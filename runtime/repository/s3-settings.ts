import { ModelFailure } from '../model-failure.ts';
import { readSecret } from './credentials.ts';
import type { S3Uri } from './s3-uri.ts';

const DEFAULT_REGION = 'us-east-1';
const REGION = /^[a-z0-9-]{1,64}$/;

/** How to reach a store, and as whom; nobody is named when the Secret names nobody. */
export interface S3Settings {
  /** Absent: AWS itself. */
  endpoint?: URL;
  region: string;
  login?: { accessKeyId: string; secretAccessKey: string; sessionToken?: string };
}

/** Defaults of the platform team. */
export interface S3Defaults {
  endpoint?: string | undefined;
  region?: string | undefined;
}

/** Endpoint and region from the URI, else the Secret, else the platform's defaults; the login from the Secret. */
export function readS3Settings(uri: S3Uri, secretDirectory: string | undefined, defaults: S3Defaults): S3Settings {
  const secret = readSecret(secretDirectory);
  const inSecret = {
    endpoint: secret('endpoint', 'AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'),
    region: secret('region', 'AWS_REGION', 'AWS_DEFAULT_REGION'),
    login: readLogin(secret),
  };
  const isUseless = Object.values(inSecret).every((value) => value === undefined);
  if (secretDirectory !== undefined && isUseless) throw noKeys();
  const endpoint = uri.endpoint ?? inSecret.endpoint ?? defaults.endpoint;
  return {
    region: checkRegion(uri.region ?? inSecret.region ?? defaults.region ?? DEFAULT_REGION),
    ...(endpoint && { endpoint: parseEndpoint(endpoint) }),
    ...(inSecret.login && { login: inSecret.login }),
  };
}

function checkRegion(region: string): string {
  if (REGION.test(region)) return region;
  throw new ModelFailure('SourceRefused', `The region "${region.slice(0, 64)}" is not a name such as eu-central-1.`);
}

/** An endpoint is a server, so that a user cannot make it a path or a query of something else. */
function parseEndpoint(text: string): URL {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  const isServer = url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '';
  if (!isServer) {
    throw new ModelFailure(
      'SourceRefused',
      'The endpoint of the S3 store is not the address of a server. Write https://host or https://host:port.',
    );
  }
  return url;
}

function readLogin(secret: ReturnType<typeof readSecret>): S3Settings['login'] {
  const accessKeyId = secret('accessKeyId', 'AWS_ACCESS_KEY_ID');
  const secretAccessKey = secret('secretAccessKey', 'AWS_SECRET_ACCESS_KEY');
  const sessionToken = secret('sessionToken', 'AWS_SESSION_TOKEN');
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined) throw noKeys();
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

const noKeys = () =>
  new ModelFailure(
    'SourceForbidden',
    'The Secret in spec.credentials does not hold both accessKeyId and secretAccessKey (or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY). Add what is missing, or leave spec.credentials out to read a public bucket.',
  );

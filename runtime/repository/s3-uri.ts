import { decodePath, refuseUri } from './refuse-uri.ts';

/** One object of an S3-compatible store, or everything below a prefix. */
export interface S3Uri {
  scheme: 's3';
  bucket: string;
  /** A prefix when it ends in a slash, or when there is no object of this name. */
  key: string;
  endpoint?: string;
  region?: string;
  versionId?: string;
}

const FORM =
  'Write s3://bucket/path/model.onnx or s3://bucket/prefix/, and after it ?endpoint=https://…, region=… or versionId=… when they are needed.';
const S3 = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/([^?#]+)(?:\?([^#]+))?$/;
const OPTIONS = ['endpoint', 'region', 'versionId'] as const;

/** Takes an s3 URI apart. */
export function parseS3(uri: string): S3Uri {
  const [, bucket, path, query] = S3.exec(uri) ?? [];
  const key = path && decodePath(path);
  const options = new URLSearchParams(query ?? '');
  const isKnown = [...options.keys()].every((name) => OPTIONS.some((option) => option === name));
  if (bucket === undefined || !key || !isKnown || bucket.includes('..')) throw refuseUri(uri, FORM);
  const given = OPTIONS.flatMap((name) => (options.get(name) ? [[name, options.get(name)]] : []));
  return { scheme: 's3', bucket, key, ...(Object.fromEntries(given) as Partial<S3Uri>) };
}

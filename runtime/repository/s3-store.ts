import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3';
import type { HttpClient } from './http-client.ts';
import { describeS3Failure, regionIn } from './s3-failure.ts';
import type { S3Settings } from './s3-settings.ts';
import { s3Transport } from './s3-transport.ts';

/** Which objects are read, and how the store is reached. */
export interface S3StoreOptions {
  bucket: string;
  settings: S3Settings;
  http: HttpClient;
  /** Hosts that may be spoken to by plain http, as host:port. */
  insecureHosts: readonly string[];
}

/** What to read of an object. */
export interface ObjectPart {
  key: string;
  versionId?: string | undefined;
  range?: string | undefined;
  /** Refuses with 412 when the object is another one by now. */
  ifMatch?: string | undefined;
}

/** One bucket, through the AWS library. It never looks for credentials by itself: there are none in a pod but the Secret. */
export class S3Store {
  readonly #options: S3StoreOptions;
  readonly #client: S3Client;
  #region: string;

  constructor(options: S3StoreOptions) {
    const { endpoint, login, region } = options.settings;
    this.#options = options;
    this.#region = region;
    this.#client = new S3Client({
      region: () => Promise.resolve(this.#region),
      ...(endpoint && { endpoint: endpoint.href, forcePathStyle: true }),
      credentials: () => Promise.resolve(login ?? { accessKeyId: '', secretAccessKey: '' }),
      ...(login === undefined && { signer: { sign: (request) => Promise.resolve(request) } }),
      requestHandler: s3Transport(options.http, options.insecureHosts),
      // Broken downloads go on by themselves (download.ts); everything else is tried again by the Job.
      maxAttempts: 1,
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      useArnRegion: false,
      useFipsEndpoint: false,
      useDualstackEndpoint: false,
      disableS3ExpressSessionAuth: true,
      retryMode: 'standard',
      defaultsMode: 'standard',
      userAgentAppId: 'aimass',
    });
  }

  /** The store's name in messages. */
  get host(): string {
    return this.#options.settings.endpoint?.host ?? 's3.amazonaws.com';
  }

  /** Opens an object, or a part of it. */
  openObject({ key, versionId, range, ifMatch }: ObjectPart): Promise<GetObjectCommandOutput> {
    const input = { Bucket: this.#options.bucket, Key: key, VersionId: versionId, Range: range, IfMatch: ifMatch };
    return this.#send(() => this.#client.send(new GetObjectCommand(input)), key);
  }

  /** The first thousand objects below a prefix. */
  listObjects(prefix: string): Promise<ListObjectsV2CommandOutput> {
    const input = { Bucket: this.#options.bucket, Prefix: prefix };
    return this.#send(() => this.#client.send(new ListObjectsV2Command(input)), prefix);
  }

  /** Signs again for the region that the store names, once. */
  async #send<T>(call: () => Promise<T>, key: string): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const region = regionIn(error);
      if (region === undefined || region === this.#region) throw this.#describe(error, key);
      this.#region = region;
    }
    return call().catch((error: unknown) => {
      throw this.#describe(error, key);
    });
  }

  #describe(error: unknown, key: string) {
    const { bucket, settings } = this.#options;
    return describeS3Failure(error, { bucket, key, host: this.host, isAnonymous: settings.login === undefined });
  }
}

import type { ApiObjectMetadata } from 'cdk8s';
import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import type { Task } from '../../crds/schema/model.ts';
import type { ModelSpecInput } from '../l1/kube-model.ts';
import { KubeModel } from '../l1/kube-model.ts';
import type { Reference } from './reference.ts';
import { dependOn, nameOf } from './reference.ts';

type Verification = NonNullable<ModelSpecInput['verification']>;

/** What every Model has. */
export interface ModelProps {
  /** What the model does, by its Hugging Face task name. It fixes which tensors the ONNX graph must have. */
  readonly task: Task;
  /** The only digest that is accepted, in hexadecimal: of the file, or of the manifest for oci. */
  readonly sha256?: string;
  /** The model card. */
  readonly card?: ModelSpecInput['card'];
  /** Labels, annotations, namespace, or another name than the id of the construct. */
  readonly metadata?: ApiObjectMetadata;
}

/** A Model that is an artifact in an OCI registry. */
export interface OciModelProps extends ModelProps {
  /** The artifact, without scheme: `registry.example/team/digits:1.0` or `…@sha256:…`. */
  readonly artifact: string;
}

/** A Model that is a file behind https. */
export interface UrlModelProps extends ModelProps {
  /** The address of the file: `https://host/path/model.onnx`. */
  readonly url: string;
}

/** A Model that is a file on a volume claim. */
export interface ClaimModelProps extends ModelProps {
  /** The claim, in the same namespace. */
  readonly claim: Reference;
  /** The file, by its path on the claim. */
  readonly path: string;
}

/** A Model that a TrainingJob makes. */
export interface TrainedModelProps extends Omit<ModelProps, 'sha256'> {
  /** The TrainingJob, in the same namespace. */
  readonly job: Reference;
}

/** Where a Model comes from: a URI, or the TrainingJob that it follows. */
export type ModelOrigin = { readonly uri: string } | { readonly trainingJob: Reference };

/** A model of the library: fetched, verified and measured before anything may serve it. */
export class Model extends Construct {
  /** The name of the Model: what services and requests (`/v2/models/NAME/infer`) call it. */
  readonly name: string;
  readonly #spec: ModelSpecInput;

  /** Adds a Model from any source; `fromOci`, `fromUrl`, `fromClaim` and `fromTrainingJob` read better. The id is also its name. */
  constructor(scope: Construct, id: string, { task, sha256, card, metadata, ...origin }: ModelProps & ModelOrigin) {
    super(scope, id);
    this.#spec = {
      task,
      source: 'uri' in origin ? { uri: origin.uri } : { trainingJob: { name: nameOf(origin.trainingJob) } },
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(card === undefined ? {} : { card }),
    };
    const spec = Lazy.any({ produce: () => this.#spec }) as ModelSpecInput;
    this.name = new KubeModel(this, 'Default', { metadata: { name: id, ...metadata }, spec }).name;
  }

  /** A model in an OCI registry. Pin it by digest, or by `sha256`, when it may never change. */
  static fromOci(scope: Construct, id: string, { artifact, ...props }: OciModelProps): Model {
    return new Model(scope, id, { ...props, uri: `oci://${artifact.replace(/^oci:\/\//, '')}` });
  }

  /** A model behind https. Give `sha256`, or whoever holds the server decides what you serve. */
  static fromUrl(scope: Construct, id: string, { url, ...props }: UrlModelProps): Model {
    return new Model(scope, id, { ...props, uri: url });
  }

  /** A model on a volume claim of the same namespace. */
  static fromClaim(scope: Construct, id: string, { claim, path, ...props }: ClaimModelProps): Model {
    const model = new Model(scope, id, { ...props, uri: `pvc://${nameOf(claim)}/${path.replace(/^\/+/, '')}` });
    dependOn(model, claim);
    return model;
  }

  /** What a TrainingJob of the same namespace publishes: each artifact that it promotes is verified, and then served. */
  static fromTrainingJob(scope: Construct, id: string, { job, ...props }: TrainedModelProps): Model {
    const model = new Model(scope, id, { ...props, trainingJob: job });
    dependOn(model, job);
    return model;
  }

  /** Logs in to the source with a Secret that has `username` and `password`, or `token`, or `.dockerconfigjson`. */
  logInWith(secret: Reference): this {
    dependOn(this, secret);
    this.#spec.credentials = { secretName: nameOf(secret) };
    return this;
  }

  /** Trusts the certificate authorities in a ConfigMap too, for this source only. Key: `ca.crt` unless given. */
  trusting(configMap: Reference, key?: string): this {
    dependOn(this, configMap);
    this.#spec.source.caBundle = { name: nameOf(configMap), ...(key === undefined ? {} : { key }) };
    return this;
  }

  /** Refuses to download more than this, such as `2Gi`. */
  noLargerThan(size: string): this {
    this.#spec.source.maxSize = size;
    return this;
  }

  /** Verifies the model against golden examples in a ConfigMap. Key: `golden.json` unless given. */
  verifyAgainst(golden: Reference, key?: string): this {
    dependOn(this, golden);
    return this.#verify({ golden: { configMap: { name: nameOf(golden), ...(key === undefined ? {} : { key }) } } });
  }

  /** Verifies again this often, such as `24h`; after every upgrade of the runtime it is verified anyway. */
  keepVerified(every: string): this {
    return this.#verify({ every });
  }

  /** Refuses the model when its 99th percentile of latency is above this. */
  answersWithin(p99LatencyMs: number): this {
    return this.#verify({ limits: { ...this.#spec.verification?.limits, p99LatencyMs } });
  }

  /** Refuses the model when it needs more memory than this, such as `512Mi`. */
  fitsInto(memory: string): this {
    return this.#verify({ limits: { ...this.#spec.verification?.limits, memory } });
  }

  /** Gives the verification pod these resources. */
  verifyWith(resources: Verification['resources']): this {
    return this.#verify({ resources });
  }

  #verify(more: Verification): this {
    this.#spec.verification = { ...this.#spec.verification, ...more };
    return this;
  }
}

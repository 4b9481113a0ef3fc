import type { ApiObjectMetadata } from 'cdk8s';
import { Lazy } from 'cdk8s';
import { Construct } from 'constructs';
import type { InferenceServiceSpecInput } from '../l1/kube-inference-service.ts';
import { KubeInferenceService } from '../l1/kube-inference-service.ts';
import type { Reference } from './reference.ts';
import { dependOn, nameOf } from './reference.ts';

type Spec = InferenceServiceSpecInput;
type Placement = NonNullable<Spec['placement']>;
type Accelerator = NonNullable<Spec['accelerator']>;
type Cache = NonNullable<Spec['cache']>;

/** What an InferenceService is made from. */
export interface InferenceServiceProps {
  /** The Model to serve, of the same namespace. */
  readonly model: Reference;
  /** Labels, annotations, namespace, or another name than the id of the construct. */
  readonly metadata?: ApiObjectMetadata;
}

/** Which GPU. */
export interface GpuOptions {
  /** Only nodes whose product label says this, such as `NVIDIA-A10`. */
  readonly product?: string;
  /** The node label that names the product, when it is not `nvidia.com/gpu.product`. */
  readonly productLabel?: string;
  /** The extended resource, when it is not `nvidia.com/gpu`. */
  readonly resourceName?: string;
}

/** A verified model behind one address. */
export class InferenceService extends Construct {
  /** The name of the InferenceService, and of the Service in front of its pods. */
  readonly name: string;
  readonly #spec: Spec;

  /** Adds a service of a model; `InferenceService.serving` reads better. The id is also its name. */
  constructor(scope: Construct, id: string, { model, metadata }: InferenceServiceProps) {
    super(scope, id);
    dependOn(this, model);
    this.#spec = { model: { name: nameOf(model) } };
    const spec = Lazy.any({ produce: () => this.#spec }) as Spec;
    this.name = new KubeInferenceService(this, 'Default', { metadata: { name: id, ...metadata }, spec }).name;
  }

  /** A service of this model: `InferenceService.serving(chart, 'digits', model).withGpu()`. */
  static serving(scope: Construct, id: string, model: Reference): InferenceService {
    return new InferenceService(scope, id, { model });
  }

  /** Runs this many pods. */
  withReplicas(count: number): this {
    this.#spec.replicas = count;
    return this;
  }

  /** Scales with the load between `min` and `max` pods; on use of CPU at 70 % unless `onCpu` or `onMemory` says otherwise. */
  scaleBetween(min: number, max: number): this {
    this.#spec.scaling = { ...this.#spec.scaling, min, max };
    return this;
  }

  /** Aims for this use of the CPU that the pods request, in percent. Goes with `scaleBetween`. */
  onCpu(percent: number): this {
    return this.#scaleOn('cpu', percent);
  }

  /** Aims for this use of the memory that the pods request, in percent. Goes with `scaleBetween`. */
  onMemory(percent: number): this {
    return this.#scaleOn('memory', percent);
  }

  /** Bounds how requests are put together into one run: `{ maxSize: 32, maxDelayMs: 5 }`. */
  withBatching(batching: NonNullable<Spec['batching']>): this {
    this.#spec.batching = batching;
    return this;
  }

  /** Lets the model run only there, in this order of preference: `runningOn('cuda')`. */
  runningOn(...providers: NonNullable<Spec['providers']>): this {
    this.#spec.providers = providers;
    return this;
  }

  /** Gives each pod these resources: `{ requests: { cpu: '500m' }, limits: { memory: '1Gi' } }`. */
  withResources(resources: Spec['resources']): this {
    this.#spec.resources = resources;
    return this;
  }

  /** Gives each pod whole GPUs. */
  withGpu(count = 1, { resourceName = 'nvidia.com/gpu', ...options }: GpuOptions = {}): this {
    return this.#accelerate({ resourceName, count, ...options });
  }

  /** Gives each pod slices of a GPU by MIG profile, such as `1g.10gb`. */
  withGpuSlice(profile: string, count = 1): this {
    return this.#accelerate({ mig: profile, count });
  }

  /** Gives each pod devices of a DeviceClass (Dynamic Resource Allocation), such as `gpu.nvidia.com`. */
  withDevice(deviceClass: string, count = 1): this {
    return this.#accelerate({ deviceClass, count });
  }

  /** Keeps the model on a claim that all pods share, so that it is downloaded once. */
  cacheOnClaim(claim: Omit<Cache, 'type'> = {}): this {
    this.#spec.cache = { type: 'Claim', ...claim };
    return this;
  }

  /** Lets each pod download the model into its own space. */
  cacheInPod(): this {
    this.#spec.cache = { type: 'Ephemeral' };
    return this;
  }

  /** Lets the node pull the model like an image (oci models, Kubernetes 1.33 or later). */
  cacheAsImage(): this {
    this.#spec.cache = { type: 'ImageVolume' };
    return this;
  }

  /** Runs on nodes with these labels only. */
  onNodesWith(labels: Readonly<Record<string, string>>): this {
    return this.#place({ nodeSelector: { ...this.#spec.placement?.nodeSelector, ...labels } });
  }

  /** Tolerates a taint; may be called again for more. */
  tolerating(toleration: NonNullable<Placement['tolerations']>[number]): this {
    return this.#place({ tolerations: [...(this.#spec.placement?.tolerations ?? []), toleration] });
  }

  /** Draws the pods to nodes and to other pods, or away from them, as in a Pod. */
  withAffinity(affinity: Placement['affinity']): this {
    return this.#place({ affinity });
  }

  /** Gives the pods this PriorityClass. */
  withPriority(priorityClass: Reference): this {
    return this.#place({ priorityClassName: nameOf(priorityClass) });
  }

  /** Lets this many pods run beyond the wanted number during a rollout; with 0 an old pod goes before its successor comes. */
  surgingBy(pods: number): this {
    this.#spec.rollout = { surge: pods };
    return this;
  }

  /** Takes all pods away and keeps everything else. */
  suspended(isSuspended = true): this {
    this.#spec.suspend = isSuspended;
    return this;
  }

  #scaleOn(metric: 'cpu' | 'memory', target: number): this {
    if (this.#spec.scaling === undefined)
      throw new Error(`InferenceService "${this.name}": call scaleBetween(min, max) before saying what to scale on`);
    Object.assign(this.#spec.scaling, { metric, target });
    return this;
  }

  #accelerate(accelerator: Accelerator): this {
    this.#spec.accelerator = accelerator;
    return this;
  }

  #place(more: Placement): this {
    this.#spec.placement = { ...this.#spec.placement, ...more };
    return this;
  }
}

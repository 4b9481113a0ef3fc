import type { StagePlan } from './plan.ts';

/** Which image runs a stage, and whether it is ours. */
export interface StageImage {
  image: string;
  pullPolicy: string | undefined;
  /** A user's image may write to its own file system; ours need not. */
  isOurs: boolean;
}

/** The image of the container of a stage. */
export function imageOf({ stage, job: { spec }, settings }: StagePlan): StageImage {
  if (stage === 'publish') {
    return { image: settings.runtimeImage, pullPolicy: settings.runtimeImagePullPolicy, isOurs: true };
  }
  if (stage === 'train' && spec.image !== undefined) {
    return { image: spec.image, pullPolicy: undefined, isOurs: false };
  }
  const { toolkitImage, toolkitImagePullPolicy, tensorflowImage, paddlepaddleImage, mxnetImage } = settings.training;
  const variants: Readonly<Record<string, string | undefined>> = {
    tensorflow: tensorflowImage,
    paddlepaddle: paddlepaddleImage,
    // Its programs write ONNX themselves; the rest is up to newer packages than it can be with.
    mxnet: stage === 'train' ? mxnetImage : undefined,
  };
  // Preparing a table needs no framework; the variants are gigabytes larger.
  const variant = stage === 'prepare' ? undefined : variants[spec.framework];
  return { image: variant ?? toolkitImage, pullPolicy: toolkitImagePullPolicy, isOurs: true };
}

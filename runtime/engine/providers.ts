import { EngineError } from './engine.ts';

/** onnxruntime's execution providers by name, with what each needs. */
const PROVIDERS: Readonly<Record<string, string>> = {
  cpu: 'nothing',
  cuda: 'the CUDA variant of the runtime image, and an NVIDIA GPU',
  tensorrt: 'the CUDA variant of the runtime image, TensorRT, and an NVIDIA GPU',
  openvino: 'a build of onnxruntime with OpenVINO',
  coreml: 'macOS',
  webgpu: 'a GPU with a Vulkan driver',
  dml: 'Windows',
};

/** The names of providers that can be asked for. */
const PROVIDER_NAMES: readonly string[] = Object.keys(PROVIDERS);

/** Where a model runs. */
export interface ChosenProviders {
  executionProviders: string[];
  /** Whether parts that the provider cannot run may run on the CPU. */
  isFallbackAllowed: boolean;
}

/** Checks the wanted providers against what the library has. Parts fall back to the CPU only where `cpu` is in the list. */
export function chooseProviders(wanted: readonly string[] | undefined, available: readonly string[]): ChosenProviders {
  const executionProviders = wanted === undefined || wanted.length === 0 ? ['cpu'] : [...wanted];
  for (const name of executionProviders) {
    const hint = PROVIDERS[name];
    if (hint === undefined)
      throw new EngineError('failed', `There is no provider "${name}"; there are ${PROVIDER_NAMES.join(', ')}.`);
    if (!available.includes(name)) {
      throw new EngineError(
        'failed',
        `The provider "${name}" is not in this build, which has ${available.join(', ')}. It needs ${hint}.`,
      );
    }
  }
  return { executionProviders, isFallbackAllowed: executionProviders.includes('cpu') };
}

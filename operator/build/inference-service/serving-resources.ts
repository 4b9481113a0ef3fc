import type { InferenceServiceSpec } from '../../../crds/schema/inference-service.ts';
import type { Settings } from '../../settings.ts';
import { type ContainerResources, filledResources } from '../container-resources.ts';

/** Resources of the serving container. */
export const servingResources = ({ resources }: InferenceServiceSpec, { serving }: Settings): ContainerResources =>
  filledResources(resources, serving);

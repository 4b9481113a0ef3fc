import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { childName } from '../naming.ts';
import { Label } from '../labels.ts';

/** Annotation on an InferenceService; any new value rolls its pods, as `kubectl rollout restart` does. */
export const RESTARTED_AT = 'aimass.dev/restartedAt';

/** Annotation on the Deployment: the replicas we wrote last. See decide/inference-service/replicas.ts. */
export const APPLIED_REPLICAS = 'aimass.dev/applied-replicas';

export const HTTP_PORT = 8080;
export const GRPC_PORT = 8081;
export const METRICS_PORT = 9090;

/** Name of the claim that keeps the downloaded models of a service. */
export const cacheClaimName = (service: InferenceService): string => childName(service.metadata.name, 'cache');

/** How many pods may run beyond the wanted number during a rollout. */
export const surgeOf = ({ spec }: InferenceService): number => spec.rollout?.surge ?? 1;

/** Labels that select the pods of a service, of any revision. */
export const podSelector = (service: InferenceService): Record<string, string> => ({
  [Label.service]: service.metadata.name,
});

/** Address of the service inside the cluster. */
export const serviceUrl = ({ metadata }: InferenceService): string =>
  `http://${metadata.name}.${metadata.namespace}.svc`;

/** The same for gRPC, as its clients take it: host and port. */
export const serviceGrpcUrl = ({ metadata }: InferenceService): string =>
  `${metadata.name}.${metadata.namespace}.svc:${GRPC_PORT}`;

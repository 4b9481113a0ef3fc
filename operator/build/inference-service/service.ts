import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import type { Service } from './children.ts';
import { GRPC_PORT, podSelector } from './names.ts';

/** The address of the service inside the cluster. */
export const buildService = (service: InferenceService): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: childMeta(service, service.metadata.name, { [Label.service]: service.metadata.name }),
  spec: {
    type: 'ClusterIP',
    selector: podSelector(service),
    ports: [
      { name: 'http', port: 80, targetPort: 'http', protocol: 'TCP', appProtocol: 'http' },
      { name: 'grpc', port: GRPC_PORT, targetPort: 'grpc', protocol: 'TCP', appProtocol: 'kubernetes.io/h2c' },
    ],
  },
});

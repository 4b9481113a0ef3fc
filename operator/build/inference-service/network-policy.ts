import type { V1NetworkPolicyEgressRule } from '@kubernetes/client-node';
import type { InferenceService } from '../../../crds/schema/inference-service.ts';
import type { Settings } from '../../settings.ts';
import { childMeta } from '../child-meta.ts';
import { Label } from '../labels.ts';
import type { IngressRule, NetworkPolicy } from './children.ts';
import { podSelector } from './names.ts';

/** Who may talk to the pods, and whom they may talk to. The kubelet's probes are always let through by Kubernetes. */
export const buildNetworkPolicy = (service: InferenceService, settings: Settings): NetworkPolicy => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: childMeta(service, service.metadata.name, { [Label.service]: service.metadata.name }),
  spec: {
    podSelector: { matchLabels: podSelector(service) },
    policyTypes: ['Ingress', 'Egress'],
    ingress: ingress(settings),
    egress: EGRESS,
  },
});

const ingress = (settings: Settings): IngressRule[] => [
  // No `from`: ingress controllers often run in the host's network, which no selector of namespaces or pods matches.
  {
    ports: [
      { port: 'http', protocol: 'TCP' },
      { port: 'grpc', protocol: 'TCP' },
    ],
  },
  {
    from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': settings.namespace } } }],
    ports: [{ port: 'metrics', protocol: 'TCP' }],
  },
];

/**
 * Models come from any host and port that a Model names, and a policy cannot name hosts, so fetching stays possible:
 * names are resolved anywhere (node-local DNS caches have link-local addresses), and everything but link-local addresses
 * is reachable. That shuts out what an attacker wants first, the cloud's metadata service with the node's credentials.
 * Pods are named besides the blocks because some network plugins do not count them as addresses.
 */
const EGRESS: V1NetworkPolicyEgressRule[] = [
  {
    ports: [
      { port: 53, protocol: 'UDP' },
      { port: 53, protocol: 'TCP' },
    ],
  },
  {
    to: [
      { ipBlock: { cidr: '0.0.0.0/0', except: ['169.254.0.0/16'] } },
      { ipBlock: { cidr: '::/0', except: ['fe80::/10', 'fd00:ec2::254/128'] } },
      { namespaceSelector: {} },
    ],
  },
];

import { createHash } from 'node:crypto';
import { Duration, Size } from 'cdk8s';
import {
  ConfigMap,
  Cpu,
  ImagePullPolicy,
  PersistentVolumeAccessMode,
  PersistentVolumeClaim,
  Probe,
  Protocol,
  ServiceAccount,
  Volume,
  k8s,
  type ContainerProps,
  type IConfigMap,
  type IPersistentVolumeClaim,
  type ResourceProps,
} from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { stringify } from 'yaml';
import { labels, selectorLabels } from './labels.ts';
import { REGISTRY_NAME, REGISTRY_PORT, type Installation } from './options.ts';
import { containerSecurity } from './pod-security.ts';
import { addDeployment, addService } from './workload.ts';

type Metadata = NonNullable<ResourceProps['metadata']>;

const config = stringify({
  version: 0.1,
  log: { level: 'info' },
  storage: {
    filesystem: { rootdirectory: '/var/lib/registry' },
    delete: { enabled: false },
    maintenance: { uploadpurging: { enabled: true, age: '24h', interval: '6h', dryrun: false } },
  },
  http: { addr: `:${REGISTRY_PORT}`, headers: { 'X-Content-Type-Options': ['nosniff'] } },
});

/** The CNCF distribution registry on a volume, for teams that have no registry. */
export class Registry extends Construct {
  constructor(scope: Construct, id: string, installation: Installation & { registrySizeGiB: number }) {
    super(scope, id);
    const metadata = {
      name: REGISTRY_NAME,
      namespace: installation.namespace,
      labels: labels(installation, 'registry'),
    };
    const selector = selectorLabels(installation, 'registry');
    const claim = new PersistentVolumeClaim(this, 'claim', {
      metadata,
      accessModes: [PersistentVolumeAccessMode.READ_WRITE_ONCE],
      storage: Size.gibibytes(installation.registrySizeGiB),
    });
    const account = new ServiceAccount(this, 'account', { metadata, automountToken: false });
    const container = this.container(installation.images.registry, metadata, claim);
    const annotations = { 'checksum/config': createHash('sha256').update(config).digest('hex') };
    // A volume that one node can mount: the old pod has to go first.
    addDeployment(this, { metadata, selector, annotations, account, container, strategy: 'recreate' });
    this.expose(metadata, selector);
  }

  private container(image: string, metadata: Metadata, claim: PersistentVolumeClaim): ContainerProps {
    const configMap = new ConfigMap(this, 'config', { metadata, data: { 'config.yml': config } });
    const volumes = {
      config: Volume.fromConfigMap(this, 'config-volume', configMap as IConfigMap, { name: 'config' }),
      data: Volume.fromPersistentVolumeClaim(this, 'data-volume', claim as IPersistentVolumeClaim, { name: 'data' }),
      tmp: Volume.fromEmptyDir(this, 'tmp-volume', 'tmp', { sizeLimit: Size.mebibytes(64) }),
    };
    // The root answers without a login and without touching the volume.
    const probe = (every: number, timeout: number): Probe =>
      Probe.fromHttpGet('/', {
        port: REGISTRY_PORT,
        periodSeconds: Duration.seconds(every),
        timeoutSeconds: Duration.seconds(timeout),
        failureThreshold: 3,
      });
    return {
      name: 'registry',
      image,
      imagePullPolicy: ImagePullPolicy.IF_NOT_PRESENT,
      args: ['serve', '/etc/aimass-registry/config.yml'],
      ports: [{ name: 'registry', number: REGISTRY_PORT, protocol: Protocol.TCP }],
      liveness: probe(10, 5),
      readiness: probe(3, 3),
      resources: {
        cpu: { request: Cpu.millis(50) },
        memory: { request: Size.mebibytes(64), limit: Size.mebibytes(256) },
      },
      securityContext: containerSecurity,
      volumeMounts: [
        { path: '/etc/aimass-registry', readOnly: true, volume: volumes.config },
        { path: '/var/lib/registry', volume: volumes.data },
        { path: '/tmp', volume: volumes.tmp },
      ],
    };
  }

  private expose(metadata: Metadata, selector: Record<string, string>): void {
    addService(this, { metadata, selector }, { registry: { port: REGISTRY_PORT, targetPort: REGISTRY_PORT } });
    new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata,
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          {
            from: [{ namespaceSelector: {} }],
            ports: [{ protocol: 'TCP', port: k8s.IntOrString.fromNumber(REGISTRY_PORT) }],
          },
        ],
        // It calls nobody.
        egress: [],
      },
    });
  }
}

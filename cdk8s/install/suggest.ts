import { Duration, Size } from 'cdk8s';
import { Cpu, ImagePullPolicy, Probe, Protocol, ServiceAccount, Volume, k8s, type ContainerProps } from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { labels, selectorLabels } from './labels.ts';
import { SUGGEST_PORT, type Installation } from './options.ts';
import { containerSecurity } from './pod-security.ts';
import { addDeployment, addService } from './workload.ts';

/** Suggests the parameters of searches. It keeps nothing: each question carries the trials so far. */
export class Suggest extends Construct {
  constructor(scope: Construct, id: string, installation: Installation) {
    super(scope, id);
    const metadata = {
      name: `${installation.name}-suggest`,
      namespace: installation.namespace,
      labels: labels(installation, 'suggest'),
    };
    const selector = selectorLabels(installation, 'suggest');
    const account = new ServiceAccount(this, 'account', { metadata, automountToken: false });
    const container = this.container(installation.images.toolkit);
    addDeployment(this, { metadata, selector, account, container, strategy: 'oneByOne' });
    addService(this, { metadata, selector }, { http: { port: SUGGEST_PORT, targetPort: SUGGEST_PORT } });
    new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata,
      spec: {
        podSelector: { matchLabels: selector },
        policyTypes: ['Ingress', 'Egress'],
        // Only the operator asks.
        ingress: [
          {
            from: [{ podSelector: { matchLabels: selectorLabels(installation, 'operator') } }],
            ports: [{ protocol: 'TCP', port: k8s.IntOrString.fromNumber(SUGGEST_PORT) }],
          },
        ],
        // It calls nobody.
        egress: [],
      },
    });
  }

  private container(image: string): ContainerProps {
    const probe = (every: number, timeout: number, failures: number): Probe =>
      Probe.fromHttpGet('/healthz', {
        port: SUGGEST_PORT,
        periodSeconds: Duration.seconds(every),
        timeoutSeconds: Duration.seconds(timeout),
        failureThreshold: failures,
      });
    return {
      name: 'suggest',
      image,
      imagePullPolicy: ImagePullPolicy.IF_NOT_PRESENT,
      args: ['suggest', '--port', String(SUGGEST_PORT)],
      ports: [{ name: 'http', number: SUGGEST_PORT, protocol: Protocol.TCP }],
      readiness: probe(5, 5, 3),
      liveness: probe(20, 10, 6),
      resources: {
        cpu: { request: Cpu.millis(50) },
        memory: { request: Size.mebibytes(192), limit: Size.gibibytes(1) },
      },
      securityContext: containerSecurity,
      volumeMounts: [
        {
          path: '/tmp',
          volume: Volume.fromEmptyDir(this, 'tmp-volume', 'tmp', { sizeLimit: Size.mebibytes(64) }),
        },
      ],
    };
  }
}

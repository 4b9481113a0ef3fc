import { Duration, Size } from 'cdk8s';
import {
  Cpu,
  Deployment,
  DeploymentStrategy,
  ImagePullPolicy,
  LabelSelector,
  PercentOrAbsolute,
  Probe,
  Protocol,
  Service,
  ServiceAccount,
  Volume,
  k8s,
  type ContainerProps,
  type IServiceAccount,
} from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { labels, selectorLabels } from './labels.ts';
import { SUGGEST_PORT, type Installation } from './options.ts';
import { containerSecurity, finishDeployment, podSecurity } from './pod-security.ts';

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
    const deployment = new Deployment(this, 'deployment', {
      metadata,
      replicas: 1,
      select: false,
      strategy: DeploymentStrategy.rollingUpdate({
        maxSurge: PercentOrAbsolute.absolute(1),
        maxUnavailable: PercentOrAbsolute.absolute(0),
      }),
      podMetadata: { labels: selector },
      serviceAccount: account as IServiceAccount,
      automountServiceAccountToken: false,
      securityContext: podSecurity,
      terminationGracePeriod: Duration.seconds(30),
      containers: [this.container(installation.images.toolkit)],
    });
    deployment.select(LabelSelector.of({ labels: selector }));
    finishDeployment(deployment);
    const service = new Service(this, 'service', {
      metadata,
      ports: [{ name: 'http', port: SUGGEST_PORT, targetPort: SUGGEST_PORT, protocol: Protocol.TCP }],
    });
    for (const [key, value] of Object.entries(selector)) service.selectLabel(key, value);
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

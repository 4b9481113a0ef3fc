import { createHash } from 'node:crypto';
import { Duration, Size } from 'cdk8s';
import {
  ConfigMap,
  Cpu,
  EnvFieldPaths,
  EnvValue,
  ImagePullPolicy,
  Probe,
  Protocol,
  ServiceAccount,
  Volume,
  k8s,
  type ContainerProps,
  type IConfigMap,
} from 'cdk8s-plus-27';
import { Construct } from 'constructs';
import { stringify } from 'yaml';
import { labels, selectorLabels } from './labels.ts';
import { SERVING_METRICS_PORT, SUGGEST_PORT, type Installation } from './options.ts';
import { containerSecurity } from './pod-security.ts';
import { grantOperator } from './rights.ts';
import { addDeployment, addService } from './workload.ts';

/** The operator: its settings, rights, pods, and what guards them. */
export class Operator extends Construct {
  constructor(scope: Construct, id: string, installation: Installation) {
    super(scope, id);
    const metadata = {
      name: installation.operatorName,
      namespace: installation.namespace,
      labels: labels(installation, 'operator'),
    };
    const account = new ServiceAccount(this, 'account', { metadata, automountToken: false });
    grantOperator(this, installation, account);
    const text = stringify(installation.settings);
    const settings = new ConfigMap(this, 'settings', { metadata, data: { 'settings.yaml': text } });
    const selector = selectorLabels(installation, 'operator');
    addDeployment(this, {
      metadata,
      selector,
      account,
      container: this.container(installation, settings),
      strategy: 'oneByOne',
      replicas: installation.replicas,
      annotations: { 'checksum/settings': createHash('sha256').update(text).digest('hex') },
      hasToken: true,
      isSpread: true,
    });
    this.expose(installation);
    this.guard(installation);
  }

  private container({ images, settings }: Installation, configMap: ConfigMap): ContainerProps {
    const probe = (path: string, every: number, rest: { timeout?: number; failures: number }): Probe =>
      Probe.fromHttpGet(path, {
        port: settings.healthPort,
        periodSeconds: Duration.seconds(every),
        ...(rest.timeout && { timeoutSeconds: Duration.seconds(rest.timeout) }),
        failureThreshold: rest.failures,
      });
    return {
      name: 'operator',
      image: images.operator,
      imagePullPolicy: ImagePullPolicy.IF_NOT_PRESENT,
      envVariables: {
        AIMASS_SETTINGS: EnvValue.fromValue('/etc/aimass/settings.yaml'),
        POD_NAME: EnvValue.fromFieldRef(EnvFieldPaths.POD_NAME),
        POD_NAMESPACE: EnvValue.fromFieldRef(EnvFieldPaths.POD_NAMESPACE),
      },
      ports: [
        { name: 'metrics', number: settings.metricsPort, protocol: Protocol.TCP },
        { name: 'health', number: settings.healthPort, protocol: Protocol.TCP },
      ],
      // The first list of a large cluster takes a while; liveness begins only afterwards.
      startup: probe('/healthz', 2, { failures: 60 }),
      liveness: probe('/healthz', 10, { timeout: 5, failures: 3 }),
      readiness: probe('/readyz', 5, { timeout: 3, failures: 2 }),
      resources: {
        cpu: { request: Cpu.millis(100) },
        memory: { request: Size.mebibytes(192), limit: Size.mebibytes(512) },
      },
      securityContext: containerSecurity,
      volumeMounts: [
        {
          path: '/etc/aimass',
          readOnly: true,
          volume: Volume.fromConfigMap(this, 'settings-volume', configMap as IConfigMap, { name: 'settings' }),
        },
        {
          path: '/tmp',
          volume: Volume.fromEmptyDir(this, 'tmp-volume', 'tmp', { sizeLimit: Size.mebibytes(64) }),
        },
      ],
    };
  }

  private expose(installation: Installation): void {
    const { healthPort, metricsPort } = installation.settings;
    const metadata = {
      name: installation.operatorName,
      namespace: installation.namespace,
      labels: labels(installation, 'operator'),
    };
    addService(
      this,
      { metadata, selector: selectorLabels(installation, 'operator') },
      { metrics: { port: 8080, targetPort: metricsPort }, health: { port: 8081, targetPort: healthPort } },
    );
  }

  private guard(installation: Installation): void {
    const metadata = {
      name: installation.operatorName,
      namespace: installation.namespace,
      labels: labels(installation, 'operator'),
    };
    const matchLabels = selectorLabels(installation, 'operator');
    if (installation.replicas > 1) {
      new k8s.KubePodDisruptionBudget(this, 'disruption-budget', {
        metadata,
        spec: { maxUnavailable: k8s.IntOrString.fromNumber(1), selector: { matchLabels } },
      });
    }
    const { healthPort, metricsPort } = installation.settings;
    new k8s.KubeNetworkPolicy(this, 'network-policy', {
      metadata,
      spec: {
        podSelector: { matchLabels },
        policyTypes: ['Ingress', 'Egress'],
        ingress: [
          { from: [{ namespaceSelector: {} }], ports: tcp(metricsPort) },
          { from: [{ podSelector: {} }], ports: tcp(healthPort) },
        ],
        egress: [
          { ports: [{ protocol: 'UDP', port: k8s.IntOrString.fromNumber(53) }, ...tcp(53)] },
          { ports: tcp(443, 6443) },
          {
            to: [
              {
                namespaceSelector: {},
                podSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'aimass-operator' } },
              },
            ],
            ports: tcp(SERVING_METRICS_PORT),
          },
          {
            to: [{ podSelector: { matchLabels: selectorLabels(installation, 'suggest') } }],
            ports: tcp(SUGGEST_PORT),
          },
        ],
      },
    });
  }
}

const tcp = (...ports: number[]): k8s.NetworkPolicyPort[] =>
  ports.map((port) => ({ protocol: 'TCP', port: k8s.IntOrString.fromNumber(port) }));

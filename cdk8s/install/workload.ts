import { Duration } from 'cdk8s';
import {
  Deployment,
  DeploymentStrategy,
  LabelSelector,
  PercentOrAbsolute,
  Protocol,
  Service,
  type ContainerProps,
  type IServiceAccount,
  type ResourceProps,
  type ServiceAccount,
} from 'cdk8s-plus-27';
import type { Construct } from 'constructs';
import { finishDeployment, podSecurity } from './pod-security.ts';

type Metadata = NonNullable<ResourceProps['metadata']>;

/** The pods of a component, and what is particular about them. */
export interface WorkloadProps {
  metadata: Metadata;
  selector: Record<string, string>;
  account: ServiceAccount;
  container: ContainerProps;
  /** Pods that can run beside their successors are replaced one by one; others go first. */
  strategy: 'oneByOne' | 'recreate';
  replicas?: number;
  annotations?: Record<string, string>;
  /** Whether the pods get a token of the account. */
  hasToken?: boolean;
  /** Whether the pods are spread over nodes. */
  isSpread?: boolean;
}

const oneByOne = () =>
  DeploymentStrategy.rollingUpdate({
    maxSurge: PercentOrAbsolute.absolute(1),
    maxUnavailable: PercentOrAbsolute.absolute(0),
  });

/** The Deployment of a component, under Pod Security "restricted". */
export function addDeployment(scope: Construct, props: WorkloadProps): void {
  const { metadata, selector, annotations, account, container } = props;
  const deployment = new Deployment(scope, 'deployment', {
    metadata,
    replicas: props.replicas ?? 1,
    select: false,
    strategy: props.strategy === 'recreate' ? DeploymentStrategy.recreate() : oneByOne(),
    podMetadata: { labels: selector, ...(annotations === undefined ? {} : { annotations }) },
    serviceAccount: account as IServiceAccount,
    automountServiceAccountToken: props.hasToken ?? false,
    securityContext: podSecurity,
    terminationGracePeriod: Duration.seconds(30),
    containers: [container],
  });
  deployment.select(LabelSelector.of({ labels: selector }));
  finishDeployment(deployment, props.isSpread === true ? { spread: selector } : {});
}

/** The Service in front of a component: names of ports with where they lead. */
export function addService(
  scope: Construct,
  { metadata, selector }: Pick<WorkloadProps, 'metadata' | 'selector'>,
  ports: Readonly<Record<string, { port: number; targetPort: number }>>,
): void {
  const service = new Service(scope, 'service', {
    metadata,
    ports: Object.entries(ports).map(([name, port]) => ({ name, ...port, protocol: Protocol.TCP })),
  });
  for (const [key, value] of Object.entries(selector)) service.selectLabel(key, value);
}

import { trainingCases } from './training-cases.ts';

/** A manifest that people might apply, and the words of the refusal; `undefined` when it is accepted. */
export interface ApplyCase {
  name: string;
  kind: 'Model' | 'InferenceService' | 'TrainingJob';
  objectName?: string;
  spec: Record<string, unknown>;
  refusal?: string;
}

const DIGEST = 'a'.repeat(64);
const OTHER_DIGEST = 'b'.repeat(64);
const https = { uri: 'https://models.example/digits.onnx' };
const claim = { uri: 'pvc://models/digits/model.onnx' };
const oci = { uri: 'oci://registry.example:5000/team/digits:1.0' };
const pinned = { uri: `oci://registry.example/team/digits@sha256:${DIGEST}` };

const model = (spec: Record<string, unknown>) => ({ kind: 'Model' as const, spec: { task: 'custom', ...spec } });
const service = (spec: Record<string, unknown>) => ({
  kind: 'InferenceService' as const,
  spec: { model: { name: 'digits' }, ...spec },
});
const fromUri = (uri: string) => model({ source: { uri } });

const OCI_FORM =
  'an oci URI names a registry, a lower-case repository, and a tag or digest, as oci://registry/team/model:1.0 or oci://registry/team/model@sha256:…';
const HTTPS_FORM =
  'an https URI names a host and a file, as https://host/path/model.onnx; logins belong in spec.credentials';
const S3_FORM = 'an s3 URI names a bucket and a key or prefix, as s3://bucket/path/model.onnx';
const HF_FORM = 'an hf URI names an owner and a repository, and may name a revision';
const PVC_FORM = 'a pvc URI names a claim and a file in it, as pvc://claim/path/model.onnx';

const modelCases: readonly ApplyCase[] = [
  { name: 'a file behind https', ...model({ source: https, sha256: DIGEST }) },
  { name: 'a link with a query, as signed links have', ...fromUri('https://host:8443/a/b.onnx?signature=x%2Fy@z') },
  { name: 'an artifact by tag', ...model({ source: oci, sha256: DIGEST, credentials: { secretName: 'login' } }) },
  { name: 'an artifact by digest that sha256 repeats', ...model({ source: pinned, sha256: DIGEST }) },
  { name: 'an artifact by tag and digest', ...fromUri(`oci://localhost:5000/digits:1@sha256:${DIGEST}`) },
  { name: 'an object', ...model({ source: { uri: 's3://models/a/b.onnx' }, sha256: DIGEST, credentials: { secretName: 's3' } }) },
  {
    name: 'a prefix in a store with an address and certificate of its own',
    ...model({
      source: { uri: 's3://team.models/a%20b/?endpoint=https://minio.example:9000&region=eu-1', caBundle: { name: 'ca' } },
    }),
  },
  { name: 'a repository of the hub', ...fromUri('hf://microsoft/resnet-50') },
  { name: 'a file of it at a tag', ...fromUri('hf://owner/Name_1.0@v1.0/onnx/model.onnx') },
  { name: 'a proposed change of it', ...model({ source: { uri: 'hf://owner/name@refs/pr/3' }, credentials: { secretName: 'hf' } }) },
  { name: 'a file on a claim', ...model({ source: { ...claim, maxSize: '2Gi' } }) },
  { name: 'what a job publishes', ...model({ source: { trainingJob: { name: 'digits-train' } }, credentials: { secretName: 'login' } }) },
  {
    name: 'neither a uri nor a job',
    ...model({ source: { maxSize: '1Gi' } }),
    refusal: 'give either uri or trainingJob',
  },
  {
    name: 'a uri and a job',
    ...model({ source: { ...https, trainingJob: { name: 'digits-train' } } }),
    refusal: 'give either uri or trainingJob',
  },
  {
    name: 'a digest for a job',
    ...model({ source: { trainingJob: { name: 'digits-train' } }, sha256: DIGEST }),
    refusal: 'spec.sha256 is for spec.source.uri; a TrainingJob says itself which digest it published',
  },
  { name: 'a limit as a plain number', ...model({ source: { ...https, maxSize: 1_000_000 } }) },
  {
    name: 'everything at once',
    ...model({
      source: { ...https, maxSize: '1.5Gi', caBundle: { name: 'ca', key: 'root.pem' } },
      sha256: DIGEST,
      credentials: { secretName: 'login' },
      verification: {
        golden: { configMap: { name: 'golden' } },
        limits: { p99LatencyMs: 50, memory: '512Mi' },
        every: '24h',
        resources: { requests: { cpu: '500m' }, limits: { memory: '2Gi' } },
      },
      card: { summary: 'Digits.', license: 'Apache-2.0', tags: ['vision'], homepage: 'https://models.example' },
    }),
  },
  { name: 'a name that begins with a digit', objectName: '3d-shapes', ...model({ source: https }) },
  { name: 'a name of 52 characters', objectName: 'm'.repeat(52), ...model({ source: https }) },
  {
    name: 'a name of 53 characters',
    objectName: 'm'.repeat(53),
    ...model({ source: https }),
    refusal: 'metadata.name must be no longer than 52 characters: names of pods and jobs are made from it',
  },
  {
    name: 'a name with a dot',
    objectName: 'digits.v2',
    ...model({ source: https }),
    refusal: 'metadata.name may hold lower-case letters, digits and inner hyphens only: it becomes a part of a URL',
  },
  { name: 'no source', ...model({}), refusal: 'spec.source: Required value' },
  { name: 'an unknown task', ...model({ task: 'mind-reading', source: https }), refusal: 'Unsupported value: "mind-reading"' },
  {
    name: 'a scheme that is not supported',
    ...fromUri('ftp://host/x.onnx'),
    refusal: 'must begin with https://, oci://, s3://, hf:// or pvc:// and hold no spaces',
  },
  {
    name: 'a URI with a space',
    ...fromUri('https://host/my model.onnx'),
    refusal: 'must begin with https://, oci://, s3://, hf:// or pvc:// and hold no spaces',
  },
  { name: 'an https URI without a path', ...fromUri('https://host'), refusal: HTTPS_FORM },
  { name: 'an https URI of a host only', ...fromUri('https://host/'), refusal: HTTPS_FORM },
  { name: 'an https URI with a password', ...fromUri('https://me:secret@host/x.onnx'), refusal: HTTPS_FORM },
  { name: 'an oci URI without tag or digest', ...fromUri('oci://registry.example/team/digits'), refusal: OCI_FORM },
  { name: 'an oci URI with capitals', ...fromUri('oci://registry.example/Team/digits:1'), refusal: OCI_FORM },
  { name: 'an oci URI with half a digest', ...fromUri('oci://registry.example/digits@sha256:abc'), refusal: OCI_FORM },
  { name: 'an s3 URI without a key', ...fromUri('s3://models'), refusal: S3_FORM },
  { name: 'an s3 URI of a bucket only', ...fromUri('s3://models/'), refusal: S3_FORM },
  { name: 'an s3 URI with capitals in the bucket', ...fromUri('s3://Models/a'), refusal: S3_FORM },
  { name: 'an s3 URI with a login', ...fromUri('s3://key:secret@models/a'), refusal: S3_FORM },
  { name: 'an s3 URI with an option that does not exist', ...fromUri('s3://models/a?profile=me'), refusal: S3_FORM },
  {
    name: 'an s3 URI that steps upwards',
    ...fromUri('s3://models/a/../b?region=x'),
    refusal: 'the path of an s3 or hf URI may not hold . or .. steps',
  },
  { name: 'an hf URI without owner', ...fromUri('hf://resnet-50'), refusal: HF_FORM },
  { name: 'an hf URI with an empty revision', ...fromUri('hf://owner/name@'), refusal: HF_FORM },
  { name: 'an hf URI with a query', ...fromUri('hf://owner/name?revision=x'), refusal: HF_FORM },
  {
    name: 'an hf URI that leaves its repository',
    ...fromUri('hf://owner/name@main/..'),
    refusal: 'the path of an s3 or hf URI may not hold . or .. steps',
  },
  { name: 'a pvc URI without a path', ...fromUri('pvc://claim'), refusal: PVC_FORM },
  { name: 'a pvc URI with a bad claim name', ...fromUri('pvc://My_Claim/x.onnx'), refusal: PVC_FORM },
  {
    name: 'a pvc URI that leaves its claim',
    ...fromUri('pvc://claim/a/../../etc/passwd'),
    refusal: 'the path of a pvc URI may not hold . or .. steps',
  },
  {
    name: 'two digests that differ',
    ...model({ source: pinned, sha256: OTHER_DIGEST }),
    refusal: 'spec.sha256 and the digest in spec.source.uri differ; remove one of them or make them equal',
  },
  { name: 'a digest in capitals', ...model({ source: https, sha256: 'A'.repeat(64) }), refusal: 'spec.sha256 in body should match' },
  {
    name: 'a login for a claim',
    ...model({ source: claim, credentials: { secretName: 'login' } }),
    refusal: 'spec.credentials is for sources on the network; a volume claim needs no login',
  },
  {
    name: 'a certificate for a claim',
    ...model({ source: { ...claim, caBundle: { name: 'ca' } } }),
    refusal: 'spec.source.caBundle is for sources on the network; a volume claim has no certificate',
  },
  { name: 'a size of nothing', ...model({ source: { ...https, maxSize: '0Gi' } }), refusal: 'must be more than 0' },
  { name: 'a size that is no quantity', ...model({ source: { ...https, maxSize: 'big' } }), refusal: 'spec.source.maxSize in body should match' },
  { name: 'verification each second', ...model({ source: https, verification: { every: '1s' } }), refusal: 'must be 10s or more' },
  { name: 'a time without unit', ...model({ source: https, verification: { every: '24' } }), refusal: 'spec.verification.every in body should match' },
  { name: 'a tag twice', ...model({ source: https, card: { tags: ['a', 'a'] } }), refusal: 'Duplicate value: "a"' },
  { name: 'a home page that is no link', ...model({ source: https, card: { homepage: 'here' } }), refusal: 'must begin with https:// or http://' },
  { name: 'a field that does not exist', ...model({ source: https, sha265: DIGEST }), refusal: 'unknown field "spec.sha265"' },
  { name: 'a nested field that does not exist', ...model({ source: { ...https, url: 'x' } }), refusal: 'unknown field "spec.source.url"' },
];

const serviceCases: readonly ApplyCase[] = [
  { name: 'a service with nothing but a model', ...service({}) },
  { name: 'a fixed number of pods', ...service({ replicas: 3 }) },
  { name: 'autoscaling', ...service({ scaling: { min: 1, max: 5, metric: 'cpu', target: 70 } }) },
  { name: 'a rollout without room to spare', ...service({ rollout: { surge: 0 } }) },
  { name: 'a rollout that says nothing', ...service({ rollout: {} }) },
  {
    name: 'a rollout that surges by a share',
    ...service({ rollout: { surge: '25%' } }),
    refusal: 'spec.rollout.surge in body must be of type integer',
  },
  { name: 'a negative surge', ...service({ rollout: { surge: -1 } }), refusal: 'spec.rollout.surge in body should be greater than or equal to 0' },
  { name: 'a cache on a claim', ...service({ cache: { type: 'Claim', size: '20Gi', accessMode: 'ReadWriteMany' } }) },
  {
    name: 'a GPU of one product, with placement',
    ...service({
      accelerator: { resourceName: 'nvidia.com/gpu', count: 2, product: 'NVIDIA-A10' },
      resources: { requests: { cpu: 2, memory: '4Gi' }, limits: { memory: '4096Mi' } },
      placement: {
        nodeSelector: { zone: 'a' },
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }, { operator: 'Exists' }],
        affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } },
        priorityClassName: 'high',
      },
    }),
  },
  { name: 'extended resources in requests and limits', ...service({ resources: { requests: { 'a.b/c': 1 }, limits: { 'a.b/c': '1' } } }) },
  {
    name: 'a name that a Service may not have',
    objectName: '1st',
    ...service({}),
    refusal:
      'metadata.name must begin with a lower-case letter and may hold lower-case letters, digits and inner hyphens only: it becomes the name of a Service',
  },
  {
    name: 'a name of 53 characters',
    objectName: 's'.repeat(53),
    ...service({}),
    refusal: 'metadata.name must be no longer than 52 characters: names of pods and jobs are made from it',
  },
  { name: 'no model', ...service({ model: {} }), refusal: 'spec.model.name: Required value' },
  { name: 'a model name that no Model can have', ...service({ model: { name: 'a.b' } }), refusal: 'spec.model.name in body should match' },
  { name: 'replicas and scaling', ...service({ replicas: 1, scaling: { max: 2 } }), refusal: 'give either replicas or scaling, not both' },
  { name: 'fewest above most', ...service({ scaling: { min: 3, max: 2 } }), refusal: 'scaling.min must not be greater than scaling.max' },
  { name: 'a negative number of pods', ...service({ replicas: -1 }), refusal: 'should be greater than or equal to 0' },
  {
    name: 'two kinds of accelerator',
    ...service({ accelerator: { resourceName: 'nvidia.com/gpu', mig: '1g.10gb' } }),
    refusal: 'give exactly one of resourceName, mig and deviceClass',
  },
  { name: 'no kind of accelerator', ...service({ accelerator: { count: 1 } }), refusal: 'give exactly one of resourceName, mig and deviceClass' },
  {
    name: 'one GPU asked for in two places',
    ...service({ accelerator: { resourceName: 'nvidia.com/gpu' }, resources: { limits: { 'nvidia.com/gpu': 1 } } }),
    refusal: 'the accelerator is asked for twice: leave its resource out of resources.limits',
  },
  {
    name: 'a request above its limit',
    ...service({ resources: { requests: { memory: '2Gi' }, limits: { memory: '2000Mi' } } }),
    refusal: 'no request may be greater than the limit of the same resource',
  },
  {
    name: 'an extended resource without limit',
    ...service({ resources: { requests: { 'a.b/c': 1 } } }),
    refusal: 'an extended resource in requests must be in limits too, with the same amount',
  },
  {
    name: 'a resource with a slip of the pen',
    ...service({ resources: { limits: { memry: '1Gi' } } }),
    refusal: 'resources are cpu, memory, ephemeral-storage, hugepages-SIZE, or extended resources such as vendor.example/device',
  },
  {
    name: 'the size of a cache that is not a claim',
    ...service({ cache: { type: 'Ephemeral', size: '1Gi' } }),
    refusal: 'size, storageClassName and accessMode belong to type Claim',
  },
  {
    name: 'a toleration of nothing',
    ...service({ placement: { tolerations: [{ effect: 'NoSchedule' }] } }),
    refusal: 'a toleration without key needs operator Exists',
  },
  {
    name: 'a toleration with operator Exists and a value',
    ...service({ placement: { tolerations: [{ key: 'a', operator: 'Exists', value: 'b' }] } }),
    refusal: 'a toleration with operator Exists has no value',
  },
  {
    name: 'a toleration for some seconds of a lasting effect',
    ...service({ placement: { tolerations: [{ key: 'a', effect: 'NoSchedule', tolerationSeconds: 5 }] } }),
    refusal: 'tolerationSeconds needs effect NoExecute',
  },
  {
    name: 'a toleration twice',
    ...service({ placement: { tolerations: [{ key: 'a' }, { key: 'a' }] } }),
    refusal: 'Duplicate value: {"key":"a"}',
  },
  {
    name: 'a kind of affinity that does not exist',
    ...service({ placement: { affinity: { nodeAffinty: {} } } }),
    refusal: 'unknown field "spec.placement.affinity.nodeAffinty"',
  },
  { name: 'a field of a later version', ...service({ monitoring: {} }), refusal: 'unknown field "spec.monitoring"' },
];

/** What a real API server is asked to accept and to refuse, and the zod schema with it. */
export const applyCases: readonly ApplyCase[] = [...modelCases, ...serviceCases, ...trainingCases];

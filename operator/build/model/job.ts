import type { Model } from '../../../crds/schema/model.ts';
import { childMeta } from '../child-meta.ts';
import { Component, Label, MANAGED_BY } from '../labels.ts';
import { childName, shortHash } from '../naming.ts';
import { containerSecurity, podSecurity } from '../pod-security.ts';
import { fetchArguments, verifyArguments } from './arguments.ts';
import type { VerificationRequest } from './request.ts';
import { verificationResources } from './resources.ts';
import { buildVolumes, fetchMounts, verifyMounts } from './volumes.ts';

const KEEP_SECONDS = 600;

/** The Job that fetches and verifies a model. Its name follows from its content, so that making it twice makes it once. */
export function buildVerificationJob(request: VerificationRequest) {
  const { model, nonce } = request;
  const spec = buildJobSpec(request);
  const name = childName(model.metadata.name, `verify-${shortHash({ spec, nonce })}`);
  return { apiVersion: 'batch/v1', kind: 'Job', metadata: childMeta(model, name, labelsOf(model)), spec };
}

const labelsOf = (model: Model): Record<string, string> => ({
  [Label.component]: Component.verification,
  [Label.model]: model.metadata.name,
});

const buildJobSpec = (request: VerificationRequest) => ({
  // Tries are counted by the operator, with backoff: the Job controller cannot tell a wrong digest from a lost node.
  backoffLimit: 0,
  activeDeadlineSeconds: request.settings.verification.deadlineSeconds,
  ttlSecondsAfterFinished: KEEP_SECONDS,
  template: {
    metadata: { labels: { [Label.managedBy]: MANAGED_BY, ...labelsOf(request.model) } },
    spec: buildPodSpec(request),
  },
});

function buildPodSpec(request: VerificationRequest) {
  const { settings } = request;
  return {
    restartPolicy: 'Never',
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 5,
    ...(settings.imagePullSecrets.length === 0
      ? {}
      : { imagePullSecrets: settings.imagePullSecrets.map((name) => ({ name })) }),
    securityContext: podSecurity(),
    initContainers: [
      { ...buildContainer(request, 'fetch'), args: fetchArguments(request), volumeMounts: fetchMounts(request.model) },
    ],
    containers: [
      { ...buildContainer(request, 'verify'), args: verifyArguments(request), volumeMounts: verifyMounts(request) },
    ],
    volumes: buildVolumes(request),
  };
}

const buildContainer = ({ model, settings }: VerificationRequest, name: string) => ({
  name,
  image: settings.runtimeImage,
  imagePullPolicy: settings.runtimeImagePullPolicy,
  terminationMessagePolicy: 'File',
  resources: verificationResources(model, settings),
  securityContext: containerSecurity(),
});

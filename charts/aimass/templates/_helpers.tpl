{{/* Prefix of the names: contains the release, so that two releases do not clash. */}}
{{- define "aimass.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "aimass.operatorName" -}}
{{- printf "%s-operator" (include "aimass.fullname" .) -}}
{{- end -}}

{{/* Cluster-scoped names also contain the namespace: releases of one name may live in two namespaces. Arguments: dict "root" $ "role" name. */}}
{{- define "aimass.clusterName" -}}
{{- printf "%s-%s:%s" (include "aimass.fullname" .root) .role .root.Release.Namespace -}}
{{- end -}}

{{- define "aimass.suggestName" -}}
{{- printf "%s-suggest" (include "aimass.fullname" .) -}}
{{- end -}}

{{- define "aimass.serviceAccountName" -}}
{{- default (include "aimass.operatorName" .) .Values.operator.serviceAccount.name -}}
{{- end -}}

{{/* Arguments: dict "root" $ "component" name. */}}
{{- define "aimass.selectorLabels" -}}
app.kubernetes.io/name: aimass
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "aimass.labels" -}}
{{ include "aimass.selectorLabels" . }}
app.kubernetes.io/part-of: aimass
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Arguments: dict "root" $ "image" values. */}}
{{- define "aimass.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (default .root.Chart.AppVersion .image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "aimass.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* What Pod Security "restricted" asks for. */}}
{{- define "aimass.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "aimass.containerSecurityContext" -}}
allowPrivilegeEscalation: false
runAsNonRoot: true
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* Both spellings of the registry's address inside the cluster. */}}
{{- define "aimass.registryAddresses" -}}
{{- $host := printf "%s.%s.svc" .Values.registry.service.name .Release.Namespace -}}
{{- list (printf "%s:5000" $host) (printf "%s.cluster.local:5000" $host) | toJson -}}
{{- end -}}

{{/* The operator's settings file, exactly as operator/settings.ts reads it. */}}
{{- define "aimass.settings" -}}
{{- $settings := deepCopy .Values.settings -}}
{{- $registries := .Values.settings.insecureRegistries -}}
{{- if .Values.registry.enabled -}}
{{- $registries = concat $registries (include "aimass.registryAddresses" . | fromJsonArray) | uniq -}}
{{- end -}}
{{- $_ := set $settings "insecureRegistries" $registries -}}
{{- $_ := set $settings.leaderElection "leaseName" (include "aimass.operatorName" .) -}}
{{- $_ := set $settings "runtimeImage" (include "aimass.image" (dict "root" . "image" .Values.image.runtime)) -}}
{{- if .Values.image.runtimeGpu.repository -}}
{{- $_ := set $settings "gpuRuntimeImage" (include "aimass.image" (dict "root" . "image" .Values.image.runtimeGpu)) -}}
{{- end -}}
{{- $training := $settings.training -}}
{{- $_ := set $training "toolkitImage" (include "aimass.image" (dict "root" . "image" .Values.image.toolkit)) -}}
{{- $_ := set $training "toolkitImagePullPolicy" .Values.image.toolkit.pullPolicy -}}
{{- if .Values.image.toolkitTensorflow.repository -}}
{{- $_ := set $training "tensorflowImage" (include "aimass.image" (dict "root" . "image" .Values.image.toolkitTensorflow)) -}}
{{- end -}}
{{- if .Values.image.toolkitPaddle.repository -}}
{{- $_ := set $training "paddlepaddleImage" (include "aimass.image" (dict "root" . "image" .Values.image.toolkitPaddle)) -}}
{{- end -}}
{{- if .Values.image.toolkitMxnet.repository -}}
{{- $_ := set $training "mxnetImage" (include "aimass.image" (dict "root" . "image" .Values.image.toolkitMxnet)) -}}
{{- end -}}
{{- if and .Values.registry.enabled (not $training.registry) -}}
{{- $_ := set $training "registry" (include "aimass.registryAddresses" . | fromJsonArray | first) -}}
{{- end -}}
{{- $suggestUrl := printf "http://%s.%s.svc:8080" (include "aimass.suggestName" .) .Release.Namespace -}}
{{- $_ := set $training "suggestUrl" (ternary $suggestUrl "" .Values.suggest.enabled) -}}
{{- $_ := set $settings "runtimeImagePullPolicy" .Values.image.runtime.pullPolicy -}}
{{- $_ := set $settings "imagePullSecrets" .Values.imagePullSecrets -}}
{{- $_ := set $settings "namespace" .Release.Namespace -}}
{{- $_ := set $settings "watchNamespaces" .Values.watchNamespaces -}}
{{- toYaml $settings -}}
{{- end -}}

{{- define "kube-whatif.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "kube-whatif.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "kube-whatif.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "kube-whatif.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The labels that select pods: (list . "server") */}}
{{- define "kube-whatif.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: {{ include "kube-whatif.name" $root }}
app.kubernetes.io/instance: {{ $root.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "kube-whatif.labels" -}}
{{- $root := index . 0 -}}
{{ include "kube-whatif.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version }}
{{- end -}}

{{- define "kube-whatif.image" -}}
{{- $image := .Values.image -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ default .Chart.AppVersion $image.tag }}
{{- end -}}
{{- end -}}

{{/* What restricted Pod Security asks of a pod, without root. */}}
{{- define "kube-whatif.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ .user }}
runAsGroup: {{ .group }}
fsGroup: {{ .group }}
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "kube-whatif.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The scheme of the HTTP door. */}}
{{- define "kube-whatif.scheme" -}}
{{- if .Values.tls.secretName }}https{{ else }}http{{ end -}}
{{- end -}}

{{/* A probe of this path: (list . "/readyz"). The kubelet has no certificate to show, so mutual TLS is probed from inside. */}}
{{- define "kube-whatif.probe" -}}
{{- $root := index . 0 -}}
{{- if and $root.Values.tls.secretName $root.Values.tls.clientCertificates -}}
exec:
  command: [node, /app/dist/src/healthcheck.js, {{ index . 1 }}]
{{- else -}}
httpGet:
  path: {{ index . 1 }}
  port: http
  scheme: {{ include "kube-whatif.scheme" $root | upper }}
{{- end -}}
{{- end -}}

{{- define "kube-whatif.validate" -}}
{{- if and (eq .Values.store.mode "external") (not .Values.store.external.secretName) -}}
{{- fail "store.mode external needs store.external.secretName, a Secret with the URL of the store" -}}
{{- end -}}
{{- if and .Values.store.encryption (not .Values.store.keySecret.name) -}}
{{- fail "store.encryption needs store.keySecret.name" -}}
{{- end -}}
{{- if and .Values.tls.clientCertificates (not .Values.tls.secretName) -}}
{{- fail "tls.clientCertificates needs tls.secretName" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.enabled needs gateway.parentRefs, the Gateways that the routes belong to" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas must not be more than autoscaling.maxReplicas" -}}
{{- end -}}
{{- if and .Values.tokens.secretName .Values.collector.enabled (not .Values.collector.tokenSecret.name) -}}
{{- fail "collector.enabled needs collector.tokenSecret.name where tokens.secretName is set" -}}
{{- end -}}
{{- $metrics := dig "METRICS" "on" .Values.settings -}}
{{- if and .Values.serviceMonitor.enabled (eq $metrics "off") -}}
{{- fail "serviceMonitor.enabled needs settings.METRICS on or open" -}}
{{- end -}}
{{- if and .Values.serviceMonitor.enabled .Values.tokens.secretName (not .Values.serviceMonitor.tokenSecret.name) (ne $metrics "open") -}}
{{- fail "serviceMonitor.enabled needs serviceMonitor.tokenSecret.name or settings.METRICS open where tokens.secretName is set" -}}
{{- end -}}
{{- end -}}

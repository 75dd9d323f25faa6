{{/* Name of all objects; other names are made from it with a suffix, so there is room for one. */}}
{{- define "heddle.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains "heddle" .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-heddle" .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels that never change; `heddle check` finds the control plane by the first and the last. */}}
{{- define "heddle.selectorLabels" -}}
app.kubernetes.io/name: heddle
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: control-plane
{{- end -}}

{{/* The chart's own labels win over common ones. */}}
{{- define "heddle.labels" -}}
{{- $own := merge (include "heddle.selectorLabels" . | fromYaml) (dict
  "app.kubernetes.io/part-of" "heddle"
  "app.kubernetes.io/managed-by" .Release.Service
  "app.kubernetes.io/version" .Chart.AppVersion
  "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_")) -}}
{{- merge $own .Values.commonLabels | toYaml -}}
{{- end -}}

{{- define "heddle.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* Secret to serve with; empty where Heddle has a CA of its own. */}}
{{- define "heddle.tlsSecret" -}}
{{- if .Values.tls.existingSecret -}}
{{- .Values.tls.existingSecret -}}
{{- else if .Values.tls.certManager.issuerRef.name -}}
{{- include "heddle.fullname" . }}-tls
{{- end -}}
{{- end -}}

{{/* "true" where Heddle tells the API server which CA to trust for the webhook; empty where somebody else does. */}}
{{- define "heddle.keepsCaBundle" -}}
{{- if and .Values.injector.enabled (not .Values.webhook.caBundle) (not .Values.tls.certManager.issuerRef.name) -}}
true
{{- end -}}
{{- end -}}

{{/* "true" where there is more than one replica to keep or to spread. */}}
{{- define "heddle.severalReplicas" -}}
{{- $replicas := ternary .Values.autoscaling.minReplicas .Values.replicas .Values.autoscaling.enabled -}}
{{- if gt (int $replicas) 1 -}}true{{- end -}}
{{- end -}}

{{/* The injector's settings: all of these values, and the images that follow the control plane's. */}}
{{- define "heddle.injectorSettings" -}}
{{- $capture := merge (dict
  "image" (.Values.capture.image | default (include "heddle.image" .))
  "imagePullPolicy" (.Values.capture.imagePullPolicy | default .Values.image.pullPolicy)) .Values.capture -}}
{{- dict
  "proxy" .Values.proxy
  "capture" $capture
  "startup" .Values.injector.startup
  "drainSeconds" .Values.injector.drainSeconds | toYaml -}}
{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "heddle.validate" -}}
{{- if and .Values.tls.existingSecret .Values.tls.certManager.issuerRef.name -}}
{{- fail "tls.existingSecret and tls.certManager.issuerRef.name: give one of them, or none" -}}
{{- end -}}
{{- if and .Values.webhook.caBundle (not .Values.tls.existingSecret) -}}
{{- fail "webhook.caBundle: needs tls.existingSecret; without it the certificate comes from another CA, which is seen to by itself" -}}
{{- end -}}
{{- if and .Values.autoscaling.enabled (gt (int .Values.autoscaling.minReplicas) (int .Values.autoscaling.maxReplicas)) -}}
{{- fail "autoscaling.minReplicas: must not be above autoscaling.maxReplicas" -}}
{{- end -}}
{{- end -}}

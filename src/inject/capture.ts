/** The init container that leads the pod's connections into the sidecar. */
import { captureRules, DEFAULT_CAPTURE } from "./iptables.ts";
import { CAPTURE_CONTAINER, HEALTH_PORT, PROBE_PORT, SIDECAR_UID } from "./names.ts";
import type { InjectorSettings } from "./settings.ts";

type Json = Readonly<Record<string, unknown>>;

/** The rules stand in the pod as they are: whoever may see the pod may see what they do. */
export function captureContainer({ capture }: InjectorSettings): Json {
  const rules = captureRules({
    ...DEFAULT_CAPTURE,
    uid: SIDECAR_UID,
    includeInboundPorts: capture.includeInboundPorts,
    excludeInboundPorts: [...capture.excludeInboundPorts, PROBE_PORT, HEALTH_PORT],
    includeOutboundCidrs: capture.includeOutboundCidrs,
    excludeOutboundPorts: capture.excludeOutboundPorts,
    excludeOutboundCidrs: capture.excludeOutboundCidrs,
  });
  return {
    name: CAPTURE_CONTAINER,
    image: capture.image,
    imagePullPolicy: capture.imagePullPolicy,
    command: ["/bin/sh", "-ec", 'printf "%s" "$HEDDLE_CAPTURE_RULES" | iptables-restore'],
    env: [{ name: "HEDDLE_CAPTURE_RULES", value: rules }],
    resources: { requests: { cpu: "10m", memory: "16Mi" }, limits: { memory: "64Mi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] },
      readOnlyRootFilesystem: true,
      // Of the pod's network, which is all that the capabilities reach.
      runAsNonRoot: false,
      runAsUser: 0,
      runAsGroup: 0,
      seccompProfile: { type: "RuntimeDefault" },
    },
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

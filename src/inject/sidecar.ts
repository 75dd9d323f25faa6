/** The sidecar: the stock Envoy as a native sidecar, and the files that it starts from. */
import {
  AUDIENCE,
  CONFIG_MAP,
  CONFIG_PATH,
  CONFIG_VOLUME,
  HEALTH_PORT,
  SIDECAR,
  SIDECAR_UID,
  TOKEN_PATH,
  TOKEN_VOLUME,
} from "./names.ts";
import type { InjectorSettings } from "./settings.ts";

type Json = Readonly<Record<string, unknown>>;

/** The kubelet renews tokens when four fifths of this are over; in seconds. */
const TOKEN_LIFETIME = 3600;
/** Seconds that an application waits for accepted configuration before the kubelet starts the sidecar anew. */
const STARTUP_LIMIT = 600;

export const RESTRICTED: Json = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

export function sidecarContainer({ proxy, startup }: InjectorSettings): Json {
  const { image, imagePullPolicy, resources, concurrency, logLevel } = proxy;
  const ready = { httpGet: { path: "/ready", port: HEALTH_PORT } };
  return {
    name: SIDECAR,
    image,
    imagePullPolicy,
    // A native sidecar: it starts before the application, ends after it, and keeps no job from ending.
    restartPolicy: "Always",
    command: ["envoy"],
    args: [
      "-c",
      `${CONFIG_PATH}/envoy.json`,
      "--service-node",
      "$(POD_NAME).$(POD_NAMESPACE)",
      "--service-cluster",
      "$(POD_NAMESPACE)",
      "--concurrency",
      String(concurrency),
      "--log-level",
      logLevel,
      "--disable-hot-restart",
    ],
    env: [fieldVariable("POD_NAME", "metadata.name"), fieldVariable("POD_NAMESPACE", "metadata.namespace")],
    ports: [{ name: "heddle-health", containerPort: HEALTH_PORT, protocol: "TCP" }],
    resources,
    // 200 as soon as the first clusters and listeners were accepted, and not before.
    ...(startup === "whenReady" && {
      startupProbe: { ...ready, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: STARTUP_LIMIT },
    }),
    // A pod whose sidecar is gone takes no traffic; its application is left alone.
    readinessProbe: { ...ready, periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 2 },
    securityContext: { ...RESTRICTED, runAsUser: SIDECAR_UID, runAsGroup: SIDECAR_UID },
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [
      { name: CONFIG_VOLUME, mountPath: CONFIG_PATH, readOnly: true },
      { name: TOKEN_VOLUME, mountPath: TOKEN_PATH, readOnly: true },
    ],
  };
}

export function sidecarVolumes(): readonly (Json & { readonly name: string })[] {
  const token = { path: "token", audience: AUDIENCE, expirationSeconds: TOKEN_LIFETIME };
  return [
    { name: CONFIG_VOLUME, configMap: { name: CONFIG_MAP } },
    { name: TOKEN_VOLUME, projected: { sources: [{ serviceAccountToken: token }] } },
  ];
}

function fieldVariable(name: string, fieldPath: string): Json {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}

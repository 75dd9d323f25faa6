/** A pod with its sidecar, made from one without. */
import { captureContainer } from "./capture.ts";
import {
  CAPTURE,
  CONFIG_VOLUME,
  EXPLICIT_HTTP_PORT,
  INJECTED,
  OUTBOUND_HTTP_PORT,
  PROXY_LABEL,
  TCP_PROBES,
  TOKEN_VOLUME,
} from "./names.ts";
import type { Container, PodJson } from "./pod-json.ts";
import { rewriteProbes, type Rewritten } from "./probes.ts";
import { port, type InjectorSettings } from "./settings.ts";
import { sidecarContainer, sidecarVolumes } from "./sidecar.ts";

/** What `http_proxy` does not hold for. */
const NO_PROXY = "localhost,127.0.0.1,::1";
/** Kubernetes' own default; in seconds. */
const GRACE_PERIOD = 30;

/**
 * The pod with its sidecar. The input is left as it is, and every field that is not named here goes through untouched.
 *
 * @param settings the pod's own: after its annotations
 * @param template what tells the sidecar from those of other settings
 */
export function injectPod(pod: PodJson, settings: InjectorSettings, template: string): PodJson {
  const transparent = settings.capture.mode === "transparent";
  const httpPort = explicitHttpPort(pod);
  const led = (container: Container): Rewritten => {
    return transparent ? rewriteProbes(container) : { container: withProxyVariables(container, httpPort), ports: [] };
  };
  const containers = pod.spec.containers.map(led);
  // Some of them are native sidecars, which have probes as well.
  const initContainers = (pod.spec.initContainers ?? []).map(led);
  const tcpProbes = new Set([...containers, ...initContainers].flatMap(({ ports }) => ports));
  const drain = drainSeconds(pod, settings);
  const own = new Set([CONFIG_VOLUME, TOKEN_VOLUME]);
  const volumes = (pod.spec.volumes ?? []).filter(({ name }) => !own.has(name));
  const made = [...(transparent ? [captureContainer(settings)] : []), sidecarContainer(settings)] as Container[];
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: { ...pod.metadata?.labels, [PROXY_LABEL]: "true" },
      annotations: {
        ...pod.metadata?.annotations,
        [INJECTED]: template,
        ...(tcpProbes.size > 0 && { [TCP_PROBES]: [...tcpProbes].sort((a, b) => a - b).join(",") }),
        // The control plane reads it where the pod does not say it itself.
        ...(!transparent && { [CAPTURE]: "explicit" }),
      },
    },
    spec: {
      ...pod.spec,
      containers: containers.map(({ container }) => withDrain(container, drain)),
      // First: the pod's own init containers have the mesh already.
      initContainers: [...made, ...initContainers.map(({ container }) => container)],
      volumes: [...volumes, ...sidecarVolumes()],
    },
  };
}

/** Half of the time that the pod has to end is the application's. Kubernetes refuses a pod that would sleep for longer than all. */
function drainSeconds({ spec }: PodJson, settings: InjectorSettings): number {
  return Math.min(settings.drainSeconds, Math.floor((spec.terminationGracePeriodSeconds ?? GRACE_PERIOD) / 2));
}

/** Callers hear of a pod's end a moment after the pod does; until then the application goes on. */
function withDrain(container: Container, seconds: number): Container {
  if (seconds <= 0 || (container.lifecycle?.preStop ?? undefined) !== undefined) return container;
  return { ...container, lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds } } } };
}

/** As the control plane reads it: what is no port stands for the usual one. */
function explicitHttpPort({ metadata }: PodJson): number {
  const own = Number(metadata?.annotations?.[OUTBOUND_HTTP_PORT]?.trim());
  return port.safeParse(own).data ?? EXPLICIT_HTTP_PORT;
}

/** Without capture the application is told where its sidecar is, in the way that most HTTP clients look for. */
function withProxyVariables(container: Container, httpPort: number): Container {
  const given = new Set((container.env ?? []).map(({ name }) => name.toLowerCase()));
  const missing = [
    { name: "http_proxy", value: `http://127.0.0.1:${httpPort}` },
    { name: "no_proxy", value: NO_PROXY },
  ].filter(({ name }) => !given.has(name));
  return missing.length === 0 ? container : { ...container, env: [...(container.env ?? []), ...missing] };
}

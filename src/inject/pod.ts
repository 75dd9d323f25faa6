/** A pod with its sidecar, made from one without. */
import { captureContainer } from "./capture.ts";
import { CONFIG_VOLUME, EXPLICIT_HTTP_PORT, INJECTED, PROXY_LABEL, TCP_PROBES, TOKEN_VOLUME } from "./names.ts";
import type { Container, PodJson } from "./pod-json.ts";
import { rewriteProbes } from "./probes.ts";
import type { InjectorSettings } from "./settings.ts";
import { sidecarContainer, sidecarVolumes } from "./sidecar.ts";

/** What `http_proxy` does not hold for. */
const NO_PROXY = "localhost,127.0.0.1,::1";

/**
 * The pod with its sidecar. The input is left as it is, and every field that is not named here goes through untouched.
 *
 * @param settings the pod's own: after its annotations
 * @param template what tells the sidecar from those of other settings
 */
export function injectPod(pod: PodJson, settings: InjectorSettings, template: string): PodJson {
  const transparent = settings.capture.mode === "transparent";
  const probed = pod.spec.containers.map((container) => {
    return transparent ? rewriteProbes(container) : { container: withProxyVariables(container), ports: [] };
  });
  const tcpProbes = [...new Set(probed.flatMap(({ ports }) => ports))].sort((a, b) => a - b);
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
        ...(tcpProbes.length > 0 && { [TCP_PROBES]: tcpProbes.join(",") }),
        // The control plane reads it where the pod does not say it itself.
        ...(!transparent && { "heddle.dev/capture": "explicit" }),
      },
    },
    spec: {
      ...pod.spec,
      containers: probed.map(({ container }) => withDrain(container, settings.drainSeconds)),
      // First: the pod's own init containers have the mesh already.
      initContainers: [...made, ...(pod.spec.initContainers ?? [])],
      volumes: [...volumes, ...sidecarVolumes()],
    },
  };
}

/** Callers hear of a pod's end a moment after the pod does; until then the application goes on. */
function withDrain(container: Container, seconds: number): Container {
  if (seconds === 0 || container.lifecycle?.preStop !== undefined) return container;
  return { ...container, lifecycle: { ...container.lifecycle, preStop: { sleep: { seconds } } } };
}

/** Without capture the application is told where its sidecar is, in the way that most HTTP clients look for. */
function withProxyVariables(container: Container): Container {
  const given = new Set((container.env ?? []).map(({ name }) => name.toLowerCase()));
  const missing = [
    { name: "http_proxy", value: `http://127.0.0.1:${EXPLICIT_HTTP_PORT}` },
    { name: "no_proxy", value: NO_PROXY },
  ].filter(({ name }) => !given.has(name));
  return missing.length === 0 ? container : { ...container, env: [...(container.env ?? []), ...missing] };
}

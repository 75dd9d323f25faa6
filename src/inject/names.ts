/** What injected pods carry, and where things are in them. */

/** Label of namespaces and pods: `enabled` or `disabled`; the pod's wins. */
export const INJECT_LABEL = "heddle.dev/inject";
/** Label of pods with a sidecar, for selectors. */
export const PROXY_LABEL = "heddle.dev/proxy";
/** Annotation of pods with a sidecar: the hash of the template that it was made from. */
export const INJECTED = "heddle.dev/injected";
/** Annotation: ports whose TCP probes the sidecar answers. */
export const TCP_PROBES = "heddle.dev/tcp-probes";
/** Annotation of pods and a setting of the injector: how traffic gets into the sidecar. */
export const CAPTURE = "heddle.dev/capture";
/** Annotation: the port where an explicit sidecar takes HTTP, where it is not the usual one. */
export const OUTBOUND_HTTP_PORT = "heddle.dev/outbound-http-port";

export const SIDECAR = "heddle-proxy";
export const CAPTURE_CONTAINER = "heddle-capture";
export const CONFIG_MAP = "heddle-sidecar";
export const CONFIG_VOLUME = "heddle-sidecar";
export const TOKEN_VOLUME = "heddle-token";
export const CONFIG_PATH = "/etc/heddle";
export const TOKEN_PATH = "/var/run/secrets/heddle";
export const AUDIENCE = "heddle";

/** User and group of the sidecar. */
export const SIDECAR_UID = 1337;
/** The sidecar's own listeners for the kubelet and Prometheus. */
export const HEALTH_PORT = 15_021;
export const PROBE_PORT = 15_020;
/** Where an explicit sidecar takes HTTP. */
export const EXPLICIT_HTTP_PORT = 15_080;

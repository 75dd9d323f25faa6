/**
 * The mesh of the benchmark as Kubernetes has it: what `go/internal/mesh` gives to the peer as Envoy resources. Each service has
 * one HTTP port, ten endpoints whose pods are objects too, and a TrafficPolicy that splits requests between it and the next one
 * of its ten.
 */
import type { KubeObject } from "../../src/kube/object.ts";
import type { Cell } from "./cells.ts";
import { podBallast } from "./pod-ballast.ts";

export interface BenchMesh {
  /** By list path of the API server. */
  readonly objects: Readonly<Record<string, readonly KubeObject[]>>;
  /** Moves one endpoint of the next service to an address that no endpoint had before. */
  changeEndpoint(): Change;
  /** Changes how the next service splits its requests. */
  changeRoute(): Change;
}

export interface Change {
  readonly path: string;
  readonly object: KubeObject;
  readonly typeUrl: string;
  /** Resources that a sidecar is to be sent, and a text that only their new versions hold. */
  readonly names: readonly string[];
  readonly token?: string;
}

export const NAMESPACE = "default";
const ENDPOINTS = 10;
/** Services whose policies lead to one another. */
const RING = 10;
/** Services that a scoped pod, and the first pod after those of services, says it depends on; the second is told of what it calls. */
export const DEPENDENCIES = 50;
const PORT = 8080;
/** Percent of its requests that a service keeps in the beginning. */
const WEIGHT = 90;
const CREATED = "2026-01-01T00:00:00Z";
const EDS = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
const RDS = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration";
const SLICES = "/apis/discovery.k8s.io/v1/endpointslices";
const POLICIES = "/apis/heddle.dev/v1alpha1/trafficpolicies";

export type MeshSize = Pick<Cell, "services" | "pods" | "scoped">;

/** Sidecar `i` is the pod `pod-i`, an endpoint itself: of several services where there are fewer pods than endpoints. */
export function benchMesh({ services, pods = services * ENDPOINTS, scoped = false }: MeshSize): BenchMesh {
  const indices = Array.from({ length: services }, (_, i) => i);
  const changing = scoped ? DEPENDENCIES : services;
  let next = 0;
  let generation = 0;

  return {
    objects: {
      "/api/v1/namespaces": [meta("v1", "Namespace", NAMESPACE, {})],
      "/api/v1/nodes": [meta("v1", "Node", "node-0", {})],
      "/api/v1/services": indices.map(service),
      "/api/v1/pods": Array.from({ length: pods + 2 }, (_, i) => pod(i, dependenciesOf(i - pods, scoped))),
      [SLICES]: indices.map((i) => slice(i, pods, undefined)),
      [POLICIES]: indices.map((i) => policy(i, WEIGHT, 1)),
    },
    changeEndpoint() {
      const i = next++ % changing;
      generation++;
      const token = `11.${(generation >> 16) & 255}.${(generation >> 8) & 255}.${generation & 255}`;
      const names = [`outbound|${PORT}||${nameOf(i)}.${NAMESPACE}`];
      return { path: SLICES, object: slice(i, pods, token), typeUrl: EDS, names, token };
    },
    changeRoute() {
      const i = next++ % changing;
      generation++;
      // Never what it was made with.
      const object = policy(i, 1 + ((generation * 7) % (WEIGHT - 1)), generation + 1);
      return { path: POLICIES, object, typeUrl: RDS, names: [String(PORT)] };
    },
  };
}

function nameOf(i: number): string {
  return `svc-${String(i).padStart(4, "0")}`;
}

function addressOf(n: number): string {
  return `10.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`;
}

function meta(apiVersion: string, kind: string, name: string, more: Record<string, unknown>): KubeObject {
  return { apiVersion, kind, ...more, metadata: { name, creationTimestamp: CREATED, ...(more["metadata"] as object) } };
}

function namespaced(apiVersion: string, kind: string, name: string, rest: Record<string, unknown>): KubeObject {
  const metadata = { namespace: NAMESPACE, ...(rest["metadata"] as object) };
  return meta(apiVersion, kind, name, { ...rest, metadata });
}

function service(i: number): KubeObject {
  return namespaced("v1", "Service", nameOf(i), {
    spec: {
      type: "ClusterIP",
      clusterIP: `172.16.${(i >> 8) & 255}.${i & 255}`,
      selector: { app: nameOf(i) },
      ports: [{ name: "http", port: PORT, targetPort: PORT, protocol: "TCP" }],
    },
  });
}

/** @param beyond negative for a pod of a service */
function dependenciesOf(beyond: number, scoped: boolean): Record<string, string> {
  if (beyond < 0 && !scoped) return {};
  const listed = Array.from({ length: DEPENDENCIES }, (_, n) => nameOf(n)).join();
  return { "heddle.dev/dependencies": beyond <= 0 ? listed : "auto" };
}

function pod(i: number, annotations: Record<string, string>): KubeObject {
  const app = nameOf(Math.floor(i / ENDPOINTS));
  const { metadata, spec, status } = podBallast(i);
  return namespaced("v1", "Pod", `pod-${i}`, {
    metadata: {
      ...metadata,
      labels: { app, "heddle.dev/proxy": "true" },
      annotations: { ...metadata.annotations, ...annotations },
    },
    spec: {
      ...spec,
      nodeName: "node-0",
      serviceAccountName: "default",
      containers: [{ ...spec.container, name: "app", ports: [{ name: "http", containerPort: PORT }] }],
    },
    status: { ...status, phase: "Running", podIP: addressOf(i), conditions: [{ type: "Ready", status: "True" }] },
  });
}

/** @param moved address of the first endpoint, which then is outside of the cluster */
function slice(i: number, pods: number, moved: string | undefined): KubeObject {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, j) => {
    const n = (i * ENDPOINTS + j) % pods;
    const place = { conditions: { ready: true, serving: true, terminating: false }, nodeName: "node-0" };
    return j === 0 && moved !== undefined
      ? { addresses: [moved], ...place }
      : { addresses: [addressOf(n)], ...place, targetRef: { kind: "Pod", namespace: NAMESPACE, name: `pod-${n}` } };
  });
  return namespaced("discovery.k8s.io/v1", "EndpointSlice", `${nameOf(i)}-abcde`, {
    metadata: { labels: { "kubernetes.io/service-name": nameOf(i) } },
    addressType: "IPv4",
    ports: [{ name: "http", port: PORT, protocol: "TCP" }],
    endpoints,
  });
}

function policy(i: number, weight: number, generation: number): KubeObject {
  return namespaced("heddle.dev/v1alpha1", "TrafficPolicy", nameOf(i), {
    metadata: { generation },
    spec: {
      targetRefs: [{ kind: "Service", name: nameOf(i) }],
      routes: [
        {
          split: [
            { service: nameOf(i), port: PORT, weight },
            { service: nameOf(i - (i % RING) + ((i + 1) % RING)), port: PORT, weight: 100 - weight },
          ],
          timeout: "15s",
          retries: { attempts: 2, conditions: ["connect-failure", "refused-stream", "unavailable"] },
        },
      ],
      circuitBreaker: { maxConnections: 10_000, maxPendingRequests: 10_000, maxRequests: 10_000 },
      outlierDetection: { consecutive5xx: 5, interval: "10s", baseEjectionTime: "30s", maxEjectionPercent: 50 },
    },
  });
}

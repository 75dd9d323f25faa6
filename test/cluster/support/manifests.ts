/** The objects of the cluster tests, as `kubectl apply` takes them. */
import { APP } from "./images.ts";

export type Manifest = Readonly<Record<string, unknown>>;

export function namespace(
  name: string,
  labels: Readonly<Record<string, string>> = { "heddle.dev/inject": "enabled" },
): Manifest {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels } };
}

export function service(name: string, where: string): Manifest {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name, namespace: where },
    spec: { selector: { app: name }, ports: [{ name: "http", port: 80, targetPort: 8080 }] },
  };
}

export interface AppOptions {
  readonly namespace: string;
  readonly app: string;
  readonly version?: string;
  readonly replicas?: number;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Merged into the pod's spec. */
  readonly spec?: Manifest;
  /** Merged into the container. */
  readonly container?: Manifest;
}

/** A Deployment `<app>-<version>` of the test application. Its control port is left alone by the sidecar. */
export function deployment(options: AppOptions): Manifest {
  const {
    namespace: where,
    app,
    version = "v1",
    replicas = 1,
    annotations = {},
    labels = {},
    spec = {},
    container = {},
  } = options;
  const podLabels = { app, version };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: `${app}-${version}`, namespace: where },
    spec: {
      replicas,
      selector: { matchLabels: podLabels },
      template: {
        metadata: {
          labels: { ...podLabels, ...labels },
          annotations: { "heddle.dev/exclude-inbound-ports": "9000", ...annotations },
        },
        spec: { containers: [{ ...appContainer(version), ...container }], ...spec },
      },
    },
  };
}

export function appContainer(version: string): Manifest {
  return {
    name: "app",
    image: APP,
    imagePullPolicy: "Never",
    env: [{ name: "VERSION", value: version }],
    ports: [{ name: "web", containerPort: 8080 }],
    readinessProbe: { httpGet: { path: "/", port: "web" }, periodSeconds: 1 },
  };
}

/** A policy on a service of its namespace, with a subset for each version. */
export function policy(
  name: string,
  where: string,
  spec: Manifest,
  versions: readonly string[] = ["v1", "v2"],
): Manifest {
  return {
    apiVersion: "heddle.dev/v1alpha1",
    kind: "TrafficPolicy",
    metadata: { name, namespace: where },
    spec: {
      targetRefs: [{ kind: "Service", name }],
      subsets: versions.map((version) => ({ name: version, labels: { version } })),
      ...spec,
    },
  };
}

export function split(weights: Readonly<Record<string, number>>, route: Manifest = {}): Manifest {
  return { routes: [{ split: Object.entries(weights).map(([subset, weight]) => ({ subset, weight })), ...route }] };
}

/** The mesh of the soak: services whose endpoints, policies and existence change one after another. */
import type { Endpoint, MeshSnapshot, Service, ServiceDefinition, Workload } from "../../src/model/snapshot.ts";

const NAMESPACE = "soak";

export function soakMesh(services: number, pods: number): MeshSnapshot {
  const all = Array.from({ length: services }, (_, i) => service(i, 0));
  return {
    services: new Map(all.map((s) => [s.key, s])),
    catalog: all.map(({ definition }) => definition),
    serving: new Map(),
    workloads: new Map(Array.from({ length: pods }, (_, i) => pod(i)).map((w) => [w.key, w])),
    namespaces: new Map([[NAMESPACE, { name: NAMESPACE, labels: {}, annotations: {} }]]),
    policies: new Map(),
    gatewayRoutes: new Map(),
    diagnostics: [],
  };
}

/** The next mesh: mostly endpoints change, sometimes a policy, and now and then a service goes or comes back. */
export function changeMesh(mesh: MeshSnapshot, step: number): MeshSnapshot {
  const services = new Map(mesh.services);
  const index = (step * 7) % 100;
  const key = `${NAMESPACE}/service-${index}`;
  const old = services.get(key);
  if (step % 25 === 24) {
    if (old) services.delete(key);
    else services.set(key, service(index, step));
  } else if (old && step % 5 === 4) services.set(key, withPolicy(old, step));
  else if (old) services.set(key, withEndpoints(old.definition, endpoints(index, step)));
  const definitions = [...services.values()].map(({ definition }) => definition);
  const same = definitions.length === mesh.catalog.length && definitions.every((d, i) => d === mesh.catalog[i]);
  return { ...mesh, services, catalog: same ? mesh.catalog : definitions };
}

function withEndpoints(definition: ServiceDefinition, found: readonly Endpoint[]): Service {
  return { ...definition, definition, endpoints: found };
}

function service(index: number, generation: number): Service {
  const name = `service-${index}`;
  const definition: ServiceDefinition = {
    ref: { kind: "Service", namespace: NAMESPACE, name },
    key: `${NAMESPACE}/${name}`,
    namespace: NAMESPACE,
    name,
    hostname: `${name}.${NAMESPACE}.svc.cluster.local`,
    type: "ClusterIP",
    clusterIPs: [`10.96.${index >> 8}.${index & 255}`],
    ports: [{ name: "http", port: 80, targetPort: 8080, protocol: "HTTP" }],
    selector: {},
    prefers: "any",
    localOnly: false,
    createdAt: 0,
  };
  return withEndpoints(definition, endpoints(index, generation));
}

function endpoints(index: number, generation: number): Endpoint[] {
  return Array.from({ length: 3 }, (_, i) => ({
    address: `10.${generation % 200}.${index}.${i + 1}`,
    ports: { http: 8080 },
    ready: true,
    serving: true,
    terminating: false,
    region: "r",
    zone: "z",
    node: "",
    workload: "",
    labels: { version: i === 0 ? "v2" : "v1" },
  }));
}

function withPolicy(old: Service, step: number): Service {
  const ref = { kind: "TrafficPolicy", namespace: NAMESPACE, name: old.name };
  const weight = step % 100;
  const definition: ServiceDefinition = {
    ...old.definition,
    policy: {
      ref,
      key: old.key,
      namespace: NAMESPACE,
      name: old.name,
      createdAt: 0,
      generation: step,
      spec: {
        targetRefs: [{ kind: "Service", name: old.name }],
        subsets: [
          { name: "stable", labels: { version: "v1" } },
          { name: "canary", labels: { version: "v2" } },
        ],
        routes: [
          {
            split: [
              { subset: "stable", weight: 100 - weight },
              { subset: "canary", weight },
            ],
          },
        ],
      },
    },
  };
  return withEndpoints(definition, old.endpoints);
}

function pod(index: number): Workload {
  const name = `pod-${index}`;
  return {
    ref: { kind: "Pod", namespace: NAMESPACE, name },
    key: `${NAMESPACE}/${name}`,
    namespace: NAMESPACE,
    name,
    addresses: [`10.255.${index >> 8}.${index & 255}`],
    labels: {},
    annotations: {},
    serviceAccount: "default",
    ready: true,
    node: "",
    region: "",
    zone: "",
    containerPorts: [],
  };
}

/**
 * Splits of TCP connections, as weights of endpoints in the one cluster of a port: the listener, which would have to name the
 * clusters of a split, stays as it is, and with it all open connections (ADR 10).
 */
import { create } from "@bufbuild/protobuf";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { resolveBackend } from "../model/backend.ts";
import type { Endpoint, Key, Service, ServiceDefinition, ServicePort, Workload } from "../model/snapshot.ts";
import { selects } from "../model/workloads.ts";
import { localNode } from "./closeness.ts";
import { lbEndpoint } from "./lb-endpoint.ts";

/** Sum of the weights of all ready endpoints. Envoy allows four times as much for all endpoints together. */
const TOTAL = 2 ** 30;

/** A split as one caller sees it. */
export interface TcpSplit {
  /** Callers with the same text see the same endpoints. */
  readonly key: string;
  /** What the entries are made of: while all of it is the same, so are they. */
  readonly services: readonly Service[];
  readonly entries: () => readonly TcpShare[];
}

interface TcpShare {
  readonly weight: number;
  readonly endpoints: readonly (readonly [endpoint: Endpoint, port: number])[];
}

/** Whether connections to the port are divided by the policy in force for the service. */
export function isSplit({ policy, type, external }: ServiceDefinition, { protocol }: ServicePort): boolean {
  const bytes = protocol === "TCP" || protocol === "TLS" || protocol === "Auto";
  return bytes && type !== "ExternalName" && !external && policy?.spec.tcp !== undefined;
}

/**
 * The split of a port; undefined where there is none. Entries that name nothing leave their share to the others.
 *
 * @param services those that the caller may call
 */
export function tcpSplitOf(
  services: ReadonlyMap<Key, Service>,
  target: Service,
  port: ServicePort,
  caller: Workload,
): TcpSplit | undefined {
  const { policy } = target;
  if (!policy?.spec.tcp || !isSplit(target, port)) return undefined;
  const found = policy.spec.tcp.split.flatMap((entry) => {
    const backend = resolveBackend(services, policy, entry);
    if (entry.weight === 0 || backend.found === "nothing") return [];
    const { service, port: at } = backend.found === "target" ? { service: target, port } : backend;
    return [{ weight: entry.weight ?? 1, service, portName: at.name, labels: backend.subset?.labels }];
  });
  return {
    key: found.map(({ service }) => localNode(service, caller)).join("@"),
    services: found.map(({ service }) => service),
    entries: () =>
      found.map(({ weight, service, portName, labels }) => {
        const node = localNode(service, caller);
        const endpoints = service.endpoints.flatMap((endpoint) => {
          const number = endpoint.ports[portName];
          const included = (node === "" || endpoint.node === node) && (!labels || selects(labels, endpoint.labels));
          return number !== undefined && included ? [[endpoint, number] as const] : [];
        });
        return { weight, endpoints };
      }),
  };
}

/** The endpoints of all entries, each with its part of its entry's share. One that is in two entries has both parts. */
export function splitAssignment(clusterName: string, { entries }: TcpSplit): ClusterLoadAssignment {
  const shares = entries();
  const ready = shares.map(({ endpoints }) => endpoints.filter(([endpoint]) => endpoint.ready).length);
  const sum = shares.reduce((all, { weight }, i) => all + (ready[i] === 0 ? 0 : weight), 0);
  const merged = new Map<string, { readonly endpoint: Endpoint; readonly port: number; weight: number }>();
  for (const [i, { weight, endpoints }] of shares.entries()) {
    const part = ((weight / sum) * TOTAL) / ready[i]!;
    for (const [endpoint, port] of endpoints) {
      const key = `${endpoint.address} ${port}`;
      const known = merged.get(key) ?? { endpoint, port, weight: 0 };
      // What is not ready gets nothing whatever its weight.
      merged.set(key, { ...known, weight: known.weight + (endpoint.ready ? part : 0) });
    }
  }
  const lbEndpoints = [...merged.values()].map(({ endpoint, port, weight }) =>
    lbEndpoint(endpoint, port, Math.max(1, Math.round(weight))),
  );
  return create(ClusterLoadAssignmentSchema, {
    clusterName,
    endpoints: lbEndpoints.length === 0 ? [] : [{ locality: {}, loadBalancingWeight: 1, lbEndpoints }],
  });
}

/** What a sidecar has for the UDP services that its pod names: a listener each, with a cluster and its endpoints. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Cluster, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { MeshSnapshot, Service, ServicePort } from "../model/snapshot.ts";
import { udpCluster } from "./cluster-udp.ts";
import { closenessOf } from "./closeness.ts";
import { distinct, distinctByName } from "./distinct.ts";
import { udpEndpoints } from "./endpoints-udp.ts";
import { udpListener } from "./listener-udp.ts";
import type { Memo } from "./memo.ts";
import { outboundUdpCluster } from "./names.ts";
import type { Proxy } from "./proxy.ts";
import type { MeshSettings } from "./settings.ts";
import { OUTBOUND_UDP_PORTS, type OutboundUdpPort } from "./udp-ports.ts";

export interface Udp {
  /** Tells it from that of other sidecars of the same mesh. */
  readonly key: string;
  readonly clusters: readonly Cluster[];
  readonly endpoints: readonly ClusterLoadAssignment[];
  readonly listeners: readonly Listener[];
  readonly diagnostics: readonly Diagnostic[];
}

const NOTHING: Udp = { key: "", clusters: [], endpoints: [], listeners: [], diagnostics: [] };

interface Target {
  readonly listen: number;
  readonly service: Service;
  readonly port: ServicePort;
}

export function udpOf(snapshot: MeshSnapshot, proxy: Proxy, settings: MeshSettings, memo: Memo): Udp {
  const { outboundUdpPorts, outboundAddress, workload } = proxy;
  if (outboundUdpPorts.length === 0) return NOTHING;
  const diagnostics: Diagnostic[] = [];
  const report = (code: "HED2108" | "HED2109", message: string): void =>
    void diagnostics.push({
      code,
      level: "error",
      ref: workload.ref,
      path: `metadata.annotations["${OUTBOUND_UDP_PORTS}"]`,
      message,
    });
  const targets = outboundUdpPorts.flatMap((entry): Target | [] => {
    if (workload.containerPorts.some(({ port, protocol }) => protocol === "UDP" && port === entry.listen)) {
      report("HED2109", `the pod's own application has UDP port ${entry.listen}: the sidecar leaves it alone`);
      return [];
    }
    const target = targetOf(snapshot, entry, workload.namespace);
    if (typeof target !== "string") return target;
    report("HED2108", `${target}: the sidecar opens no UDP port ${entry.listen}`);
    return [];
  });
  const closeness = targets.map(({ service }) => closenessOf(service, workload));
  const key = [
    outboundAddress,
    ...targets.map(({ listen, service, port }, i) => `${listen}:${service.key}:${port.port}@${closeness[i]!.key}`),
  ].join();
  const clusters = targets.flatMap(({ service, port }) =>
    memo.messages(ClusterSchema, service.ref, `clusters/${port.port}/UDP`, [service.definition], () => [
      udpCluster(service.definition, port),
    ]),
  );
  const endpoints = targets.flatMap(({ service, port }, i) =>
    service.type === "ExternalName"
      ? []
      : memo.messages(
          ClusterLoadAssignmentSchema,
          service.ref,
          `endpoints/${port.port}/UDP/${closeness[i]!.key}`,
          [service],
          () => [udpEndpoints(service, port, closeness[i]!)],
        ),
  );
  return {
    key,
    clusters: memo.kept(`udp/clusters/${key}`, distinctByName(clusters)),
    endpoints: memo.kept(`udp/endpoints/${key}`, endpoints),
    listeners: memo(`udp/listeners/${key}`, [], () =>
      targets.map(({ listen, service, port }) =>
        udpListener(outboundAddress, listen, outboundUdpCluster(service, port.port), settings),
      ),
    ),
    diagnostics,
  };
}

/** Endpoints with those of UDP; the very same list where there are none. */
export function withUdp(
  endpoints: readonly ClusterLoadAssignment[],
  { key, endpoints: more }: Udp,
  memo: Memo,
): readonly ClusterLoadAssignment[] {
  if (more.length === 0) return endpoints;
  return memo.of(endpoints, `with-udp/${key}`, [more], () =>
    distinct([...endpoints, ...more], ({ clusterName }) => clusterName),
  );
}

/** What an entry means to a pod of a namespace; a sentence where it means nothing. */
function targetOf({ services }: MeshSnapshot, entry: OutboundUdpPort, namespace: string): Target | string {
  const key = `${entry.namespace}/${entry.name}`;
  const service = services.get(key);
  if (!service) return `there is no Service ${key}`;
  if (service.exportTo?.includes(namespace) === false) return `Service ${key} is not for callers in ${namespace}`;
  const ports = service.ports.filter(({ protocol }) => protocol === "UDP");
  const port = ports.find((candidate) => candidate.port === entry.port);
  if (port) return { listen: entry.listen, service, port };
  const known = ports.map((candidate) => candidate.port).join(", ") || "none";
  return `Service ${key} has no UDP port ${entry.port}; its UDP ports: ${known}`;
}

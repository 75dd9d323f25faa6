/** The part of a configuration that depends on how traffic gets into the sidecar, and on what its pod serves. */
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Cluster } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import {
  capturedInboundCluster,
  explicitInboundCluster,
  inboundPassthroughCluster,
  passthroughCluster,
} from "./fixed-clusters.ts";
import { explicitListeners } from "./listener-explicit.ts";
import { explicitInbound, INBOUND_PORT, virtualInbound } from "./listener-inbound.ts";
import type { Memo } from "./memo.ts";
import { capturedListeners, type Reported } from "./outbound.ts";
import type { Proxy } from "./proxy.ts";
import { servedPorts } from "./served-port.ts";
import type { Scope } from "./scope.ts";
import type { MeshSettings } from "./settings.ts";
import { probeCluster, probeListener } from "./tcp-probe.ts";

export interface Side {
  /** Tells it from other sides of the same mesh. */
  readonly key: string;
  readonly clusters: readonly Cluster[];
  /** Those for what the pod calls, then those of the pod itself. */
  readonly listeners: readonly [readonly Listener[], ...(readonly Listener[])[]];
  readonly diagnostics: readonly Diagnostic[];
}

export function transparentSide(
  snapshot: MeshSnapshot,
  scope: Scope,
  { workload, tcpProbes }: Proxy,
  settings: MeshSettings,
  memo: Memo,
): Side {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const served = servedPorts(snapshot.serving.get(workload.key) ?? [], workload, report).filter(({ port }) => {
    if (port !== INBOUND_PORT) return true;
    const message = `port ${port} is where the sidecar takes captured connections: nothing can be served there`;
    report({ code: "HED2107", level: "warning", ref: workload.ref, path: "", message });
    return false;
  });
  const [address] = workload.addresses;
  const probes = address === undefined ? [] : tcpProbes;
  const shape = served.map(({ port, protocol }) => `${port}/${protocol}`).join();
  const key = probes.length > 0 ? `${shape} ${address} ${probes.join()}` : shape;
  const own = memo(`side/captured/${key}`, [], () => ({
    clusters: [
      memo("cluster/passthrough", [], passthroughCluster),
      memo("cluster/inbound-passthrough", [], inboundPassthroughCluster),
      ...served.map(({ port, protocol }) =>
        memo(`cluster/inbound/${port}/${protocol}`, [], () => capturedInboundCluster(port, protocol)),
      ),
      ...probes.map((port) => probeCluster(address!, port)),
    ],
    listeners: [
      memo(`listener/inbound/${shape}`, [], () => virtualInbound(served, settings)),
      ...(probes.length > 0 ? [memo(`listener/probes/${probes.join()}`, [], () => probeListener(probes))] : []),
    ],
  }));
  return {
    key,
    clusters: own.clusters,
    listeners: [capturedListeners(snapshot, scope, workload, settings, memo), own.listeners],
    diagnostics,
  };
}

export function explicitSide(snapshot: MeshSnapshot, scope: Scope, proxy: Proxy, memo: Memo): Side {
  const { workload, inboundPorts } = proxy;
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const serving = servedPorts(snapshot.serving.get(workload.key) ?? [], workload, report);
  const served = new Map(serving.map(({ port, protocol }) => [port, protocol]));
  const address = workload.addresses[0];
  // A port that no service leads to, and one that nobody declared, are plain TCP.
  const protocolOf = (port: number) => served.get(port) ?? "TCP";
  const inbound = address === undefined ? [] : inboundPorts;
  if (address === undefined && inboundPorts.length > 0) {
    const message = "the sidecar opens no inbound ports: the pod has no address yet (status.podIP)";
    report({ code: "HED2105", level: "warning", ref: workload.ref, path: "status.podIP", message });
  }
  const shape = inbound.map((p) => `${p.port}:${p.appAddress}:${p.appPort}/${protocolOf(p.port)}`).join();
  const own = memo(`side/explicit/${address ?? ""}/${shape}`, [], () => ({
    clusters: inbound.map((port) => explicitInboundCluster(port, protocolOf(port.port))),
    listeners: inbound.map((port) => explicitInbound(address!, port, protocolOf(port.port))),
  }));
  const outbound = memo(
    `side/explicit-outbound/${proxy.id}`,
    [scope.catalog, scope.lazy, workload],
    (): Reported<Listener> => {
      const found: Diagnostic[] = [];
      return { items: explicitListeners(scope, proxy, (d) => void found.push(d)), diagnostics: found };
    },
  );
  return {
    key: `${address ?? ""} ${shape}`,
    clusters: own.clusters,
    listeners: [outbound.items, own.listeners],
    diagnostics: [...diagnostics, ...outbound.diagnostics],
  };
}

/** The part of a configuration that depends on how traffic gets into the sidecar, and on what its pod serves. */
import type { Inbound } from "../api/traffic-policy.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import type { Cluster } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { TypedExtensionConfig } from "../gen/envoy/config/core/v3/extension_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { adaptiveConcurrency } from "./adaptive-concurrency.ts";
import { distinctByName } from "./distinct.ts";
import {
  capturedInboundCluster,
  explicitInboundCluster,
  inboundPassthroughCluster,
  passthroughCluster,
} from "./fixed-clusters.ts";
import { explicitListeners } from "./listener-explicit.ts";
import { explicitInbound, INBOUND_PORT, mayBeHttp, virtualInbound } from "./listener-inbound.ts";
import type { Memo } from "./memo.ts";
import { capturedListeners, type Reported } from "./outbound.ts";
import type { Proxy } from "./proxy.ts";
import { type ServedPort, servedPorts } from "./served-port.ts";
import type { Scope } from "./scope.ts";
import type { MeshSettings } from "./settings.ts";
import { probeCluster, probeListener } from "./tcp-probe.ts";

export interface Side {
  /** Tells it from other sides of the same mesh. */
  readonly key: string;
  readonly clusters: readonly Cluster[];
  /** Those for what the pod calls, then those of the pod itself. */
  readonly listeners: readonly [readonly Listener[], ...(readonly Listener[])[]];
  readonly extensions: readonly TypedExtensionConfig[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What a captured pod serves, as far as its sidecar is concerned. */
interface Captured {
  readonly served: readonly ServedPort[];
  readonly shape: string;
  readonly address: string | undefined;
  readonly probes: readonly number[];
  /** Tells it from others of the same mesh, but for whose limits its ports have. */
  readonly key: string;
  readonly diagnostics: readonly Diagnostic[];
}

function capturedPod(snapshot: MeshSnapshot, { workload, tcpProbes }: Proxy): Captured {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const served = servedPorts(snapshot, workload, report).filter(({ port }) => {
    if (port !== INBOUND_PORT) return true;
    const message = `port ${port} is where the sidecar takes captured connections: nothing can be served there`;
    report({ code: "HED2107", level: "warning", ref: workload.ref, path: "", message });
    return false;
  });
  const [address] = workload.addresses;
  const probes = address === undefined ? [] : tcpProbes;
  const shape = served.map(({ port, protocol }) => `${port}/${protocol}`).join();
  const key = probes.length > 0 ? `${shape} ${address} ${probes.join()}` : shape;
  return { served, shape, address, probes, key, diagnostics };
}

/** Captured pods with the same text have the very same side in one scope; undefined where something is said of this pod alone. */
export function transparentKey(snapshot: MeshSnapshot, proxy: Proxy): string | undefined {
  const { served, key, diagnostics } = capturedPod(snapshot, proxy);
  return diagnostics.length > 0 ? undefined : `${key}/${limitsOf(served).owners}`;
}

export function transparentSide(
  snapshot: MeshSnapshot,
  scope: Scope,
  proxy: Proxy,
  settings: MeshSettings,
  memo: Memo,
): Side {
  const { served, shape, address, probes, key, diagnostics } = capturedPod(snapshot, proxy);
  const { owners, limits } = limitsOf(served);
  const clusters = memo(`side/captured-clusters/${key}/${owners}`, limits, () => [
    memo("cluster/passthrough", [], passthroughCluster),
    memo("cluster/inbound-passthrough", [], inboundPassthroughCluster),
    ...served.map((to) =>
      memo(`cluster/inbound/${to.port}/${to.protocol}/${ownerKey(to)}`, [inboundOf(to)], () =>
        capturedInboundCluster(to.port, to.protocol, inboundOf(to)),
      ),
    ),
    ...probes.map((port) => probeCluster(address!, port)),
  ]);
  const listeners = memo(`side/captured-listeners/${key}`, [], () => [
    memo(`listener/inbound/${shape}`, [], () => virtualInbound(served, settings)),
    ...(probes.length > 0 ? [memo(`listener/probes/${probes.join()}`, [], () => probeListener(probes))] : []),
  ]);
  return {
    key: `${key}/${owners}`,
    clusters,
    listeners: [capturedListeners(snapshot, scope, proxy.workload, settings, memo), listeners],
    extensions: extensionsOf(served, memo),
    diagnostics,
  };
}

export function explicitSide(snapshot: MeshSnapshot, scope: Scope, proxy: Proxy, memo: Memo): Side {
  const { workload, inboundPorts } = proxy;
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const serving = servedPorts(snapshot, workload, report);
  const served = new Map(serving.map((to) => [to.port, to]));
  const address = workload.addresses[0];
  // A port that no service leads to, and one that nobody declared, are plain TCP.
  const protocolOf = (port: number) => served.get(port)?.protocol ?? "TCP";
  const inbound = address === undefined ? [] : inboundPorts;
  if (address === undefined && inboundPorts.length > 0) {
    const message = "the sidecar opens no inbound ports: the pod has no address yet (status.podIP)";
    report({ code: "HED2105", level: "warning", ref: workload.ref, path: "status.podIP", message });
  }
  const shape = inbound.map((p) => `${p.port}:${p.appAddress}:${p.appPort}/${protocolOf(p.port)}`).join();
  const opened = inbound.flatMap(({ port }) => served.get(port) ?? []);
  const { owners, limits } = limitsOf(opened);
  const clusters = memo(`side/explicit-clusters/${address ?? ""}/${shape}/${owners}`, limits, () =>
    inbound.map((port) => explicitInboundCluster(port, protocolOf(port.port), inboundOf(served.get(port.port)))),
  );
  const listeners = memo(`side/explicit-listeners/${address ?? ""}/${shape}`, [], () =>
    inbound.map((port) => explicitInbound(address!, port, protocolOf(port.port))),
  );
  const outbound = memo(
    `side/explicit-outbound/${proxy.id}`,
    [scope.catalog, scope.lazy, workload],
    (): Reported<Listener> => {
      const found: Diagnostic[] = [];
      return { items: explicitListeners(scope, proxy, (d) => void found.push(d)), diagnostics: found };
    },
  );
  return {
    key: `${address ?? ""} ${shape}/${owners}`,
    clusters,
    listeners: [outbound.items, listeners],
    extensions: extensionsOf(opened, memo),
    diagnostics: [...diagnostics, ...outbound.diagnostics],
  };
}

function inboundOf(to: ServedPort | undefined): Inbound | undefined {
  return to?.owner.policy?.spec.inbound;
}

/** Whose limits a port has; "" where it has none. */
function ownerKey(to: ServedPort): string {
  return inboundOf(to) ? to.owner.key : "";
}

/** Whose limits the ports have, and the limits. */
function limitsOf(served: readonly ServedPort[]) {
  const limited = served.some(inboundOf);
  return limited ? { owners: served.map(ownerKey).join(), limits: served.map(inboundOf) } : { owners: "", limits: [] };
}

/** What stands in the places that inbound listeners keep for it, sorted by name. */
function extensionsOf(served: readonly ServedPort[], memo: Memo): readonly TypedExtensionConfig[] {
  const places = served.filter(({ protocol }) => mayBeHttp(protocol));
  const { owners, limits } = limitsOf(places);
  return memo(`side/extensions/${places.map(({ port }) => port).join()}/${owners}`, limits, () =>
    distinctByName(
      places.map((to) => {
        const adaptive = inboundOf(to)?.adaptiveConcurrency;
        const key = `extension/inbound/${to.port}/${ownerKey(to)}`;
        return memo(key, [adaptive], () => adaptiveConcurrency(to.port, adaptive));
      }),
    ),
  );
}

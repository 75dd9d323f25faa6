/** Clusters that stand for no service. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_LbPolicy,
  ClusterSchema,
} from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { Inbound } from "../api/traffic-policy.ts";
import type { Protocol } from "../model/snapshot.ts";
import { circuitBreakers } from "./circuit-breaker.ts";
import { duration, socketAddress } from "./envoy.ts";
import { BLACK_HOLE, INBOUND_PASSTHROUGH, inboundCluster, PASSTHROUGH } from "./names.ts";
import { protocolOptions } from "./protocol-options.ts";
import type { InboundPort } from "./proxy.ts";

type ClusterInit = Exclude<MessageInitShape<typeof ClusterSchema>, Cluster>;

const CONNECT_TIMEOUT_MS = 5000;

/**
 * Source address of what a sidecar sends to its own application: the capture rules let it pass, so that it does not come
 * back.
 */
export const INBOUND_SOURCE = "127.0.0.6";

/**
 * How long a connection to the sidecar's own application stays open without a request, in milliseconds. Less than applications
 * wait (Gunicorn 2 s, Node and uvicorn 5 s), so that it is the sidecar that closes: a request that meets the application's
 * closing is answered with 503, since Envoy has written it by then and "reset-before-request" tries only unwritten ones again
 * (measured). A new connection within the pod costs next to nothing.
 */
const INBOUND_IDLE_MS = 1000;

/** Sends a connection where it was going before it was captured. */
export function passthroughCluster(): Cluster {
  return originalDestination(PASSTHROUGH, "Auto");
}

/** Nobody is there. */
export function blackHoleCluster(): Cluster {
  return create(ClusterSchema, {
    name: BLACK_HOLE,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
  });
}

/** To ports of the pod that no service declares. */
export function inboundPassthroughCluster(): Cluster {
  return originalDestination(INBOUND_PASSTHROUGH, "TCP", fromInside);
}

/** To the application of a captured pod, at the pod's own address, as if nothing stood between. */
export function capturedInboundCluster(port: number, protocol: Protocol, inbound: Inbound = {}): Cluster {
  return originalDestination(inboundCluster(port), protocol, {
    ...fromInside,
    circuitBreakers: circuitBreakers(inbound),
    typedExtensionProtocolOptions: protocolOptions(protocol, { idleTimeout: INBOUND_IDLE_MS }),
  });
}

/** To the application of an explicit sidecar. */
export function explicitInboundCluster(
  { port, appAddress, appPort }: InboundPort,
  protocol: Protocol,
  inbound: Inbound = {},
): Cluster {
  const name = inboundCluster(port);
  return create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.STATIC },
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    circuitBreakers: circuitBreakers(inbound),
    typedExtensionProtocolOptions: protocolOptions(protocol, { idleTimeout: INBOUND_IDLE_MS }),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          lbEndpoints: [
            { hostIdentifier: { case: "endpoint", value: { address: socketAddress(appAddress, appPort) } } },
          ],
        },
      ],
    },
  });
}

const fromInside: ClusterInit = {
  upstreamBindConfig: { sourceAddress: { address: INBOUND_SOURCE, portSpecifier: { case: "portValue", value: 0 } } },
};

function originalDestination(name: string, protocol: Protocol, also: ClusterInit = {}): Cluster {
  return create(ClusterSchema, {
    name,
    clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.ORIGINAL_DST },
    lbPolicy: Cluster_LbPolicy.CLUSTER_PROVIDED,
    connectTimeout: duration(CONNECT_TIMEOUT_MS),
    circuitBreakers: circuitBreakers(),
    typedExtensionProtocolOptions: protocolOptions(protocol),
    ...also,
  });
}

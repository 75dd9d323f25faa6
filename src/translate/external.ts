/** What a cluster of an ExternalService has beside that of a Service: addresses that Envoy finds by itself, and TLS. */
import { create } from "@bufbuild/protobuf";
import { Cluster_DiscoveryType, Cluster_DnsLookupFamily } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { TransportSocketSchema } from "../gen/envoy/config/core/v3/base_pb.ts";
import { SubjectAltNameMatcher_SanType } from "../gen/envoy/extensions/transport_sockets/tls/v3/common_pb.ts";
import { UpstreamTlsContextSchema } from "../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { sentByHttp2 } from "../model/protocol.ts";
import type { External, ServicePort } from "../model/snapshot.ts";
import { pack, socketAddress } from "./envoy.ts";
import { speaksHttp } from "./virtual-host.ts";

/** The authorities of Envoy's images, which are Debian's and Ubuntu's. */
const SYSTEM_AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";

export function externalDiscovery(
  { resolution, endpoints }: External,
  { port, targetPort }: ServicePort,
  name: string,
) {
  const number = typeof targetPort === "number" ? targetPort : port;
  return {
    clusterDiscoveryType: {
      case: "type" as const,
      // All addresses of a name are endpoints, so that load balancing and outlier detection have something to choose from.
      value: resolution === "Static" ? Cluster_DiscoveryType.STATIC : Cluster_DiscoveryType.STRICT_DNS,
    },
    ...(resolution === "DNS" && { respectDnsTtl: true, dnsLookupFamily: Cluster_DnsLookupFamily.V4_PREFERRED }),
    loadAssignment: {
      clusterName: name,
      endpoints: [
        {
          // Where a policy gives shares to places, one without a weight would get nothing.
          loadBalancingWeight: 1,
          lbEndpoints: endpoints.map((address) => ({
            hostIdentifier: { case: "endpoint" as const, value: { address: socketAddress(address, number) } },
          })),
        },
      ],
    },
  };
}

/** TLS on behalf of the caller, for ports that speak HTTP; nothing for others. */
export function originatedTls({ tls }: External, port: ServicePort, http2: boolean | undefined) {
  if (!tls || !speaksHttp(port)) return {};
  const { sni = "", caCertificate, subjectAltNames = [] } = tls;
  const context = pack(UpstreamTlsContextSchema, {
    sni,
    commonTlsContext: {
      alpnProtocols: [sentByHttp2(port.protocol, http2) ? "h2" : "http/1.1"],
      validationContextType: {
        case: "validationContext",
        value: {
          trustedCa: {
            specifier:
              caCertificate === undefined
                ? { case: "filename", value: SYSTEM_AUTHORITIES }
                : { case: "inlineString", value: caCertificate },
          },
          matchTypedSubjectAltNames: subjectAltNames.map((name) => ({
            sanType: SubjectAltNameMatcher_SanType.DNS,
            matcher: { matchPattern: { case: "exact" as const, value: name } },
          })),
        },
      },
    },
  });
  return {
    transportSocket: create(TransportSocketSchema, {
      name: "envoy.transport_sockets.tls",
      configType: { case: "typedConfig", value: context },
    }),
  };
}

/** What a request's host decides about the TLS connection that it goes out on. */
export function tlsByHost({ tls }: External, port: ServicePort) {
  if (!tls || !speaksHttp(port)) return undefined;
  return { autoSni: tls.sni === undefined, autoSanValidation: tls.subjectAltNames === undefined };
}

import type { AdmissionControl, Connection } from "../api/traffic-policy.ts";
import { HttpProtocolOptionsSchema } from "../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { admissionFilters } from "./admission-control.ts";
import { sentByHttp2 } from "../model/protocol.ts";
import type { Protocol } from "../model/snapshot.ts";
import { duration, pack } from "./envoy.ts";

const KEY = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

type UpstreamProtocolInit = NonNullable<MessageInitShape<typeof HttpProtocolOptionsSchema>["upstreamProtocolOptions"]>;

export interface ProtocolExtras {
  readonly admission?: AdmissionControl | undefined;
  /** Where the connection is encrypted: what of it follows the request's host. */
  readonly tls?: { readonly autoSni: boolean; readonly autoSanValidation: boolean } | undefined;
}

/** How a cluster speaks to its endpoints, and what it does not send them; nothing for ports that carry no HTTP. */
export function protocolOptions(
  protocol: Protocol,
  connection: Connection = {},
  { admission, tls }: ProtocolExtras = {},
): Record<string, Any> {
  if (protocol === "TCP" || protocol === "TLS" || protocol === "UDP") return {};
  const { idleTimeout, maxRequestsPerConnection, http2 } = connection;
  const common = {
    ...(idleTimeout === undefined ? {} : { idleTimeout: duration(idleTimeout) }),
    ...(maxRequestsPerConnection ? { maxRequestsPerConnection } : {}),
  };
  return {
    [KEY]: pack(HttpProtocolOptionsSchema, {
      ...(Object.keys(common).length > 0 ? { commonHttpProtocolOptions: common } : {}),
      upstreamProtocolOptions: upstream(protocol, http2),
      ...(tls && { upstreamHttpProtocolOptions: tls }),
      ...(admission && { httpFilters: admissionFilters(admission) }),
    }),
  };
}

function upstream(protocol: Protocol, http2: boolean | undefined): UpstreamProtocolInit {
  const explicit = (speaksHttp2: boolean): UpstreamProtocolInit => ({
    case: "explicitHttpConfig",
    value: {
      protocolConfig: speaksHttp2
        ? { case: "http2ProtocolOptions", value: {} }
        : { case: "httpProtocolOptions", value: {} },
    },
  });
  if (http2 !== undefined) return explicit(http2);
  // Of an undeclared port nothing is known but what the caller speaks.
  if (protocol === "Auto") {
    return { case: "useDownstreamProtocolConfig", value: { httpProtocolOptions: {}, http2ProtocolOptions: {} } };
  }
  return explicit(sentByHttp2(protocol, undefined));
}

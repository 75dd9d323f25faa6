/** The bootstrap's one cluster that leads to the control plane, in plaintext or with TLS and a token on every stream. */
import type { HostPort } from "./bootstrap.ts";

/** How a sidecar without an agent proves who it is: everything comes from files that Kubernetes keeps up to date. */
export interface ControlPlaneTls {
  /** DNS name that the control plane's certificate must have. */
  readonly serverName: string;
  /** PEM file of the CAs to trust. */
  readonly caFile: string;
  /** File with the SDS resource `TOKEN_SECRET`, see `tokenSecret`. */
  readonly tokenSecretFile: string;
  /** The projected service-account token. */
  readonly tokenFile: string;
}

export const CONTROL_PLANE = "heddle";
const TOKEN_SECRET = "heddle-token";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";
const TYPE = "type.googleapis.com";

export function controlPlaneCluster(xds: HostPort, tls: ControlPlaneTls | undefined): Record<string, unknown> {
  return {
    name: CONTROL_PLANE,
    type: /^[0-9.]+$|:/.test(xds.host) ? "STATIC" : "STRICT_DNS",
    connect_timeout: "1s",
    typed_extension_protocol_options: {
      [HTTP_OPTIONS]: {
        "@type": `${TYPE}/${HTTP_OPTIONS}`,
        explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: "30s", timeout: "5s" } } },
        ...(tls && { http_filters: [credentialInjector(tls), upstreamCodec()] }),
      },
    },
    load_assignment: {
      cluster_name: CONTROL_PLANE,
      endpoints: [
        {
          lb_endpoints: [{ endpoint: { address: { socket_address: { address: xds.host, port_value: xds.port } } } }],
        },
      ],
    },
    ...(tls && { transport_socket: transportSocket(tls) }),
  };
}

/**
 * The SDS file that names the token's file. A secret in the bootstrap itself would be read once; one that comes from a file of its
 * own follows the token's rotation (measured on Envoy 1.37 to 1.40).
 */
export function tokenSecret({ tokenFile }: Pick<ControlPlaneTls, "tokenFile">): Record<string, unknown> {
  return {
    resources: [
      {
        "@type": `${TYPE}/envoy.extensions.transport_sockets.tls.v3.Secret`,
        name: TOKEN_SECRET,
        generic_secret: { secret: { filename: tokenFile, watched_directory: { path: folderOf(tokenFile) } } },
      },
    ],
  };
}

function credentialInjector({ tokenSecretFile, tokenFile }: ControlPlaneTls): Record<string, unknown> {
  const source = { path: tokenSecretFile, watched_directory: { path: folderOf(tokenFile) } };
  return {
    name: "envoy.filters.http.credential_injector",
    typed_config: {
      "@type": `${TYPE}/envoy.extensions.filters.http.credential_injector.v3.CredentialInjector`,
      overwrite: true,
      credential: {
        name: "envoy.http.injected_credentials.generic",
        typed_config: {
          "@type": `${TYPE}/envoy.extensions.http.injected_credentials.generic.v3.Generic`,
          header: "authorization",
          header_value_prefix: "Bearer ",
          credential: { name: TOKEN_SECRET, sds_config: { path_config_source: source, resource_api_version: "V3" } },
        },
      },
    },
  };
}

/** Always the last of the upstream's filters. */
function upstreamCodec(): Record<string, unknown> {
  return {
    name: "envoy.filters.http.upstream_codec",
    typed_config: { "@type": `${TYPE}/envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec` },
  };
}

function transportSocket({ serverName, caFile }: ControlPlaneTls): Record<string, unknown> {
  return {
    name: "tls",
    typed_config: {
      "@type": `${TYPE}/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext`,
      sni: serverName,
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: caFile, watched_directory: { path: folderOf(caFile) } },
          match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: serverName } }],
        },
      },
    },
  };
}

function folderOf(file: string): string {
  return file.slice(0, file.lastIndexOf("/"));
}

/**
 * Every message that may stand in a resource or inside a `google.protobuf.Any` of one: what validation, dumps and ProtoJSON
 * look type URLs up in.
 */
import { createRegistry, type DescFile, type Registry } from "@bufbuild/protobuf";
import { file_envoy_config_cluster_v3_cluster } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import { file_envoy_config_endpoint_v3_endpoint } from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { file_envoy_config_listener_v3_listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { file_envoy_config_route_v3_route } from "../gen/envoy/config/route/v3/route_pb.ts";
import { file_envoy_config_route_v3_scoped_route } from "../gen/envoy/config/route/v3/scoped_route_pb.ts";
import { file_envoy_config_trace_v3_opentelemetry } from "../gen/envoy/config/trace/v3/opentelemetry_pb.ts";
import { file_envoy_extensions_access_loggers_file_v3_file } from "../gen/envoy/extensions/access_loggers/file/v3/file_pb.ts";
import { file_envoy_extensions_access_loggers_stream_v3_stream } from "../gen/envoy/extensions/access_loggers/stream/v3/stream_pb.ts";
import { file_envoy_extensions_filters_http_adaptive_concurrency_v3_adaptive_concurrency } from "../gen/envoy/extensions/filters/http/adaptive_concurrency/v3/adaptive_concurrency_pb.ts";
import { file_envoy_extensions_filters_http_admission_control_v3_admission_control } from "../gen/envoy/extensions/filters/http/admission_control/v3/admission_control_pb.ts";
import { file_envoy_extensions_filters_http_cors_v3_cors } from "../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { file_envoy_extensions_filters_http_ext_authz_v3_ext_authz } from "../gen/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb.ts";
import { file_envoy_extensions_filters_http_fault_v3_fault } from "../gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { file_envoy_extensions_filters_http_grpc_stats_v3_config } from "../gen/envoy/extensions/filters/http/grpc_stats/v3/config_pb.ts";
import { file_envoy_extensions_filters_http_health_check_v3_health_check } from "../gen/envoy/extensions/filters/http/health_check/v3/health_check_pb.ts";
import { file_envoy_extensions_filters_http_jwt_authn_v3_config } from "../gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import { file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit } from "../gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.ts";
import { file_envoy_extensions_filters_http_on_demand_v3_on_demand } from "../gen/envoy/extensions/filters/http/on_demand/v3/on_demand_pb.ts";
import { file_envoy_extensions_filters_http_ratelimit_v3_rate_limit } from "../gen/envoy/extensions/filters/http/ratelimit/v3/rate_limit_pb.ts";
import { file_envoy_extensions_filters_http_rbac_v3_rbac } from "../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts";
import { file_envoy_extensions_filters_http_router_v3_router } from "../gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { file_envoy_extensions_filters_http_stateful_session_v3_stateful_session } from "../gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.ts";
import { file_envoy_extensions_filters_http_upstream_codec_v3_upstream_codec } from "../gen/envoy/extensions/filters/http/upstream_codec/v3/upstream_codec_pb.ts";
import { file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector } from "../gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { file_envoy_extensions_filters_listener_original_dst_v3_original_dst } from "../gen/envoy/extensions/filters/listener/original_dst/v3/original_dst_pb.ts";
import { file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector } from "../gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { file_envoy_extensions_filters_network_connection_limit_v3_connection_limit } from "../gen/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb.ts";
import { file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { file_envoy_extensions_filters_network_rbac_v3_rbac } from "../gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts";
import { file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy } from "../gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { file_envoy_extensions_filters_udp_udp_proxy_v3_route } from "../gen/envoy/extensions/filters/udp/udp_proxy/v3/route_pb.ts";
import { file_envoy_extensions_filters_udp_udp_proxy_v3_udp_proxy } from "../gen/envoy/extensions/filters/udp/udp_proxy/v3/udp_proxy_pb.ts";
import { file_envoy_extensions_http_stateful_session_cookie_v3_cookie } from "../gen/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.ts";
import { file_envoy_extensions_http_stateful_session_header_v3_header } from "../gen/envoy/extensions/http/stateful_session/header/v3/header_pb.ts";
import { file_envoy_extensions_load_balancing_policies_client_side_weighted_round_robin_v3_client_side_weighted_round_robin } from "../gen/envoy/extensions/load_balancing_policies/client_side_weighted_round_robin/v3/client_side_weighted_round_robin_pb.ts";
import { file_envoy_extensions_load_balancing_policies_least_request_v3_least_request } from "../gen/envoy/extensions/load_balancing_policies/least_request/v3/least_request_pb.ts";
import { file_envoy_extensions_load_balancing_policies_maglev_v3_maglev } from "../gen/envoy/extensions/load_balancing_policies/maglev/v3/maglev_pb.ts";
import { file_envoy_extensions_load_balancing_policies_random_v3_random } from "../gen/envoy/extensions/load_balancing_policies/random/v3/random_pb.ts";
import { file_envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash } from "../gen/envoy/extensions/load_balancing_policies/ring_hash/v3/ring_hash_pb.ts";
import { file_envoy_extensions_load_balancing_policies_round_robin_v3_round_robin } from "../gen/envoy/extensions/load_balancing_policies/round_robin/v3/round_robin_pb.ts";
import { file_envoy_extensions_load_balancing_policies_wrr_locality_v3_wrr_locality } from "../gen/envoy/extensions/load_balancing_policies/wrr_locality/v3/wrr_locality_pb.ts";
import { file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts } from "../gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer } from "../gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts";
import { file_envoy_extensions_transport_sockets_tls_v3_secret } from "../gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { file_envoy_extensions_transport_sockets_tls_v3_tls } from "../gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { file_envoy_extensions_upstreams_http_v3_http_protocol_options } from "../gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import { file_envoy_service_cluster_v3_cds } from "../gen/envoy/service/cluster/v3/cds_pb.ts";
import { file_envoy_service_discovery_v3_ads } from "../gen/envoy/service/discovery/v3/ads_pb.ts";
import { file_envoy_service_discovery_v3_discovery } from "../gen/envoy/service/discovery/v3/discovery_pb.ts";
import { file_envoy_service_endpoint_v3_eds } from "../gen/envoy/service/endpoint/v3/eds_pb.ts";
import { file_envoy_service_extension_v3_config_discovery } from "../gen/envoy/service/extension/v3/config_discovery_pb.ts";
import { file_envoy_service_listener_v3_lds } from "../gen/envoy/service/listener/v3/lds_pb.ts";
import { file_envoy_service_load_stats_v3_lrs } from "../gen/envoy/service/load_stats/v3/lrs_pb.ts";
import { file_envoy_service_route_v3_rds } from "../gen/envoy/service/route/v3/rds_pb.ts";
import { file_envoy_service_runtime_v3_rtds } from "../gen/envoy/service/runtime/v3/rtds_pb.ts";
import { file_envoy_service_secret_v3_sds } from "../gen/envoy/service/secret/v3/sds_pb.ts";
import { file_envoy_service_status_v3_csds } from "../gen/envoy/service/status/v3/csds_pb.ts";

const roots: readonly DescFile[] = [
  file_envoy_config_cluster_v3_cluster,
  file_envoy_config_endpoint_v3_endpoint,
  file_envoy_config_listener_v3_listener,
  file_envoy_config_route_v3_route,
  file_envoy_config_route_v3_scoped_route,
  file_envoy_config_trace_v3_opentelemetry,
  file_envoy_extensions_access_loggers_file_v3_file,
  file_envoy_extensions_access_loggers_stream_v3_stream,
  file_envoy_extensions_filters_http_adaptive_concurrency_v3_adaptive_concurrency,
  file_envoy_extensions_filters_http_admission_control_v3_admission_control,
  file_envoy_extensions_filters_http_cors_v3_cors,
  file_envoy_extensions_filters_http_ext_authz_v3_ext_authz,
  file_envoy_extensions_filters_http_fault_v3_fault,
  file_envoy_extensions_filters_http_grpc_stats_v3_config,
  file_envoy_extensions_filters_http_health_check_v3_health_check,
  file_envoy_extensions_filters_http_jwt_authn_v3_config,
  file_envoy_extensions_filters_http_local_ratelimit_v3_local_rate_limit,
  file_envoy_extensions_filters_http_on_demand_v3_on_demand,
  file_envoy_extensions_filters_http_ratelimit_v3_rate_limit,
  file_envoy_extensions_filters_http_rbac_v3_rbac,
  file_envoy_extensions_filters_http_router_v3_router,
  file_envoy_extensions_filters_http_stateful_session_v3_stateful_session,
  file_envoy_extensions_filters_http_upstream_codec_v3_upstream_codec,
  file_envoy_extensions_filters_listener_http_inspector_v3_http_inspector,
  file_envoy_extensions_filters_listener_original_dst_v3_original_dst,
  file_envoy_extensions_filters_listener_tls_inspector_v3_tls_inspector,
  file_envoy_extensions_filters_network_connection_limit_v3_connection_limit,
  file_envoy_extensions_filters_network_http_connection_manager_v3_http_connection_manager,
  file_envoy_extensions_filters_network_rbac_v3_rbac,
  file_envoy_extensions_filters_network_tcp_proxy_v3_tcp_proxy,
  file_envoy_extensions_filters_udp_udp_proxy_v3_route,
  file_envoy_extensions_filters_udp_udp_proxy_v3_udp_proxy,
  file_envoy_extensions_http_stateful_session_cookie_v3_cookie,
  file_envoy_extensions_http_stateful_session_header_v3_header,
  file_envoy_extensions_load_balancing_policies_client_side_weighted_round_robin_v3_client_side_weighted_round_robin,
  file_envoy_extensions_load_balancing_policies_least_request_v3_least_request,
  file_envoy_extensions_load_balancing_policies_maglev_v3_maglev,
  file_envoy_extensions_load_balancing_policies_random_v3_random,
  file_envoy_extensions_load_balancing_policies_ring_hash_v3_ring_hash,
  file_envoy_extensions_load_balancing_policies_round_robin_v3_round_robin,
  file_envoy_extensions_load_balancing_policies_wrr_locality_v3_wrr_locality,
  file_envoy_extensions_retry_host_previous_hosts_v3_previous_hosts,
  file_envoy_extensions_transport_sockets_raw_buffer_v3_raw_buffer,
  file_envoy_extensions_transport_sockets_tls_v3_secret,
  file_envoy_extensions_transport_sockets_tls_v3_tls,
  file_envoy_extensions_upstreams_http_v3_http_protocol_options,
  file_envoy_service_cluster_v3_cds,
  file_envoy_service_discovery_v3_ads,
  file_envoy_service_discovery_v3_discovery,
  file_envoy_service_endpoint_v3_eds,
  file_envoy_service_extension_v3_config_discovery,
  file_envoy_service_listener_v3_lds,
  file_envoy_service_load_stats_v3_lrs,
  file_envoy_service_route_v3_rds,
  file_envoy_service_runtime_v3_rtds,
  file_envoy_service_secret_v3_sds,
  file_envoy_service_status_v3_csds,
];

/** All types of proto/roots.txt and of the files that those import. */
export const envoyRegistry: Registry = createRegistry(...closure(roots));

function closure(files: readonly DescFile[]): ReadonlySet<DescFile> {
  const all = new Set<DescFile>();
  const add = (file: DescFile): void => {
    if (all.has(file)) return;
    all.add(file);
    file.dependencies.forEach(add);
  };
  files.forEach(add);
  return all;
}

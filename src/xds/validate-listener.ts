/** What Envoy refuses in listeners although their proto allows it. */
import { isIP } from "node:net";
import type { CidrRange } from "../gen/envoy/config/core/v3/address_pb.ts";
import { SocketAddress_Protocol } from "../gen/envoy/config/core/v3/address_pb.ts";
import type { FilterChain, FilterChainMatch } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { FilterChainMatchSchema, FilterChainSchema } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { CorsSchema } from "../gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "../gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { RBACSchema } from "../gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts";
import { RouterSchema } from "../gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { ConnectionLimitSchema } from "../gen/envoy/extensions/filters/network/connection_limit/v3/connection_limit_pb.ts";
import { HttpConnectionManagerSchema } from "../gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";

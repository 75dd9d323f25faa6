/** Sessions that stay with one endpoint: the endpoint's address travels in a cookie or a header. */
import type { Any } from "@bufbuild/protobuf/wkt";
import type { Affinity } from "../api/traffic-policy.ts";
import { StatefulSessionPerRouteSchema } from "../gen/envoy/extensions/filters/http/stateful_session/v3/stateful_session_pb.ts";
import { CookieBasedSessionStateSchema } from "../gen/envoy/extensions/http/stateful_session/cookie/v3/cookie_pb.ts";
import { HeaderBasedSessionStateSchema } from "../gen/envoy/extensions/http/stateful_session/header/v3/header_pb.ts";
import { AFFINITY_FILTER } from "./connection-manager.ts";
import { duration, pack } from "./envoy.ts";

/** The settings that a route gives the filter which stands in every listener; nothing without affinity. */
export function sessionAffinity(affinity: Affinity | undefined): Record<string, Any> {
  if (!affinity) return {};
  const sessionState = stateIn(affinity);
  if (!sessionState) return {};
  return {
    [AFFINITY_FILTER]: pack(StatefulSessionPerRouteSchema, {
      override: { case: "statefulSession", value: { sessionState, strict: affinity.strict } },
    }),
  };
}

function stateIn({ cookie, header }: Affinity): { readonly name: string; readonly typedConfig: Any } | undefined {
  if (cookie) {
    const { name, ttl, path } = cookie;
    const typedConfig = pack(CookieBasedSessionStateSchema, { cookie: { name, path, ttl: duration(ttl ?? 0) } });
    return { name: "envoy.http.stateful_session.cookie", typedConfig };
  }
  if (header === undefined) return undefined;
  const typedConfig = pack(HeaderBasedSessionStateSchema, { name: header });
  return { name: "envoy.http.stateful_session.header", typedConfig };
}

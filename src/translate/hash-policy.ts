import { create } from "@bufbuild/protobuf";
import type { LoadBalancing, Sticky } from "../api/traffic-policy.ts";
import {
  type RouteAction_HashPolicy,
  RouteAction_HashPolicySchema,
} from "../gen/envoy/config/route/v3/route_components_pb.ts";

/**
 * What a request is hashed on. `sticky` picks the side of a split and comes first: it ends the search where the request has
 * the value, so that a user's side does not depend on what endpoints are hashed on.
 */
export function hashPolicies(sticky: Sticky | undefined, hashOn: LoadBalancing["hashOn"]): RouteAction_HashPolicy[] {
  return [...(sticky ? [hashPolicy(sticky, true)] : []), ...(hashOn ? [hashPolicy(hashOn, false)] : [])];
}

interface HashKey {
  readonly header?: string | undefined;
  readonly cookie?: string | undefined;
  readonly query?: string | undefined;
}

function hashPolicy({ header, cookie, query }: HashKey, terminal: boolean): RouteAction_HashPolicy {
  if (header !== undefined) {
    return create(RouteAction_HashPolicySchema, {
      policySpecifier: { case: "header", value: { headerName: header } },
      terminal,
    });
  }
  // Without a TTL: Envoy must not hand out a cookie, since its first pick would not agree with the cookie's hash. What does
  // agree is in `anonymous.ts`.
  if (cookie !== undefined) {
    return create(RouteAction_HashPolicySchema, {
      policySpecifier: { case: "cookie", value: { name: cookie } },
      terminal,
    });
  }
  if (query !== undefined) {
    return create(RouteAction_HashPolicySchema, {
      policySpecifier: { case: "queryParameter", value: { name: query } },
      terminal,
    });
  }
  return create(RouteAction_HashPolicySchema, {
    policySpecifier: { case: "connectionProperties", value: { sourceIp: true } },
    terminal,
  });
}

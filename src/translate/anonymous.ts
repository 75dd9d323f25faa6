/**
 * Users whom a sticky split does not know yet. Their first request is hashed on its request id, which is random, and the answer
 * hands out that very id as the cookie: what is hashed from then on is the same text, so that the side is the same.
 */
import { create } from "@bufbuild/protobuf";
import type { Sticky } from "../api/traffic-policy.ts";
import {
  type HeaderValueOption,
  HeaderValueOption_HeaderAppendAction,
  HeaderValueOptionSchema,
} from "../gen/envoy/config/core/v3/base_pb.ts";
import { type HeaderMatcher } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { MeshRoute } from "../model/mesh-route.ts";
import { withoutCookie } from "./match.ts";

/** Every request has one by the time that its route is chosen. */
const REQUEST_ID = "x-request-id";

/** What a route for users without the cookie has that the one for all others has not. */
export interface Anonymous {
  readonly matcher: HeaderMatcher;
  /** In place of the policy's. */
  readonly sticky: Sticky;
  readonly responseHeader: HeaderValueOption;
}

/** Undefined where the policy hands out no cookie. */
export function anonymous({ split, sticky }: MeshRoute): Anonymous | undefined {
  if (!split || sticky?.cookie === undefined || sticky.ttl === undefined) return undefined;
  return {
    matcher: withoutCookie(sticky.cookie),
    sticky: { header: REQUEST_ID },
    responseHeader: setCookie(sticky.cookie, sticky.path ?? "/", sticky.ttl),
  };
}

function setCookie(name: string, path: string, ttl: number): HeaderValueOption {
  const age = ttl === 0 ? "" : `; Max-Age=${Math.max(1, Math.round(ttl / 1000))}`;
  return create(HeaderValueOptionSchema, {
    header: {
      key: "set-cookie",
      value: `${literal(name)}=%REQ(${REQUEST_ID})%; Path=${literal(path)}${age}; HttpOnly`,
    },
    appendAction: HeaderValueOption_HeaderAppendAction.APPEND_IF_EXISTS_OR_ADD,
  });
}

/** Envoy would expand %NAME% in it. */
function literal(text: string): string {
  return text.replaceAll("%", "%%");
}

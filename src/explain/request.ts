/** A request as Envoy's routing sees it: what a client sent, after the connection manager has cleaned it. */
import { normalizedPath, sendable } from "./path.ts";

/** What the application sends. */
export interface SentRequest {
  readonly method: string;
  /** The `Host` header: a host name or address, with or without a port. */
  readonly authority: string;
  /** Begins with a slash; may have a query. */
  readonly path: string;
  /** In their order; a name may stand several times. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

export interface Request {
  readonly method: string;
  readonly authority: string;
  /** Normal form, without the query. */
  readonly path: string;
  /** Without the question mark; undefined where there is none. */
  readonly query: string | undefined;
  /** By lower-case name, pseudo headers among them; of those Envoy does not join, each value by itself. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** Headers for the next hop only: gone before routes are looked at. */
const HOP_BY_HOP = ["connection", "keep-alive", "proxy-connection", "upgrade"];

/** Instructions to Envoy that it takes from nobody outside of the mesh: removed (measured). */
const INSTRUCTIONS = new Set(
  [
    "internal",
    "force-trace",
    "ip-tags",
    "hedge-on-per-try-timeout",
    "max-retries",
    "retry-on",
    "retry-grpc-on",
    "retriable-status-codes",
    "retriable-header-names",
    "expected-rq-timeout-ms",
    "upstream-alt-stat-name",
    "upstream-rq-timeout-ms",
    "upstream-rq-per-try-timeout-ms",
    "upstream-stream-duration-ms",
  ].map((name) => `x-envoy-${name}`),
);

/** Headers that Envoy keeps in one place: several of a name are one value with commas (measured). */
const JOINED = new Set(
  (
    "accept accept-encoding access-control-request-headers access-control-request-method authorization cache-control " +
    "content-length content-type expect grpc-accept-encoding grpc-timeout if-match if-none-match origin pragma referer " +
    "user-agent via x-client-trace-id x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-proto x-request-id " +
    "x-envoy-attempt-count x-envoy-decorator-operation x-envoy-downstream-service-cluster x-envoy-downstream-service-node " +
    "x-envoy-external-address x-envoy-is-timeout-retry x-envoy-original-host x-envoy-original-path"
  ).split(" "),
);

/** The request as routes see it, or why Envoy answers it with 400 before it looks for any. */
export function received(sent: SentRequest): Request | { readonly refused: string } {
  const [before, query] = splitQuery(sent.path);
  const path = normalizedPath(before);
  if (sent.path.includes("#")) return { refused: "a path must not hold #" };
  if (path === undefined) return { refused: "a path must not hold %00" };
  if (!/^[A-Za-z0-9\-._~%!$&'()*+,;=:[\]]*$/.test(sent.authority)) return { refused: "the Host header is not a host" };
  const headers = cleaned(sent.headers);
  const [proto = "http"] = headers.get("x-forwarded-proto") ?? [];
  headers.set("x-forwarded-proto", [proto]);
  headers.set(":scheme", [proto === "https" ? "https" : "http"]);
  headers.set(":method", [sent.method]);
  headers.set(":path", [query === undefined ? path : `${path}?${query}`]);
  const authority = withoutTrailingDot(sent.authority);
  for (const name of [":authority", "host"]) headers.set(name, [authority]);
  // Chance decides whether a comparison with it holds; here none does.
  if (!headers.has("x-request-id")) headers.set("x-request-id", ["(made by Envoy)"]);
  return { method: sent.method, authority, path, query, headers };
}

/** `checkout.shop.svc.cluster.local.` is the name without its last dot, with or without a port behind it. */
function withoutTrailingDot(authority: string): string {
  return authority.replace(/\.(?=$|:[^.]*$)/, "");
}

function splitQuery(path: string): [path: string, query: string | undefined] {
  const mark = path.indexOf("?");
  return mark < 0 ? [path, undefined] : [path.slice(0, mark), sendable(path.slice(mark + 1))];
}

function cleaned(sent: SentRequest["headers"]): Map<string, readonly string[]> {
  const headers = new Map<string, readonly string[]>();
  for (const [given, value] of sent) {
    const name = given.toLowerCase();
    if (name === "host" || INSTRUCTIONS.has(name)) continue;
    const others = headers.get(name) ?? [];
    const text = value.trim();
    const all = [...others, text];
    headers.set(name, JOINED.has(name) ? [all.filter((part) => part !== "").join(",")] : all);
  }
  const upgrades = headers.has("upgrade") && /\bupgrade\b/i.test(headers.get("connection")?.join() ?? "");
  if (!upgrades) for (const name of HOP_BY_HOP) headers.delete(name);
  const te = headers.get("te")?.join() ?? "";
  // Of what it accepts only trailers go on; one that is empty stays (measured).
  if (te.split(",").some((part) => part.trim() === "trailers")) headers.set("te", ["trailers"]);
  else if (te !== "") headers.delete("te");
  return headers;
}

/** The first value of a query parameter; names and values are compared as they stand, escapes and all. */
export function queryParameter({ query }: Request, name: string): string | undefined {
  for (const part of (query ?? "").split("&")) {
    const equal = part.indexOf("=");
    if ((equal < 0 ? part : part.slice(0, equal)) === name) return equal < 0 ? "" : part.slice(equal + 1);
  }
  return undefined;
}

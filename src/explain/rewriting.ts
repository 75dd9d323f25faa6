/** What becomes of paths and hosts on the way. */
import type { RedirectAction, RouteAction, RouteMatch } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { RedirectAction_RedirectResponseCode as Code } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { withoutPort } from "./domain.ts";
import { replaceAll } from "./re2.ts";
import type { Request } from "./request.ts";

/** The path and host that the receiver sees. */
export function sentOn(match: RouteMatch, action: RouteAction, request: Request): { path: string; authority: string } {
  const { prefixRewrite, regexRewrite, hostRewriteSpecifier: host } = action;
  const rewritten =
    prefixRewrite === "" ? byRegex(regexRewrite, request.path) : byPrefix(match, prefixRewrite, request.path);
  return {
    path: withQuery(rewritten, request),
    authority: host.case === "hostRewriteLiteral" ? host.value : request.authority,
  };
}

/** Where a redirect sends the caller. */
export function redirection(match: RouteMatch, action: RedirectAction, request: Request): [status: number, to: string] {
  const { schemeRewriteSpecifier: scheme, hostRedirect, portRedirect, pathRewriteSpecifier: rewrite } = action;
  const [current = "http"] = request.headers.get(":scheme") ?? [];
  const to = scheme.case === "schemeRedirect" ? scheme.value : scheme.value ? "https" : current;
  const host = hostRedirect === "" ? request.authority : hostRedirect;
  const kept = to !== current && host.endsWith(current === "http" ? ":80" : ":443") ? withoutPort(host) : host;
  const place = portRedirect === 0 ? kept : `${withoutPort(host)}:${portRedirect}`;
  return [STATUS[action.responseCode] ?? 301, `${to}://${place}${redirectedPath(match, rewrite, request)}`];
}

function redirectedPath(match: RouteMatch, rewrite: RedirectAction["pathRewriteSpecifier"], request: Request): string {
  switch (rewrite.case) {
    case "pathRedirect":
      return rewrite.value.includes("?") ? rewrite.value : withQuery(rewrite.value, request);
    case "prefixRewrite":
      return withQuery(byPrefix(match, rewrite.value, request.path), request);
    case "regexRewrite":
      return withQuery(byRegex(rewrite.value, request.path), request);
    default:
      return withQuery(request.path, request);
  }
}

function byPrefix({ pathSpecifier }: RouteMatch, replacement: string, path: string): string {
  const { case: form, value } = pathSpecifier;
  const matched = form === "prefix" || form === "pathSeparatedPrefix" ? value.length : path.length;
  return replacement + path.slice(matched);
}

function byRegex(rewrite: RouteAction["regexRewrite"], path: string): string {
  return rewrite?.pattern ? replaceAll(rewrite.pattern.regex, path, rewrite.substitution) : path;
}

function withQuery(path: string, { query }: Request): string {
  return query === undefined ? path : `${path}?${query}`;
}

const STATUS: Readonly<Partial<Record<Code, number>>> = {
  [Code.MOVED_PERMANENTLY]: 301,
  [Code.FOUND]: 302,
  [Code.SEE_OTHER]: 303,
  [Code.TEMPORARY_REDIRECT]: 307,
  [Code.PERMANENT_REDIRECT]: 308,
};

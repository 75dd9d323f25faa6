/** Filters of a rule in a policy's terms, and what of them is not supported. */
import type {
  GatewayCors,
  GatewayFilter,
  HeaderModifier,
  PathModifier,
  RequestRedirect,
} from "../api/gateway-filters.ts";
import { METHODS, type Cors, type HeaderEdits, type Redirect, type Rewrite } from "../api/traffic-policy.ts";
import type { MeshRoute } from "./mesh-route.ts";

/** Says that a field, by its path from the filters' rule, is not supported, and why. */
export type Unsupported = (path: string, message: string) => void;

/** What filters change in a route; mirrors are left to `gateway-backends.ts`. */
export function filtered(
  filters: readonly GatewayFilter[],
  port: number,
  unsupported: Unsupported,
): Pick<MeshRoute, "headers" | "rewrite" | "redirect" | "cors"> {
  let route: Pick<MeshRoute, "headers" | "rewrite" | "redirect" | "cors"> = {};
  for (const [index, filter] of filters.entries()) {
    const at = `filters[${index}]`;
    const { requestHeaderModifier, responseHeaderModifier, requestRedirect, urlRewrite, cors } = filter;
    if (!SUPPORTED.has(filter.type)) unsupported(`${at}.type`, `${filter.type} is not supported`);
    if (requestRedirect) route = { ...route, redirect: redirectOf(requestRedirect, port, at, unsupported) };
    if (urlRewrite) {
      const rewrite: Rewrite = {
        ...(urlRewrite.hostname !== undefined && { host: urlRewrite.hostname }),
        ...rewrittenPath(urlRewrite.path, `${at}.urlRewrite.path`, unsupported),
      };
      route = { ...route, rewrite };
    }
    if (cors) route = { ...route, cors: corsOf(cors, at, unsupported) };
    if (requestHeaderModifier ?? responseHeaderModifier) {
      const edits = editsOf(filter, at, unsupported);
      route = { ...route, headers: { ...route.headers, ...edits } };
    }
  }
  return route;
}

const SUPPORTED: ReadonlySet<string> = new Set([
  "RequestHeaderModifier",
  "ResponseHeaderModifier",
  "RequestMirror",
  "RequestRedirect",
  "URLRewrite",
  "CORS",
]);

/** Header edits of one share of a split: the only filters that a backend may have. */
export function backendEdits(filters: readonly GatewayFilter[], unsupported: Unsupported): MeshRoute["headers"] {
  let edits: NonNullable<MeshRoute["headers"]> = {};
  for (const [index, filter] of filters.entries()) {
    const at = `filters[${index}]`;
    if (filter.requestHeaderModifier || filter.responseHeaderModifier) {
      edits = { ...edits, ...editsOf(filter, at, unsupported) };
    } else unsupported(`${at}.type`, `${filter.type} is not supported for a single backend`);
  }
  return Object.keys(edits).length === 0 ? undefined : edits;
}

function editsOf(
  { requestHeaderModifier: request, responseHeaderModifier: response }: GatewayFilter,
  at: string,
  unsupported: Unsupported,
): NonNullable<MeshRoute["headers"]> {
  return {
    ...(request && { request: headerEdits(request, `${at}.requestHeaderModifier`, unsupported) }),
    ...(response && { response: headerEdits(response, `${at}.responseHeaderModifier`, unsupported) }),
  };
}

/** A header value that no proxy would send on. */
const CONTROL = /[\0\r\n]/;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+\-.^_`|~]+$/;

function headerEdits(
  { set = [], add = [], remove = [] }: HeaderModifier,
  at: string,
  unsupported: Unsupported,
): HeaderEdits {
  for (const [list, headers] of [
    ["set", set],
    ["add", add],
  ] as const) {
    for (const [index, { name, value }] of headers.entries()) {
      if (isHost(name)) unsupported(`${at}.${list}[${index}].name`, "the host is changed by URLRewrite");
      if (CONTROL.test(value)) unsupported(`${at}.${list}[${index}].value`, "a header value has no line breaks");
    }
  }
  for (const [index, name] of remove.entries()) {
    if (isHost(name) || !HEADER_NAME.test(name)) {
      unsupported(`${at}.remove[${index}]`, `${JSON.stringify(name)} is no header that can be removed`);
    }
  }
  return { set, add, remove };
}

function isHost(name: string): boolean {
  return name.toLowerCase() === "host";
}

const ABSOLUTE = /^\/[^?#\s]*$/;

function isAbsolute(path: string, at: string, unsupported: Unsupported): boolean {
  const fine = path === "" || ABSOLUTE.test(path);
  if (!fine) unsupported(at, `${JSON.stringify(path)} is no path: it must start with / and hold no ? or #`);
  return fine;
}

function rewrittenPath(
  path: PathModifier | undefined,
  at: string,
  unsupported: Unsupported,
): Pick<Rewrite, "prefix" | "regex"> {
  const { replacePrefixMatch, replaceFullPath } = path ?? {};
  if (replacePrefixMatch !== undefined && isAbsolute(replacePrefixMatch, at, unsupported)) {
    return { prefix: replacePrefixMatch };
  }
  if (replaceFullPath === undefined || !isAbsolute(replaceFullPath, at, unsupported)) return {};
  const substitution = (replaceFullPath || "/").replaceAll("\\", "\\\\");
  return { regex: { pattern: "^/.*$", substitution } };
}

function redirectOf(redirect: RequestRedirect, port: number, at: string, unsupported: Unsupported): Redirect {
  const { scheme, hostname, path, statusCode } = redirect;
  const { replacePrefixMatch, replaceFullPath } = path ?? {};
  for (const text of [replacePrefixMatch, replaceFullPath]) {
    if (text !== undefined) isAbsolute(text, `${at}.requestRedirect.path`, unsupported);
  }
  return {
    status: statusCode,
    ...(scheme && { scheme }),
    ...(hostname !== undefined && { host: hostname }),
    ...redirectedPort(redirect, port),
    ...(replacePrefixMatch !== undefined && { prefix: replacePrefixMatch }),
    ...(replaceFullPath !== undefined && { path: replaceFullPath || "/" }),
  };
}

const WELL_KNOWN = { http: 80, https: 443 } as const;

/**
 * Where no port is given, the new scheme's own port is meant, or without a new scheme the port that was asked. An Envoy would keep the
 * port of the host that the caller named.
 */
function redirectedPort({ scheme, hostname, port: given }: RequestRedirect, asked: number): Pick<Redirect, "port"> {
  if (given === undefined && scheme === undefined && hostname === undefined) return {};
  const port = given ?? (scheme ? WELL_KNOWN[scheme] : asked);
  // Beside a new host Envoy names no port but the one that it is told.
  return hostname !== undefined && port === WELL_KNOWN[scheme ?? "http"] ? {} : { port };
}

function corsOf(cors: GatewayCors, at: string, unsupported: Unsupported): Cors {
  const { allowOrigins = [], allowMethods, allowHeaders, exposeHeaders, maxAge, allowCredentials } = cors;
  // A browser does not take the asterisk for a wildcard where credentials are sent.
  for (const [field, list] of Object.entries({ allowHeaders, exposeHeaders })) {
    if (allowCredentials && list?.includes("*")) {
      unsupported(`${at}.cors.${field}`, "* is not supported beside allowCredentials: name the headers");
    }
  }
  return {
    allowOrigins: allowOrigins.map(originOf),
    ...(allowMethods && {
      allowMethods: METHODS.filter((method) => allowMethods.includes("*") || allowMethods.includes(method)),
    }),
    ...(allowHeaders && { allowHeaders }),
    ...(exposeHeaders && { exposeHeaders }),
    ...(allowCredentials !== undefined && { allowCredentials }),
    maxAge: maxAge * 1000,
  };
}

/** An asterisk stands for any host, or for labels in front of one. */
function originOf(origin: string): Cors["allowOrigins"][number] {
  if (origin === "*" || !origin.includes("*")) return { exact: origin };
  const parts = origin.split("*").map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  return { regex: parts.join(".+") };
}

/** What is valid in itself but will not do what its author meant, seen against the rest of the mesh. */
import type { Backend, Route } from "../api/traffic-policy.ts";
import { diagnostic, type DiagnosticCode } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { resolveBackend } from "./backend.ts";
import { probeLoads } from "./probe-load.ts";
import { sentByHttp2 } from "./protocol.ts";
import type { Key, Policy, Service } from "./snapshot.ts";
import { selects } from "./workloads.ts";

const BACKEND_CODES = { service: "HED1304", port: "HED1305", subset: "HED1306" } as const satisfies Record<
  string,
  DiagnosticCode
>;

/**
 * Warnings on one policy.
 *
 * @param targets the services for which it is in force
 * @param sidecars how many there are at most
 */
export function diagnosePolicy(
  services: ReadonlyMap<Key, Service>,
  policy: Policy,
  targets: readonly Service[],
  sidecars: number,
): readonly Diagnostic[] {
  const routes = policy.spec.routes ?? [];
  return [
    ...emptySubsets(policy, targets),
    ...brokenBackends(services, policy, "spec.tcp.split", policy.spec.tcp?.split ?? []),
    ...noConnections(services, policy, targets),
    ...routes.flatMap((route, index) => [
      ...brokenBackends(services, policy, `spec.routes[${index}].split`, route.split ?? []),
      ...brokenBackends(services, policy, `spec.routes[${index}].mirror`, route.mirror ?? []),
      ...slowTries(policy, route, index),
    ]),
    ...unreachable(policy, routes),
    ...deafPorts(policy, targets),
    ...probeLoads(policy, targets, sidecars),
  ];
}

function emptySubsets(policy: Policy, targets: readonly Service[]): readonly Diagnostic[] {
  return (policy.spec.subsets ?? []).flatMap((subset, index) =>
    targets
      .filter((service) => !service.endpoints.some((endpoint) => selects(subset.labels, endpoint.labels)))
      .map((service) => {
        const wanted = Object.entries(subset.labels).map(([key, value]) => `${key}=${value}`);
        const message =
          `subset "${subset.name}" (${wanted.join(",")}) selects none of the ` +
          `${service.endpoints.length} endpoints of Service ${service.key}`;
        return diagnostic("HED1303", { ref: policy.ref, path: `spec.subsets[${index}].labels`, message });
      }),
  );
}

/** @param list path of the list that the backends stand in */
function brokenBackends(
  services: ReadonlyMap<Key, Service>,
  policy: Policy,
  list: string,
  backends: readonly Backend[],
): readonly Diagnostic[] {
  return backends.flatMap((backend, at) => {
    const resolved = resolveBackend(services, policy, backend);
    if (resolved.found !== "nothing") return [];
    const path = `${list}[${at}].${resolved.field}`;
    return [diagnostic(BACKEND_CODES[resolved.field], { ref: policy.ref, path, message: resolved.message })];
  });
}

/** Where a split of connections has nothing to divide, or nothing to send them to. */
function noConnections(
  services: ReadonlyMap<Key, Service>,
  policy: Policy,
  targets: readonly Service[],
): readonly Diagnostic[] {
  const { ref, spec } = policy;
  if (!spec.tcp) return [];
  const useless = targets.flatMap((service) => {
    const why = notSplit(service);
    return why === undefined ? [] : [diagnostic("HED1320", { ref, path: "spec.tcp", message: why })];
  });
  const nowhere = spec.tcp.split.flatMap((entry, at) => {
    const backend = resolveBackend(services, policy, entry);
    if (backend.found !== "service" || backend.service.type !== "ExternalName") return [];
    const message = `Service ${backend.service.key} is an ExternalName and has no endpoints: its share goes to the others`;
    return [diagnostic("HED1321", { ref, path: `spec.tcp.split[${at}].service`, message })];
  });
  return [...useless, ...nowhere];
}

function notSplit({ key, type, ports }: Service): string | undefined {
  if (type === "ExternalName") return `Service ${key} is an ExternalName: its connections cannot be split`;
  if (ports.some(({ protocol }) => protocol === "TCP" || protocol === "TLS" || protocol === "Auto")) return undefined;
  const known = ports.map(({ port, protocol }) => `${port} is ${protocol}`).join(", ") || "it has none";
  return `Service ${key} has no port of TCP, TLS or an undeclared protocol (${known}); requests are split by routes[].split`;
}

/** Ports that gRPC checks cannot be sent to: they go without. */
function deafPorts({ ref, spec }: Policy, targets: readonly Service[]): readonly Diagnostic[] {
  if (!spec.healthCheck?.grpc) return [];
  return targets.flatMap(({ key, ports }) =>
    ports
      .filter(({ protocol }) => protocol !== "UDP" && !sentByHttp2(protocol, spec.connection?.http2))
      .map(({ port, protocol }) => {
        const message = `port ${port} of Service ${key} is ${protocol} and gets no gRPC checks, which need HTTP/2`;
        return diagnostic("HED1312", { ref, path: "spec.healthCheck.grpc", message });
      }),
  );
}

function slowTries(policy: Policy, route: Route, index: number): readonly Diagnostic[] {
  const perTry = route.retries?.perTryTimeout;
  if (perTry === undefined || !route.timeout || perTry <= route.timeout) return [];
  const message = `is ${perTry}ms, longer than the route's timeout of ${route.timeout}ms, which ends the request first`;
  return [diagnostic("HED1308", { ref: policy.ref, path: `spec.routes[${index}].retries.perTryTimeout`, message })];
}

function unreachable(policy: Policy, routes: readonly Route[]): readonly Diagnostic[] {
  const catchAll = routes.findIndex((route) => route.match === undefined || route.match.some(matchesAll));
  if (catchAll < 0) return [];
  return routes.slice(catchAll + 1).map((_, offset) => {
    const message = `is never reached: spec.routes[${catchAll}] before it takes every request`;
    return diagnostic("HED1307", { ref: policy.ref, path: `spec.routes[${catchAll + 1 + offset}]`, message });
  });
}

/** A match without a predicate, or with nothing but the prefix `/`, holds for every request. */
function matchesAll(match: NonNullable<Route["match"]>[number]): boolean {
  const predicates = [
    match.headers?.length,
    match.query?.length,
    match.cookies?.length,
    match.method,
    match.grpc,
    match.from,
  ];
  return predicates.every((given) => !given) && (match.path === undefined || match.path.prefix === "/");
}

import type { Route } from "../api/traffic-policy.ts";
import { resolveBackend } from "../model/backend.ts";
import type { Policy, Service } from "../model/snapshot.ts";
import { selects } from "../model/workloads.ts";
import type { ShownStatus } from "./describe.ts";
import { field, findingsOf, labelsOf, section } from "./describe-text.ts";
import type { LoadedMesh } from "./load-mesh.ts";
import { formatTable } from "./output.ts";

/** A policy: where it is in force, what each subset holds, where requests go, and what the sidecars made of it. */
export function describePolicy({ snapshot, diagnostics }: LoadedMesh, policy: Policy, status?: ShownStatus): string {
  const { spec, ref, key, generation } = policy;
  const services = [...snapshot.services.values()].filter((service) => service.policy?.key === key);
  const targets = spec.targetRefs.map(({ name }) => {
    const inForce = services.some((service) => service.name === name);
    return `${policy.namespace}/${name}${inForce ? "" : " (not in force)"}`;
  });
  return [
    field("Policy", key),
    field("Generation", String(generation)),
    field("Targets", targets.join(", ")),
    spec.subsets ? section("Subsets", subsetTable(policy, services)) : "",
    spec.routes ? section("Routes (the first that matches)", routeTable(snapshot.services, policy)) : "",
    status ? section("Status", statusTable(status)) : "",
    findingsOf(diagnostics, [ref]),
  ].join("");
}

function subsetTable({ spec }: Policy, services: readonly Service[]): string {
  const rows = (spec.subsets ?? []).map(({ name, labels }) => {
    const matching = services.flatMap(({ endpoints }) => endpoints.filter((e) => selects(labels, e.labels)));
    const ready = matching.filter((endpoint) => endpoint.ready).length;
    return [name, labelsOf(labels), `${ready} of ${matching.length} ready`];
  });
  return formatTable(["NAME", "LABELS", "ENDPOINTS"], rows);
}

function routeTable(services: ReadonlyMap<string, Service>, policy: Policy): string {
  const rows = (policy.spec.routes ?? []).map((route, index) => [
    route.name ?? String(index),
    matchOf(route),
    backendsOf(services, policy, route, "split"),
    backendsOf(services, policy, route, "mirror") || "-",
  ]);
  return formatTable(["NAME", "WHEN", "TO", "MIRROR"], rows);
}

function matchOf({ match }: Route): string {
  if (!match || match.length === 0) return "always";
  return match.map(conditionOf).join(" or ");
}

function conditionOf(match: NonNullable<Route["match"]>[number]): string {
  const { path, method, headers = [], query = [], cookies = [] } = match;
  const named = [
    ...headers.map((header) => ["header", header] as const),
    ...query.map((parameter) => ["query", parameter] as const),
    ...cookies.map((cookie) => ["cookie", cookie] as const),
  ];
  const parts = [
    ...(path ? Object.entries(path).map(([how, value]) => `path ${how} ${String(value)}`) : []),
    ...(method === undefined ? [] : [`method ${[method].flat().join("|")}`]),
    ...named.map(([what, { name, ...rest }]) => {
      const [[how, value] = ["is", "there"]] = Object.entries(rest);
      return `${what} ${name} ${how} ${String(value)}`;
    }),
  ];
  return parts.length === 0 ? "always" : parts.join(" and ");
}

function backendsOf(
  services: ReadonlyMap<string, Service>,
  policy: Policy,
  route: Route,
  list: "split" | "mirror",
): string {
  const backends = route[list] ?? (list === "split" ? [{}] : []);
  const weights = backends.map((backend) => ("weight" in backend ? (backend.weight ?? 1) : 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return backends
    .map((backend, index) => {
      const { service, port, subset } = { service: undefined, port: undefined, subset: undefined, ...backend };
      const name = [service === undefined ? "" : `${service}:${port}`, subset ?? ""].filter((part) => part !== "");
      const missing = resolveBackend(services, policy, backend).found === "nothing" ? " (MISSING)" : "";
      const share = total === 0 ? 0 : (100 * weights[index]!) / total;
      const percent = list === "mirror" ? ("percent" in backend ? (backend.percent ?? 100) : 100) : share;
      return `${Number(percent.toFixed(1))}% ${name.join(" ") || "all endpoints"}${missing}`;
    })
    .join(", ");
}

function statusTable({ conditions, proxies, rejections }: ShownStatus): string {
  const rows = conditions.map(({ type, status, reason, message }) => [type, status, reason, message]);
  return [
    formatTable(["CONDITION", "STATUS", "REASON", "MESSAGE"], rows),
    proxies ? field("Sidecars", `${proxies.summary} run this generation`) : "",
    ...rejections.map(({ proxy, reason }) => field("Refused by", `${proxy}: ${reason}`)),
  ].join("");
}

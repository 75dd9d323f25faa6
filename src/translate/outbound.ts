/**
 * What sidecars are told of the services that they may call. Most of it is the same for all of them: each list is made once for
 * the callers that it is the same for, and is the very same list until something in it changes.
 */
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Cluster, ClusterSchema } from "../gen/envoy/config/cluster/v3/cluster_pb.ts";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfiguration } from "../gen/envoy/config/route/v3/route_pb.ts";
import type { AskedService } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, Service, ServiceDefinition, ServicePort, Workload } from "../model/snapshot.ts";
import { callerKey, hasCallers } from "./caller.ts";
import { closenessOf } from "./closeness.ts";
import { clustersOf } from "./cluster.ts";
import { distinct, distinctByName } from "./distinct.ts";
import { endpointsOf } from "./endpoints.ts";
import { heldUp, transparentListeners } from "./listener-transparent.ts";
import type { Memo } from "./memo.ts";
import type { Capture, Proxy } from "./proxy.ts";
import { backendsOf, routesOf } from "./route.ts";
import { explicitTable, type RouteInput, transparentTables } from "./route-table.ts";
import type { Scope } from "./scope.ts";
import type { MeshSettings } from "./settings.ts";
import { tcpSplitOf } from "./tcp-split.ts";

/** A list with what had to be left out of it or decided, and why. */
export interface Reported<T> {
  readonly items: readonly T[];
  readonly diagnostics: readonly Diagnostic[];
}

/** What limits depend on beside their policies. */
export interface Limits {
  /** Sidecars of the caller's workload, where it matters. */
  readonly fleetSize: number | undefined;
  /** The rate-limit service of the mesh. */
  readonly asked: AskedService | undefined;
}

/** Services that a sidecar is told of from the start. */
type Told = Pick<Scope, "key" | "catalog">;

/** The clusters of the services, in the catalog's order. */
export function outboundClusters({ key, catalog }: Scope, memo: Memo): readonly Cluster[] {
  return memo(`outbound/clusters/${key}`, [catalog], () => {
    const clusters = callable(catalog).flatMap(([service, port]) =>
      memo.messages(ClusterSchema, service.ref, `clusters/${portKey(port)}`, [service], () =>
        clustersOf(service, port),
      ),
    );
    return memo.kept(`outbound/clusters-kept/${key}`, clusters);
  });
}

/** The endpoints of the services as callers in one place see them, sorted by name. */
export function outboundEndpoints(
  { services, catalog: all }: MeshSnapshot,
  scope: Scope,
  caller: Workload,
  memo: Memo,
): readonly ClusterLoadAssignment[] {
  const { key, catalog } = scope;
  const place = placeKey(scope, caller, memo);
  const called = catalog === all ? [services] : catalog.map((definition) => services.get(definition.key)!);
  return memo(`outbound/endpoints/${key}/${place}`, called, () => {
    const visible = catalog === all ? services : new Map(catalog.map(({ key: at }) => [at, services.get(at)!]));
    const assignments = catalog.flatMap((definition) => {
      const service = services.get(definition.key)!;
      const closeness = closenessOf(service, caller);
      const ports = service.ports.filter(notUdp);
      const splits = ports.map((port) => tcpSplitOf(visible, service, port, caller));
      const parts = [service, ...splits.flatMap((split) => split?.services ?? [])];
      const which = splits.some((split) => split) ? `/${key}/${splits.map((split) => split?.key).join()}` : "";
      const name = `endpoints/${closeness.key}${which}`;
      return memo.messages(ClusterLoadAssignmentSchema, service.ref, name, parts, () =>
        ports.flatMap((port, index) => endpointsOf(service, port, closeness, splits[index])),
      );
    });
    return memo.kept(
      `outbound/endpoints-kept/${key}/${place}`,
      distinct(assignments, ({ clusterName }) => clusterName),
    );
  });
}

/** Endpoints with those that limits need besides; the very same list where they need none. */
export function withLimits(
  endpoints: readonly ClusterLoadAssignment[],
  forLimits: readonly ClusterLoadAssignment[],
  memo: Memo,
): readonly ClusterLoadAssignment[] {
  if (forLimits.length === 0) return endpoints;
  const names = forLimits.map(({ clusterName }) => clusterName).join();
  return memo.of(endpoints, `with/${names}/${forLimits[0]!.endpoints[0]?.lbEndpoints.length ?? 0}`, forLimits, () =>
    distinct([...endpoints, ...forLimits], ({ clusterName }) => clusterName),
  );
}

/** What tells this caller's endpoints from other callers': its place, as far as it matters for any service. */
function placeKey({ key, catalog }: Scope, caller: Workload, memo: Memo): string {
  const { region, zone, node } = caller;
  return memo(`place/${key}/${region}/${zone}/${node}`, [catalog], () => {
    const keys = catalog.map((service) => closenessOf(service, caller).key).filter((text) => text !== "");
    return [...new Set(keys)].sort().join();
  });
}

/** What tells this caller's routes from other callers', over all services of the scope. */
function callerOf({ key, catalog }: Told, workload: Workload, fleetSize: number | undefined, memo: Memo): string {
  const selective = memo(`outbound/selective/${key}`, [catalog], () => catalog.filter(hasCallers));
  return callerKey(selective, workload, fleetSize ?? 1);
}

/** The route tables of a caller. */
export function outboundRoutes(
  snapshot: MeshSnapshot,
  { key, catalog, lazy }: Scope,
  { workload, capture }: Pick<Proxy, "workload" | "capture">,
  { fleetSize = 1, asked }: Limits,
  settings: MeshSettings,
  memo: Memo,
): Reported<RouteConfiguration> {
  const caller = callerOf({ key, catalog }, workload, fleetSize, memo);
  return memo(
    `outbound/routes/${key}/${capture}/${workload.namespace}/${caller}`,
    [catalog, lazy, asked?.key, asked?.port],
    () => {
      const diagnostics: Diagnostic[] = [];
      const callerOfOne = (service: ServiceDefinition): string =>
        caller === "" ? "" : callerKey([service], workload, fleetSize);
      const input: RouteInput = {
        services: catalog,
        lazy,
        callerOf: callerOfOne,
        caller: `${key}/${caller}`,
        namespace: workload.namespace,
        settings,
        memo,
        report: (diagnostic) => void diagnostics.push(diagnostic),
        routesOf(service, port) {
          const parts = [service, asked?.key, asked?.port, ...backendsOf(snapshot, service, port.port)];
          const build = () => routesOf({ snapshot, caller: workload, fleetSize, asked }, service, port.port);
          return memo.messages(RouteSchema, service.ref, `routes/${port.port}/${callerOfOne(service)}`, parts, build);
        },
      };
      const kept = `outbound/routes-kept/${key}/${capture}/${workload.namespace}/${caller}`;
      return { items: memo.kept(kept, distinctByName(TABLES[capture](input))), diagnostics };
    },
  );
}

const TABLES: Readonly<Record<Capture, (input: RouteInput) => RouteConfiguration[]>> = {
  transparent: transparentTables,
  explicit: (input) => [explicitTable(input)],
};

/** Addresses of pods that have listeners of their own with their callers. */
export function heldUpAddresses(snapshot: MeshSnapshot, scope: Told, memo: Memo): ReadonlySet<string> {
  return memo.of(snapshot, `outbound/held-up-addresses/${scope.key}`, [scope.catalog], () => {
    const endpoints = heldUpServices(snapshot, scope, memo).flatMap((service) => service.endpoints);
    return new Set(endpoints.map(({ address }) => address));
  });
}

/** A pod's addresses if it is an endpoint that has a listener of its own, since its calls to itself are not captured; or "". */
export function ownAddresses(held: ReadonlySet<string>, { addresses }: Workload): string {
  return held.size > 0 && addresses.some((address) => held.has(address)) ? addresses.join() : "";
}

function heldUpServices({ services }: MeshSnapshot, { key, catalog }: Told, memo: Memo): readonly Service[] {
  const found = memo(`outbound/held-up/${key}`, [catalog], () => heldUp(catalog));
  return found.map((definition) => services.get(definition.key)!);
}

/** The listeners of a captured pod for what it calls. */
export function capturedListeners(
  snapshot: MeshSnapshot,
  scope: Scope,
  workload: Workload,
  settings: MeshSettings,
  memo: Memo,
): readonly Listener[] {
  const { key, catalog, lazy } = scope;
  const headless = heldUpServices(snapshot, scope, memo);
  const own = ownAddresses(heldUpAddresses(snapshot, scope, memo), workload);
  return memo(`outbound/listeners/${key}/${own}`, [catalog, lazy, ...headless], () =>
    memo.kept(
      `outbound/listeners-kept/${key}/${own}`,
      transparentListeners({ catalog, lazy }, headless, workload.addresses, settings, memo),
    ),
  );
}

function callable(catalog: readonly ServiceDefinition[]): readonly (readonly [ServiceDefinition, ServicePort])[] {
  return catalog.flatMap((service) => service.ports.filter(notUdp).map((port) => [service, port] as const));
}

function portKey({ port, protocol }: ServicePort): string {
  return `${port}/${protocol}`;
}

function notUdp({ protocol }: ServicePort): boolean {
  return protocol !== "UDP";
}

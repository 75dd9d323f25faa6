/**
 * Which sidecars are sent the very same: the replicas of a workload in one place, as a rule. What is made for one of them is made for all,
 * so that a change costs as much as there are kinds of sidecars, and next to nothing for each sidecar.
 */
import { type AskedService, askedService } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, ServiceDefinition, Serving } from "../model/snapshot.ts";
import { callerKey, hasCallers } from "./caller.ts";
import { closenessOf, dependsOnPlace } from "./closeness.ts";
import type { Dependencies } from "./dependencies.ts";
import { type FleetSizes, fleetSizeOf, fleetSizesOf } from "./fleet.ts";
import type { Memo } from "./memo.ts";
import type { Demand } from "./on-demand.ts";
import { heldUpAddresses, ownAddresses } from "./outbound.ts";
import type { Proxy } from "./proxy.ts";
import { isRestricted } from "./scope.ts";
import { transparentKey } from "./side.ts";

/**
 * What of a mesh tells its sidecars apart. Of all services, though a sidecar may be told of a few: a difference that does not matter makes
 * one kind more, one that is missed would send a sidecar what is for others.
 */
export interface Distinctions {
  /** Some service is not for every namespace. */
  readonly restricted: boolean;
  /** Services that have not the same routes for all callers. */
  readonly selective: readonly ServiceDefinition[];
  /** Services whose endpoints depend on where the caller is. */
  readonly placed: readonly ServiceDefinition[];
  readonly fleets: FleetSizes | undefined;
  /** The rate-limit service of the mesh. */
  readonly asked: AskedService | undefined;
  /** Addresses that a pod with one of them has no listener for. */
  readonly heldUp: ReadonlySet<string>;
}

const NOTHING: readonly Serving[] = [];

/** The lists are the very same while only other services change. */
export function distinctionsOf(snapshot: MeshSnapshot, memo: Memo): Distinctions {
  const { catalog } = snapshot;
  return memo.of(snapshot, "distinctions", [], () => {
    const ofCatalog = memo("kind/catalog", [catalog], () => ({
      restricted: isRestricted(catalog, memo),
      selective: memo.kept("kind/selective", catalog.filter(hasCallers)),
      placed: memo.kept("kind/placed", catalog.filter(dependsOnPlace)),
      asked: askedService(catalog),
    }));
    return {
      ...ofCatalog,
      fleets: fleetSizesOf(snapshot, memo),
      heldUp: heldUpAddresses(snapshot, { key: "", catalog }, memo),
    };
  });
}

/**
 * The kind of a proxy: everything of it that its configuration depends on, beside the mesh. Proxies of one snapshot with the same text are
 * sent the very same.
 */
export function kindOf(
  snapshot: MeshSnapshot,
  proxy: Proxy,
  demand: Demand,
  { restricted, selective, placed, fleets, asked, heldUp }: Distinctions,
  memo: Memo,
): string {
  const { services } = snapshot;
  const { workload } = proxy;
  const serving = snapshot.serving.get(workload.key) ?? NOTHING;
  const served = serving.map(({ service }) => services.get(service)!.definition);
  const fleetSize = fleetSizeOf(fleets, workload);
  const limiter = asked?.found && closenessOf(asked.found.service, workload).key;
  const parts = [restricted, selective, placed, fleetSize, limiter, demand, serving, ...served];
  // Nothing of this changes with the endpoints, routes and clusters of services that the pod only calls.
  const text = memo.of(proxy, "kind", parts, () => {
    const side = isAlone(proxy) ? undefined : transparentKey(snapshot, proxy);
    const scope = [restricted && workload.namespace, proxy.outboundPolicy, ...toldOf(proxy.dependencies, demand)];
    if (side === undefined) return JSON.stringify([...scope, "pod", proxy.id]);
    const caller = callerKey(selective, workload, fleetSize ?? 1);
    const places = [...new Set(placed.map((service) => closenessOf(service, workload).key))].sort();
    return JSON.stringify([...scope, side, workload.namespace, caller, places, limiter, fleetSize]);
  });
  const own = ownAddresses(heldUp, workload);
  return own === "" ? text : `${text} ${own}`;
}

/** What it is told of, as far as the pod has a say in it. */
function toldOf(dependencies: Dependencies, { hosts, services }: Demand): readonly unknown[] {
  if (dependencies.kind === "listed") return [dependencies.key];
  return dependencies.kind === "auto" ? [hosts, services] : [];
}

/** Something of its configuration names the pod itself. */
function isAlone({ capture, outboundUdpPorts, diagnostics }: Proxy): boolean {
  return capture === "explicit" || outboundUdpPorts.length > 0 || diagnostics.length > 0;
}

/**
 * Which sidecars are sent the very same: the replicas of a workload in one place, as a rule. What is made for one of them is made for all,
 * so that a change costs as much as there are kinds of sidecars, and next to nothing for each sidecar.
 */
import type { AskedService } from "../model/rate-limit-service.ts";
import type { MeshSnapshot, Serving } from "../model/snapshot.ts";
import { closenessOf } from "./closeness.ts";
import type { Memo } from "./memo.ts";
import type { Demand } from "./on-demand.ts";
import { callerOf, ownAddresses, placeKey } from "./outbound.ts";
import type { Proxy } from "./proxy.ts";
import { type Scope, scopeOf } from "./scope.ts";
import { transparentKey } from "./side.ts";

/** What limits depend on: sidecars of the caller's workload where it matters, and the rate-limit service of the mesh. */
export interface Shared {
  readonly fleetSize: number | undefined;
  readonly asked: AskedService | undefined;
}

const NOTHING: readonly Serving[] = [];

interface Kind {
  readonly text: string;
  readonly scope: Scope;
}

/**
 * The kind of a proxy: everything of it that its configuration depends on, beside the mesh. Proxies of one snapshot with the same text are
 * sent the very same.
 */
export function kindOf(
  snapshot: MeshSnapshot,
  proxy: Proxy,
  demand: Demand,
  { fleetSize, asked }: Shared,
  memo: Memo,
): string {
  const { catalog, services } = snapshot;
  const { workload } = proxy;
  const serving = snapshot.serving.get(workload.key) ?? NOTHING;
  // None of this changes while nothing but endpoints does.
  const { text, scope } = memo.of(proxy, "kind", [catalog, serving, demand, fleetSize], (): Kind => {
    const scope = scopeOf(snapshot, proxy, demand, memo);
    const caller = callerOf(scope, workload, fleetSize, memo);
    const place = placeKey(scope, workload, memo);
    const limiter = asked?.found && closenessOf(asked.found.service, workload).key;
    const served = serving.map(({ service }) => services.get(service)!.definition);
    // And this hardly ever when other services do.
    const parts = [scope.key, caller, place, limiter, fleetSize, demand, serving, ...served];
    const text = memo.of(proxy, "kind/text", parts, () => {
      const side = isAlone(proxy) ? undefined : transparentKey(snapshot, proxy);
      const hosts = proxy.dependencies.kind === "auto" ? demand.hosts.join() : "";
      const own =
        side === undefined ? ["pod", proxy.id] : [side, workload.namespace, caller, place, limiter, fleetSize];
      return JSON.stringify([scope.key, proxy.outboundPolicy, hosts, ...own]);
    });
    return { text, scope };
  });
  const own = ownAddresses(snapshot, scope, workload, memo);
  return own === "" ? text : `${text} ${own}`;
}

/** Something of its configuration names the pod itself. */
function isAlone({ capture, outboundUdpPorts, diagnostics }: Proxy): boolean {
  return capture === "explicit" || outboundUdpPorts.length > 0 || diagnostics.length > 0;
}

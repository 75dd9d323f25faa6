/** Keeps one bad virtual host from taking its whole route table away. */
import { clone } from "@bufbuild/protobuf";
import { type RouteConfiguration, RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import { ROUTE } from "../xds/index.ts";
import { validateResource } from "../xds/validate.ts";
import type { Violation } from "../xds/validate-findings.ts";

/** More rounds than tables have reasons: each one takes at least one virtual host out. */
const MAX_ROUNDS = 64;

/** The index of the virtual host that a violation is in. */
export function virtualHostOf({ path }: Violation): number | undefined {
  const [, index] = /^virtual_hosts\[(\d+)\]/.exec(path) ?? [];
  return index === undefined ? undefined : Number(index);
}

/**
 * The table with each offending virtual host as it was in `lastGood`, or without it. Undefined where something else than a
 * virtual host is wrong.
 */
export function mendRoutes(
  table: RouteConfiguration,
  violations: readonly Violation[],
  lastGood: RouteConfiguration | undefined,
): RouteConfiguration | undefined {
  const before = new Map(lastGood?.virtualHosts.map((host) => [host.name, host]));
  let mended = clone(RouteConfigurationSchema, table);
  let left = violations;
  for (let round = 0; round < MAX_ROUNDS && left.length > 0; round++) {
    const bad = new Set(left.flatMap((violation) => virtualHostOf(violation) ?? []));
    if (bad.size === 0) return undefined;
    const hosts = mended.virtualHosts.flatMap((host, index) => {
      if (!bad.has(index)) return host;
      const good = before.get(host.name);
      before.delete(host.name);
      return good ?? [];
    });
    mended = { ...mended, virtualHosts: hosts };
    left = validateResource(ROUTE, mended);
  }
  return left.length === 0 ? mended : undefined;
}

/** The fleet of a sidecar: the pods of its workload, which share the limits that are for all of them. See ADR 9. */
import { create } from "@bufbuild/protobuf";
import {
  type ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { MeshSnapshot, ServiceDefinition, Workload } from "../model/snapshot.ts";
import { socketAddress } from "./envoy.ts";
import type { Memo } from "./memo.ts";
import { FLEET } from "./names.ts";

/** Ready pods by workload. */
export type FleetSizes = ReadonlyMap<string, number>;

/** Beyond this the share of one sidecar is nothing worth having. */
const MAX_SIZE = 10_000;

/** What tells workloads apart: pods of one are made from one template, whatever its version. */
function workloadName({ namespace, serviceAccount, labels }: Workload): string {
  return `${namespace}/${serviceAccount}/${labels["app.kubernetes.io/name"] ?? labels["app"] ?? ""}`;
}

function fleetSizes(workloads: MeshSnapshot["workloads"]): FleetSizes {
  const sizes = new Map<string, number>();
  for (const workload of workloads.values()) {
    if (!workload.ready) continue;
    const name = workloadName(workload);
    sizes.set(name, (sizes.get(name) ?? 0) + 1);
  }
  return sizes;
}

/** Undefined where no limit is shared and nobody needs to know. */
export function fleetSizesOf({ catalog, workloads }: MeshSnapshot, memo: Memo): FleetSizes | undefined {
  if (!memo("fleet/shared", [catalog], () => catalog.some(sharesLimits))) return undefined;
  return memo("fleet/sizes", [workloads], () => fleetSizes(workloads));
}

/** How many sidecars share this one's limits, itself included. */
export function fleetSizeOf(sizes: FleetSizes | undefined, workload: Workload): number | undefined {
  if (!sizes) return undefined;
  const ready = sizes.get(workloadName(workload)) ?? 0;
  return Math.min(MAX_SIZE, workload.ready ? ready : ready + 1);
}

function sharesLimits({ policy }: ServiceDefinition): boolean {
  return policy?.spec.routes?.some(({ rateLimit }) => rateLimit?.scope === "Fleet") ?? false;
}

/** As many endpoints as the fleet has members. Nothing is sent to them: an Envoy only counts. */
export function fleetEndpoints(size: number, memo: Memo): ClusterLoadAssignment {
  return memo(`fleet/${size}`, [], () =>
    create(ClusterLoadAssignmentSchema, {
      clusterName: FLEET,
      endpoints: [
        {
          lbEndpoints: Array.from({ length: size }, (_, index) => ({
            hostIdentifier: { case: "endpoint" as const, value: { address: socketAddress("127.0.0.1", index + 1) } },
          })),
        },
      ],
    }),
  );
}

import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { Cluster_DiscoveryType, ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { buildSnapshot, checkConsistency, encodeResource } from "../../src/xds/index.ts";
import { routedListener, routes } from "../support/nack-mesh.ts";

const eds = { case: "type" as const, value: Cluster_DiscoveryType.EDS };
const cluster = (name: string, serviceName = ""): ReturnType<typeof encodeResource> =>
  encodeResource(
    ClusterSchema,
    create(ClusterSchema, { name, clusterDiscoveryType: eds, edsClusterConfig: { serviceName } }),
    name,
  );
const endpoints = (name: string): ReturnType<typeof encodeResource> =>
  encodeResource(ClusterLoadAssignmentSchema, create(ClusterLoadAssignmentSchema, { clusterName: name }), name);

test("names that clusters and listeners refer to are looked for", () => {
  const whole = [
    cluster("a"),
    cluster("b", "shared"),
    endpoints("a"),
    endpoints("shared"),
    routedListener("r", 1),
    routes("r", 1),
  ];
  expect(checkConsistency(buildSnapshot({ resources: whole }))).toEqual([]);
  const broken = whole.filter(({ name }) => name !== "shared" && name !== "r");
  expect(checkConsistency(buildSnapshot({ resources: broken })).map(({ message }) => message)).toEqual([
    "CDS b refers to EDS shared, which is not in the snapshot",
    "LDS routed-r refers to RDS r, which is not in the snapshot",
  ]);
});

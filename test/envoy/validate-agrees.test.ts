/** The validator and real Envoys, the newest and the oldest supported, say the same of every case. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromJson, type JsonValue, type Message } from "@bufbuild/protobuf";
import { describe, expect, onTestFinished, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../src/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { envoyRegistry } from "../../src/xds/registry.ts";
import { CLUSTER, ENDPOINT, LISTENER } from "../../src/xds/type-url.ts";
import { validateResource } from "../../src/xds/validate.ts";
import { validateSet } from "../../src/xds/validate-set.ts";
import { startEnvoy, validateBootstrap } from "../support/envoy.ts";
import { until } from "../support/until.ts";
import { CASES, ENDPOINT_CASES, type Json, type Resources } from "./validate-cases.ts";

const json = (value: Json): JsonValue => JSON.parse(JSON.stringify(value));

function violations({ clusters = [], listeners = [] }: Resources): readonly { path: string; message: string }[] {
  const options = { registry: envoyRegistry };
  const set = {
    clusters: clusters.map((each) => fromJson(ClusterSchema, json(each), options)),
    listeners: listeners.map((each) => fromJson(ListenerSchema, json(each), options)),
  };
  const each = (typeUrl: string, all: readonly Message[]) =>
    all.flatMap((message) => validateResource(typeUrl, message));
  return [...each(CLUSTER, set.clusters), ...each(LISTENER, set.listeners), ...validateSet(set)];
}

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s and the validator agree on", (version) => {
  test.each(CASES.map((each) => [each.name, each] as const))("%s", async (_, { bad, good }) => {
    expect(await validateBootstrap({ static_resources: bad }, version), "Envoy refuses the bad one").toBeDefined();
    expect(violations(bad), "the validator refuses the bad one").not.toEqual([]);
    expect(await validateBootstrap({ static_resources: good }, version), "Envoy takes the good one").toBeUndefined();
    expect(violations(good), "the validator takes the good one").toEqual([]);
  });

  test("endpoints", async () => {
    const folder = mkdtempSync(join(tmpdir(), "heddle-eds-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const cases = ENDPOINT_CASES.flatMap(({ name, bad, good }) => [
      { name: `${name}, bad`, value: bad, refused: true },
      { name: `${name}, good`, value: good, refused: false },
    ]);
    const clusters = cases.map(({ value }, index) => {
      const path = join(folder, `${index}.json`);
      const resource = { "@type": ENDPOINT, ...value, cluster_name: `c${index}` };
      writeFileSync(path, JSON.stringify({ version_info: "1", resources: [resource] }));
      return { name: `c${index}`, type: "EDS", eds_cluster_config: { eds_config: { path_config_source: { path } } } };
    });
    const bootstrap = { node: { id: "n", cluster: "n" }, static_resources: { clusters } };
    const envoy = await startEnvoy({ bootstrap, version, ready: false });
    onTestFinished(() => envoy.stop());
    const verdicts = await until("a verdict on every cluster", 20_000, async () => {
      const stats = await envoy.stats("^cluster\\.c\\d+\\.update_(success|rejected)$");
      const seen = cases.map((_, index) => ({
        taken: stats[`cluster.c${index}.update_success`] ?? 0,
        refused: stats[`cluster.c${index}.update_rejected`] ?? 0,
      }));
      return seen.every(({ taken, refused }) => taken + refused > 0) && seen.map(({ refused }) => refused > 0);
    });
    const expected = Object.fromEntries(cases.map(({ name, refused }) => [name, refused]));
    expect(Object.fromEntries(cases.map(({ name }, index) => [name, verdicts[index]]))).toEqual(expected);
    const own = cases.map(({ name, value }) => {
      const message = fromJson(ClusterLoadAssignmentSchema, json(value));
      return [name, validateResource(ENDPOINT, message).length > 0];
    });
    expect(Object.fromEntries(own)).toEqual(expected);
  });
});

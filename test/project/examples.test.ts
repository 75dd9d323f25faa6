/** The manifests of the examples: what a user would copy has no mistakes. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import { buildSnapshot } from "../../src/model/build.ts";
import { loadDirectory } from "../../src/source/directory/load.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { DEFAULT_SETTINGS } from "../../src/translate/settings.ts";
import { createTranslator } from "../../src/translate/translate.ts";
import { LISTENER } from "../../src/xds/index.ts";
import { runCli } from "../support/run-cli.ts";

const root = join(import.meta.dirname, "../..");
const folders = globSync("examples/*/manifests", { cwd: root }).toSorted();
const inCluster = globSync("examples/*/kubernetes", { cwd: root }).toSorted();

describe("manifests", () => {
  test("are looked at", () => {
    expect(folders).toEqual(expect.arrayContaining(["examples/dsp/manifests", "examples/ride-sharing/manifests"]));
    expect(inCluster.length).toBeGreaterThan(0);
  });

  test.each(folders)("%s has no mistakes", async (folder) => {
    const { code, stdout, stderr } = await runCli("analyze", "-f", join(root, folder));
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toContain("nothing found");
  });

  test.each(folders)("no policy of %s changes a listener", async (folder) => {
    const { objects } = await loadDirectory(join(root, folder));
    const without = { ...objects, TrafficPolicy: new Map() };
    const pods = [...objects.Pod.values()].map(({ object }) => `${object.meta.name}.${object.meta.namespace}`);
    expect(pods.length).toBeGreaterThan(0);
    for (const pod of pods) {
      const listeners = listenersOf(objects, pod);
      expect(listeners.length).toBeGreaterThan(0);
      expect(listenersOf(without, pod)).toEqual(listeners);
    }
  });
});

/** Names and hashes of what the sidecar of a pod listens by. */
function listenersOf(objects: Parameters<typeof buildSnapshot>[0], pod: string): readonly string[] {
  const snapshot = buildSnapshot(objects, { clusterDomain: DEFAULT_SETTINGS.clusterDomain });
  const proxy = resolveProxy(snapshot, pod);
  if (!proxy) throw new Error(`there is no pod ${pod}`);
  const resources = resourcesOf(createEncoder(() => {})(createTranslator(DEFAULT_SETTINGS)(snapshot, proxy)));
  return resources.filter(({ typeUrl }) => typeUrl === LISTENER).map(({ name, hash }) => `${name} ${hash}`);
}

const deployed = z.object({
  kind: z.string(),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  spec: z
    .object({
      selector: z.object({ app: z.string().optional(), matchLabels: z.record(z.string(), z.string()).optional() }),
      template: z
        .object({
          metadata: z.object({ labels: z.record(z.string(), z.string()) }),
          spec: z.object({ containers: z.array(z.object({ command: z.array(z.string()) })) }),
        })
        .optional(),
    })
    .optional(),
});

describe.each(inCluster)("%s", (folder) => {
  const objects = globSync(join(root, folder, "*.yaml")).flatMap((file) =>
    parseAllDocuments(readFileSync(file, "utf8")).map((document) => deployed.parse(document.toJS())),
  );
  const deployments = objects.filter(({ kind }) => kind === "Deployment");

  test("deploys programs that there are, and selects its own pods", () => {
    expect(deployments.length).toBeGreaterThan(0);
    for (const { spec } of deployments) {
      const script = spec?.template?.spec.containers[0]?.command[1] ?? "";
      const apps = globSync("apps/*.ts", { cwd: join(root, dirname(folder)) }).map((file) => `/${file}`);
      expect(apps).toContain(script);
      expect(spec?.template?.metadata.labels).toMatchObject(spec?.selector.matchLabels ?? { none: "" });
    }
  });

  test("has pods for every Service, and a Service for every policy", async () => {
    const services = objects.filter(({ kind }) => kind === "Service");
    const apps = new Set(deployments.map(({ spec }) => spec?.template?.metadata.labels["app"]));
    for (const { spec } of services) expect(apps).toContain(spec?.selector.app);
    const { objects: served } = await loadDirectory(join(root, dirname(folder), "manifests"));
    const targets = [...served.TrafficPolicy.values()].flatMap(({ object }) => object.spec.targetRefs);
    expect(targets.length).toBeGreaterThan(0);
    for (const { name } of targets) expect(services.map(({ metadata }) => metadata.name)).toContain(name);
  });
});

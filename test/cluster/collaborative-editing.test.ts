/**
 * The example of collaborative editing as its README has it for a cluster: its own manifests, policy and applications. What is
 * asserted is what its servers count.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fitsShare } from "../../examples/harness/statistics.ts";
import { variant } from "../../examples/harness/policy-file.ts";
import { until } from "../support/until.ts";
import { importExampleImage } from "./support/example-image.ts";
import { installedMesh, type Mesh } from "./support/mesh.ts";
import {
  DOCUMENTS,
  EDITORS,
  look,
  MANIFESTS,
  OFFICE,
  placesByName,
  POLICY,
  reload,
  settled,
  versions,
} from "./support/office.ts";

let mesh: Mesh;

beforeAll(async () => {
  mesh = await installedMesh();
  await importExampleImage(mesh.cluster, {
    example: "collaborative-editing",
    libraries: ["ws", "yjs", "lib0", "isomorphic.js"],
  });
  await mesh.cluster.kubectl(["apply", `--filename=${join(MANIFESTS, "namespace.yaml")}`]);
  await mesh.cluster.kubectl(["apply", `--filename=${MANIFESTS}`]);
  for (const name of ["library", "documents-v1", "documents-v2", "editors"]) await mesh.rolledOut(OFFICE, name);
});

afterAll(async () => {
  await mesh?.close();
});

async function programmed(): Promise<void> {
  const { kubectl } = mesh.cluster;
  const about = ["tp/documents", `--namespace=${OFFICE}`];
  const generation = await kubectl(["get", ...about, "--output=jsonpath={.metadata.generation}"]);
  for (const condition of [`jsonpath={.status.observedGeneration}=${generation}`, "condition=Programmed"]) {
    await kubectl(["wait", ...about, `--for=${condition}`, "--timeout=60s"], undefined, 70_000);
  }
}

/** @param percent of the documents that are to be edited with v2 */
async function rollOut(percent: number): Promise<void> {
  const weights = variant(readFileSync(POLICY, "utf8"), [
    [["spec", "routes", 0, "split", 0, "weight"], 100 - percent],
    [["spec", "routes", 0, "split", 1, "weight"], percent],
  ]);
  await mesh.cluster.kubectl(["apply", "--filename=-"], weights);
  await programmed();
}

test("without the policy, editors of a document take it from each other", async () => {
  const before = (await look(mesh)).joined;
  await until("editors have come back many times", 60_000, async () => {
    return (await look(mesh)).joined > before + 3 * DOCUMENTS * EDITORS;
  });
  expect((await look(mesh)).places.size).toBeLessThan(DOCUMENTS / 2);
});

test("with it, all editors of a document are on one server, whichever sidecar they come through", async () => {
  await mesh.cluster.kubectl(["apply", `--filename=${POLICY}`]);
  await programmed();
  const office = await reload(mesh);
  expect(office.places.size).toBe(DOCUMENTS);
  expect(new Set(versions(office).values())).toEqual(new Set(["v1"]));
  expect(new Set(placesByName(office).values()).size).toBeGreaterThan(1);
});

test("a version is rolled out by document: no session ends, no document is split, none goes back", async () => {
  let before = new Set<string>();
  for (const percent of [30, 60]) {
    const open = await settled(mesh);
    await rollOut(percent);
    const after = await settled(mesh);
    expect(after.joined).toBe(open.joined);
    expect(placesByName(after)).toEqual(placesByName(open));

    const byVersion = versions(await reload(mesh));
    const v2 = new Set([...byVersion].flatMap(([document, version]) => (version === "v2" ? [document] : [])));
    console.log(`${percent} %: ${v2.size} of ${byVersion.size} documents with v2`);
    expect(fitsShare(v2.size, DOCUMENTS, percent / 100)).toBe(true);
    expect([...before].filter((document) => !v2.has(document))).toEqual([]);
    before = v2;
  }
});

test("a server dies: its documents are whole elsewhere, and no other moves", async () => {
  const before = await settled(mesh);
  const victim = [...before.places.values()].find(({ object }) => object.metadata.labels?.["version"] === "v1")!;
  await mesh.cluster.kubectl(["delete", "pod", victim.name, `--namespace=${OFFICE}`, "--grace-period=0", "--force"]);
  const after = await settled(mesh);
  const [was, is] = [placesByName(before), placesByName(after)];
  const moved = [...was].filter(([document, pod]) => is.get(document) !== pod);
  expect(moved.length).toBeGreaterThan(0);
  expect(moved).toEqual([...was].filter(([, pod]) => pod === victim.name));
});

/**
 * What one event costs, in counts: resources made, and responses, resources and bytes written to each of four sidecars. The table
 * is a golden: whoever makes an event cost more has to say so there.
 */
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { connectDelta, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, EDS, LDS, loadWire, RDS } from "../support/fake-envoy-wire.ts";
import { meshFolder, type MeshFolder } from "../support/mesh-folder.ts";
import { until } from "../support/until.ts";
import { NODES, PODS, podOf, policyOf, serviceOf, SIDECARS, slicesOf } from "./cost-mesh.ts";

const GOLDEN = join(import.meta.dirname, "../golden/cost.txt");
const TYPES = { CDS, EDS, LDS, RDS } as const;
/** Looks, 20 ms or more apart, at which nothing has happened: a file that goes is believed to be gone after 200 ms. */
const QUIET = 20;
const SERVICES = Array.from({ length: 20 }, (_, i) => `svc-${i}`);

const SCENARIOS: readonly (readonly [string, (folder: MeshFolder) => void])[] = [
  [
    "an endpoint is not ready any more",
    (folder) => folder.write("svc-5-slices.yaml", slicesOf("svc-5", { ready: false })),
  ],
  ["an endpoint comes", (folder) => folder.write("svc-5-slices.yaml", slicesOf("svc-5", { more: 1 }))],
  [
    "... of a service whose callers' zones matter",
    (folder) => folder.write("svc-1-slices.yaml", slicesOf("svc-1", { more: 1 })),
  ],
  [
    "... of a service that the listed sidecar depends on",
    (folder) => folder.write("svc-3-slices.yaml", slicesOf("svc-3", { more: 1 })),
  ],
  ["a split's weights change", (folder) => folder.write("svc-0-policy.yaml", policyOf("svc-0", split(50)))],
  [
    "a circuit breaker changes",
    (folder) => folder.write("svc-2-policy.yaml", policyOf("svc-2", "  circuitBreaker: { maxRequests: 7 }\n")),
  ],
  ["a service comes", (folder) => folder.write("svc-99.yaml", serviceOf("svc-99"))],
  ["... and goes", (folder) => folder.remove("svc-99.yaml")],
  ["a pod comes that no service selects", (folder) => folder.write("pod.yaml", podOf("batch", "other", "zone-b"))],
  [
    "an annotation changes that means nothing here",
    (folder) => folder.write("svc-6.yaml", serviceOf("svc-6", "{ note: changed }")),
  ],
];

function split(weight: number): string {
  return `  subsets: [{ name: v1, labels: { version: v1 } }]
  routes: [{ split: [{ subset: v1, weight: ${weight} }, { service: svc-4, port: 80, weight: ${100 - weight} }] }]
`;
}

interface Mesh {
  readonly folder: MeshFolder;
  readonly envoys: readonly FakeEnvoy[];
  metrics(): Promise<string>;
}

async function start(): Promise<Mesh> {
  const folder = meshFolder();
  folder.write("nodes.yaml", NODES);
  folder.write("pods.yaml", PODS);
  for (const name of SERVICES) {
    folder.write(`${name}.yaml`, serviceOf(name));
    folder.write(`${name}-slices.yaml`, slicesOf(name));
  }
  folder.write("svc-0-policy.yaml", policyOf("svc-0", split(90)));
  folder.write("svc-1-policy.yaml", policyOf("svc-1", "  loadBalancing: { locality: { failover: true } }\n"));
  const address = "127.0.0.1:0";
  const config = configSchema.parse({ source: `dir:${folder.path}`, xdsAddress: address, adminAddress: address });
  const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
  onTestFinished(() => controlPlane.stop());
  const { xdsPort, adminPort } = await controlPlane.start();
  const wire = loadWire();
  const envoys = SIDECARS.map((nodeId) => connectDelta({ wire, port: xdsPort, nodeId, mode: "envoy" }));
  for (const envoy of envoys) {
    onTestFinished(() => envoy.destroy());
    envoy.subscribe(CDS);
  }
  await until("all are served", 10_000, () => envoys.every((envoy) => envoy.view(RDS).known.size > 0));
  return { folder, envoys, metrics: async () => (await fetch(`http://127.0.0.1:${adminPort}/metrics`)).text() };
}

test("ten events cost what they are known to cost", async () => {
  const mesh = await start();
  const lines: string[] = [];
  for (const [name, change] of SCENARIOS) {
    await settled(mesh);
    const before = await counts(mesh);
    const snapshots = value(before.text, "heddle_snapshots_total");
    change(mesh.folder);
    await until(
      "the change is seen",
      5000,
      async () => value(await mesh.metrics(), "heddle_snapshots_total") > snapshots,
    );
    await settled(mesh);
    lines.push(name, ...difference(before, await counts(mesh)), "");
  }
  await expect(lines.join("\n")).toMatchFileSnapshot(GOLDEN);
});

interface Counts {
  readonly text: string;
  /** By sidecar, then by type. */
  readonly received: readonly Readonly<Record<string, readonly [responses: number, resources: number]>>[];
}

async function counts({ envoys, metrics }: Mesh): Promise<Counts> {
  const received = envoys.map((envoy) =>
    Object.fromEntries(
      Object.entries(TYPES).map(([short, typeUrl]) => {
        const { responses, resources } = envoy.view(typeUrl).counts;
        return [short, [responses, resources] as const];
      }),
    ),
  );
  return { text: await metrics(), received };
}

function difference(before: Counts, after: Counts): string[] {
  const grown = (name: string, type: string): number => value(after.text, name, type) - value(before.text, name, type);
  const list = (of: (type: string) => string | undefined): string => {
    const parts = Object.keys(TYPES).flatMap((type) => of(type) ?? []);
    return parts.length === 0 ? "nothing" : parts.join(", ");
  };
  const nonZero = (type: string, name: string): string | undefined => {
    const by = grown(name, type);
    return by === 0 ? undefined : `${type} ${by}`;
  };
  return [
    `  made: ${list((type) => nonZero(type, "heddle_resources_built_total"))}`,
    `  bytes written to all: ${list((type) => nonZero(type, "heddle_xds_bytes_sent_total"))}`,
    ...SIDECARS.map((sidecar, i) => {
      const written = list((type) => {
        const [responses, resources] = after.received[i]![type]!;
        const [earlier, had] = before.received[i]![type]!;
        return responses === earlier ? undefined : `${type} ${responses - earlier} with ${resources - had}`;
      });
      return `  ${sidecar}: ${written}`;
    }),
  ];
}

function value(text: string, name: string, type?: string): number {
  const labels = type === undefined ? "" : `\\{type="${type}"\\}`;
  return Number(new RegExp(`^${name}${labels} (\\S+)$`, "m").exec(text)?.[1] ?? 0);
}

/** Nothing is written or answered any more. */
async function settled({ metrics }: Mesh): Promise<void> {
  let last = "";
  let same = 0;
  await until("nothing happens any more", 10_000, async () => {
    const text = await metrics();
    const now = text
      .split("\n")
      .filter((line) => /^heddle_(xds_|snapshots|resources)/.test(line))
      .join("\n");
    same = now === last ? same + 1 : 0;
    last = now;
    return same >= QUIET;
  });
}

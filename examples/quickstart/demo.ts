/**
 * The quickstart, as a demonstration that checks itself: a control plane, a caller and three instances of a service, each
 * with a stock Envoy as its sidecar. It edits the TrafficPolicy's file and measures what the traffic does.
 */
import { join } from "node:path";
import { ensureEnvoy } from "../../scripts/envoy.ts";
import { type HttpApp, startHttpApp } from "../harness/http-app.ts";
import type { Target } from "../harness/load.ts";
import { createDemoMesh } from "../harness/mesh.ts";
import { createReport } from "../harness/report.ts";
import { split } from "./policy.ts";
import { type Demo, steps } from "./steps.ts";

const XDS = "127.0.10.100:18000";
const ADMIN = "127.0.10.100:18001";
const CHECKOUTS = [
  { name: "checkout-v1-a", address: "127.0.20.11" },
  { name: "checkout-v1-b", address: "127.0.20.12" },
  { name: "checkout-v2-a", address: "127.0.20.21" },
] as const;
const caller: Target = { address: "127.0.10.1", port: 15080, host: "checkout" };

const report = createReport();
const started = performance.now();
const envoy = await ensureEnvoy();
const mesh = createDemoMesh({ manifests: join(import.meta.dirname, "manifests"), envoy, xds: XDS, admin: ADMIN });
const apps = new Map<string, HttpApp>();

try {
  mesh.write("policy.yaml", split(90, 10));
  for (const { name, address } of CHECKOUTS) {
    apps.set(name, await startHttpApp({ name, address, port: 8080 }));
  }
  const controlPlane = await mesh.startControlPlane();
  const sidecars = await Promise.all(
    ["web", ...CHECKOUTS.map(({ name }) => name)].map(async (pod, index) => {
      const sidecar = await mesh.startSidecar(`${pod}.shop`, 18010 + index);
      return [pod, { sidecar, adminPort: 18010 + index }] as const;
    }),
  );
  await mesh.inStep(sidecars.length);
  const demo: Demo = { mesh, apps, caller, report, sidecars: new Map(sidecars), controlPlane };
  for (const step of steps) await step(demo);
  const passed = report.finish();
  console.log(`in ${((performance.now() - started) / 1000).toFixed(0)} s`);
  process.exitCode = passed ? 0 : 1;
} catch (error) {
  report.row({ what: "the demo runs to its end", expected: "yes", measured: "no", ok: false, reason: String(error) });
  report.finish();
  console.error(error);
  process.exitCode = 1;
} finally {
  await mesh.stop();
  for (const app of apps.values()) await app.close();
}

/** What the quickstart shows, one function a step. */
import { apply as applyToAll } from "../harness/apply.ts";
import type { HttpApp } from "../harness/http-app.ts";
import { type Outcomes, send, startLoad, type Target } from "../harness/load.ts";
import type { DemoMesh } from "../harness/mesh.ts";
import type { Started } from "../harness/processes.ts";
import type { Report } from "../harness/report.ts";
import { fitsShare, quantile } from "../harness/statistics.ts";
import { sleep, until } from "../harness/wait.ts";
import { abTest, mirrored, outlierDetection, retries, split } from "./policy.ts";

export interface Demo {
  readonly mesh: DemoMesh;
  readonly apps: ReadonlyMap<string, HttpApp>;
  readonly caller: Target;
  readonly report: Report;
  readonly sidecars: Map<string, { sidecar: Started; readonly adminPort: number }>;
  controlPlane: Started;
}

const V2 = "checkout-v2-a";
const FLAKY = "checkout-v1-b";
const REQUESTS = 2000;

const FILE = "policy.yaml";

/** Saves a policy and waits until every sidecar runs it; milliseconds from the save to the last ACK. */
function apply({ mesh, sidecars }: Demo, text: string): Promise<number> {
  return applyToAll(mesh, sidecars.size, FILE, text);
}

const shareOf = (outcomes: Outcomes, name: string): number => outcomes.by.get(name) ?? 0;
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)} %`;

async function canary(demo: Demo): Promise<void> {
  demo.report.heading("Canary: the policy's weights, live");
  for (const [stable, weight] of [
    [90, 10],
    [50, 50],
    [0, 100],
  ] as const) {
    // The first version is in force already when the demo begins.
    if (weight !== 10) await apply(demo, split(stable, weight));
    const outcomes = await send(demo.caller, REQUESTS);
    const hits = shareOf(outcomes, V2);
    demo.report.row({
      what: `canary ${stable}/${weight}`,
      expected: `${weight} % to v2 within 3σ`,
      measured: `${percent(hits, outcomes.total)} of ${outcomes.total}, ${outcomes.failed} failed`,
      ok: outcomes.failed === 0 && fitsShare(hits, outcomes.total, weight / 100),
      reason: outcomes.failures.join("\n"),
    });
  }
}

async function abByHeader(demo: Demo): Promise<void> {
  demo.report.heading("A/B by header");
  await apply(demo, abTest);
  const beta = await send({ ...demo.caller, headers: { "x-beta": "true" } }, 300);
  const others = await send(demo.caller, 300);
  demo.report.row({
    what: "x-beta: true goes to v2, everyone else to v1",
    expected: "300 of 300, 0 of 300",
    measured: `${shareOf(beta, V2)} of ${beta.total}, ${shareOf(others, V2)} of ${others.total}`,
    ok: shareOf(beta, V2) === 300 && shareOf(others, V2) === 0 && others.failed === 0,
    reason: [...beta.failures, ...others.failures].join("\n"),
  });
}

async function mirror(demo: Demo): Promise<void> {
  demo.report.heading("Mirror: v2 sees the traffic, nobody sees v2");
  const shadow = demo.apps.get(V2)!;
  for (const share of [100, 25]) {
    await apply(demo, mirrored(share));
    shadow.reset();
    const outcomes = await send(demo.caller, REQUESTS);
    // Mirrored requests are fire and forget: the last ones may still be on their way.
    await sleep(300);
    const seen = shadow.reset();
    const leaked = shareOf(outcomes, V2);
    demo.report.row({
      what: `mirror ${share} %`,
      expected: share === 100 ? `${REQUESTS} at v2, 0 answers of v2` : `${share} % at v2 within 3σ, 0 answers`,
      measured: `${seen} at v2, ${leaked} answers of v2, ${outcomes.failed} failed`,
      ok:
        outcomes.failed === 0 &&
        leaked === 0 &&
        (share === 100 ? seen === REQUESTS : fitsShare(seen, REQUESTS, share / 100)),
      reason: outcomes.failures.join("\n"),
    });
  }
}

async function outlier(demo: Demo): Promise<void> {
  demo.report.heading("Outlier detection: an instance that fails is ejected, and comes back");
  await apply(demo, outlierDetection);
  const flaky = demo.apps.get(FLAKY)!;
  flaky.answerWith(500);
  await send(demo.caller, 60, 4);
  flaky.reset();
  const ejected = await send(demo.caller, 200, 4);
  const during = flaky.reset();
  demo.report.row({
    what: "v1-b answers 500 and is ejected",
    expected: "0 of 200 requests reach it",
    measured: `${during} reach it, ${ejected.failed} failed`,
    ok: during === 0 && ejected.failed === 0,
    reason: ejected.failures.join("\n"),
  });
  flaky.answerWith(200);
  const back = await until("v1-b comes back", 10_000, async () => {
    await send(demo.caller, 20, 4);
    return flaky.served > 0;
  }).catch(() => false);
  flaky.reset();
  const after = await send(demo.caller, 400, 4);
  const share = flaky.reset();
  demo.report.row({
    what: "v1-b is well again and comes back",
    expected: "its share of 400, 0 failed",
    measured: `${share} reach it, ${after.failed} failed`,
    ok: back && share > 100 && after.failed === 0,
    reason: after.failures.join("\n"),
  });
}

async function retryHidesRefusal(demo: Demo): Promise<void> {
  demo.report.heading("Retries: a refused connection is nobody's problem");
  const { sidecar, adminPort } = demo.sidecars.get(FLAKY)!;
  demo.sidecars.delete(FLAKY);
  await sidecar.kill();
  await until(
    "the control plane has noticed",
    5000,
    async () => (await demo.mesh.proxies()).length === demo.sidecars.size,
  );
  await apply(demo, retries(0));
  const without = await send(demo.caller, 200, 4);
  await apply(demo, retries(2));
  const withRetries = await send(demo.caller, 200, 4);
  demo.report.row({
    what: "v1-b's port refuses; without and with retries",
    expected: "some fail, none fails",
    measured: `${without.failed} of 200 fail, ${withRetries.failed} of 200 fail`,
    ok: without.failed > 0 && withRetries.failed === 0,
    reason: withRetries.failures.join("\n"),
  });
  demo.sidecars.set(FLAKY, { sidecar: await demo.mesh.startSidecar(`${FLAKY}.shop`, adminPort), adminPort });
  await demo.mesh.inStep(demo.sidecars.size);
}

async function weightsUnderLoad(demo: Demo): Promise<void> {
  demo.report.heading("Twenty policy changes under load");
  await apply(demo, split(100, 0));
  const load = startLoad(demo.caller, 250);
  const times: number[] = [];
  for (let change = 1; change <= 20; change++) {
    times.push(await apply(demo, split(100 - change * 5, change * 5)));
    await sleep(150);
  }
  const outcomes = await load.stop();
  demo.report.row({
    what: "weights change 20 times under load",
    expected: "≥ 200 rps, 0 failed",
    measured: `${outcomes.rps.toFixed(0)} rps, ${outcomes.failed} of ${outcomes.total} failed`,
    ok: outcomes.rps >= 200 && outcomes.failed === 0,
    reason: outcomes.failures.join("\n"),
  });
  demo.report.row({
    what: "saving the file → last sidecar's ACK",
    expected: "each within 1 s",
    measured: `p50 ${quantile(times, 0.5).toFixed(0)} ms, max ${Math.max(...times).toFixed(0)} ms`,
    ok: Math.max(...times) < 1000,
  });
}

async function controlPlaneRestart(demo: Demo): Promise<void> {
  demo.report.heading("The control plane is killed and comes back");
  const load = startLoad(demo.caller, 250);
  await sleep(500);
  await demo.controlPlane.kill();
  await sleep(2000);
  demo.controlPlane = await demo.mesh.startControlPlane();
  await demo.mesh.inStep(demo.sidecars.size, 30_000);
  await sleep(500);
  const outcomes = await load.stop();
  const resent = sumOf(await demo.mesh.metrics(), "heddle_xds_resources_sent_total");
  demo.report.row({
    what: "killed and restarted under the same load",
    expected: "≥ 200 rps, 0 failed",
    measured: `${outcomes.rps.toFixed(0)} rps, ${outcomes.failed} of ${outcomes.total} failed`,
    ok: outcomes.rps >= 200 && outcomes.failed === 0,
    reason: outcomes.failures.join("\n"),
  });
  demo.report.row({
    what: "nothing is resent that the sidecars know",
    expected: "0 resources",
    measured: `${resent} resources to ${demo.sidecars.size} sidecars`,
    ok: resent === 0,
  });
}

/** The sum over all label sets of a Prometheus metric; NaN when it is not there. */
function sumOf(metrics: string, name: string): number {
  const values = metrics
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .map((line) => Number(line.slice(line.lastIndexOf(" ") + 1)));
  return values.length > 0 ? values.reduce((a, b) => a + b, 0) : Number.NaN;
}

export const steps: readonly ((demo: Demo) => Promise<void>)[] = [
  canary,
  abByHeader,
  mirror,
  outlier,
  retryHidesRefusal,
  weightsUnderLoad,
  controlPlaneRestart,
];

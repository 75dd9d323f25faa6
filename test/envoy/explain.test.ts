/** `heddle explain` says of thousands of random policies and requests what a real Envoy does with them. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { explain } from "../../src/explain/explain.ts";
import { targetOf } from "../../src/explain/target.ts";
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { type Proxy, resolveProxy } from "../../src/translate/proxy.ts";
import { createTranslator, type ProxyConfig } from "../../src/translate/translate.ts";
import { arbitrarySpec } from "../explain/arbitrary-calls.ts";
import { disagreement } from "../explain/disagreement.ts";
import {
  arbitraryCall,
  authorityOf,
  manifestsOf,
  NAMESPACE,
  isOfOldMeaning,
  type RandomCall,
  requestTo,
} from "../explain/random-services.ts";
import { bytesOf, exchange, parseAnswer, startSidecar, withoutCapture } from "../explain/sidecar.ts";
import { startTalkingServer } from "../explain/talking-server.ts";
import { freePort } from "../support/free-port.ts";
import { snapshotOfManifests } from "../support/random-mesh.ts";

const POLICIES = 250;
const REQUESTS = 2000;
const ID = `web.${NAMESPACE}`;
const NEWEST = "1.40.0";
/** Requests that are under way at once. */
const AT_ONCE = 8;
/** A failure names it, and `HEDDLE_SEED` repeats it. */
const seed = Number(process.env["HEDDLE_SEED"] ?? Date.now() % 2 ** 31);

interface Ran {
  /** Requests that a route of a random policy was for, after others were passed over. */
  readonly decided: number;
  readonly asked: number;
  readonly kinds: ReadonlySet<string>;
  readonly disagreements: readonly string[];
}

interface Running {
  readonly snapshot: MeshSnapshot;
  readonly proxy: Proxy;
  readonly config: ProxyConfig;
  readonly ports: readonly number[];
  readonly version: string;
  /** Sends bytes by way of the sidecar to where the application wants to go, as `host:port`. */
  send(to: string, bytes: string): Promise<string>;
}

async function withMesh<T>(
  capture: Proxy["capture"],
  version: string,
  run: (running: Running) => Promise<T>,
): Promise<T> {
  const [inward, targetPort] = [await freePort(), await freePort()];
  const ports = [await freePort(), await freePort(), await freePort()];
  const explicit = capture === "explicit";
  const annotations = { "heddle.dev/capture": capture, "heddle.dev/outbound-http-port": String(inward) };
  const specs = fc.sample(arbitrarySpec, { numRuns: POLICIES, seed });
  const snapshot = snapshotOfManifests(manifestsOf(specs, ports, targetPort, annotations));
  expect([...snapshot.services.values()].filter(({ policy }) => policy).length).toBe(POLICIES);
  const proxy = resolveProxy(snapshot, ID)!;
  const config = createTranslator()(snapshot, proxy);
  // Captured connections may pass through to a service's own port. An explicit sidecar listens there itself.
  const server = await startTalkingServer(explicit ? [targetPort] : [targetPort, ...ports]);
  try {
    const sidecar = await startSidecar(ID, explicit ? config : withoutCapture(config, inward), version);
    const send: Running["send"] = (to, bytes) => {
      const [, host = "", port] = /^(.*):(\d+)$/.exec(to) ?? [];
      if (explicit) return exchange(host, Number(port), bytes);
      return exchange("127.0.0.1", inward, `PROXY TCP4 127.9.0.1 ${host} 1234 ${port}\r\n${bytes}`);
    };
    try {
      return await run({ snapshot, proxy, config, ports, version, send });
    } finally {
      await sidecar.close();
    }
  } finally {
    await server.close();
  }
}

async function runAll({ snapshot, proxy, config, ports, version, send }: Running): Promise<Ran> {
  const services = [...snapshot.services.values()];
  const calls = fc.sample(arbitraryCall, { numRuns: REQUESTS, seed });
  const ran = { asked: 0, decided: 0, kinds: new Set<string>(), disagreements: [] as string[] };

  async function runOne(call: RandomCall): Promise<void> {
    const service = services[call.service % services.length]!;
    const port = ports[call.port]!;
    const host = call.elsewhere ? "127.8.0.1" : (service.clusterIPs[0] ?? `${service.name}.${service.namespace}`);
    const request = { ...requestTo(service, call), authority: authorityOf(service, port, call.host) };
    if (version !== NEWEST && !isOfOldMeaning(request)) return;
    ran.asked++;
    const target = targetOf(snapshot, NAMESPACE, host, port);
    const said = explain(snapshot, config, proxy, { target, request, tcp: call.tcp });
    ran.kinds.add(said.outcome.kind);
    if (said.routing?.passedOver.length && /^r\d+$/.test(said.routing.route?.name ?? "")) ran.decided++;
    const text = await send(said.connection, call.tcp ? "ping" : bytesOf(request));
    const wrong = disagreement(said, parseAnswer(text), request);
    if (wrong === undefined) return;
    const routes = JSON.stringify(service.policy?.spec.routes, undefined, 1);
    ran.disagreements.push(`${wrong}\n${bytesOf(request)}\n${JSON.stringify(said, undefined, 1)}\n${text}\n${routes}`);
  }

  async function worker(): Promise<void> {
    for (let call = calls.pop(); call; call = calls.pop()) await runOne(call);
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return ran;
}

test.each([
  ["explicit", NEWEST, REQUESTS],
  ["transparent", NEWEST, REQUESTS],
  ["explicit", "1.37.0", REQUESTS / 2],
] as const)("with %s capture, Envoy %s", async (capture, version, least) => {
  const { asked, decided, kinds, disagreements } = await withMesh(capture, version, runAll);
  const message = `HEDDLE_SEED=${seed}: ${disagreements.length} of ${asked} requests; the first: ${disagreements[0]}`;
  expect(disagreements.length, message).toBe(0);
  expect(asked).toBeGreaterThanOrEqual(least);
  expect(decided).toBeGreaterThan(asked / 5);
  expect([...kinds].sort()).toEqual(["answered", "forwarded", "redirected", "refused"]);
});

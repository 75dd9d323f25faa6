/** The server's side of the soak: a mesh whose services change, through the whole pipeline. */
import type { ChildProcess } from "node:child_process";
import { systemClock } from "../../src/base/clock.ts";
import { createEncoder } from "../../src/control-plane/encode.ts";
import { missingForEnvoy } from "../../src/control-plane/missing.ts";
import { createPublisher } from "../../src/control-plane/publisher.ts";
import type { MeshSnapshot } from "../../src/model/snapshot.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { createMetrics } from "../../src/telemetry/metrics.ts";
import { resolveProxy } from "../../src/translate/proxy.ts";
import { createTranslator } from "../../src/translate/translate.ts";
import { createSnapshotCache, createXdsServer, ENDPOINT, type TypeSnapshot } from "../../src/xds/index.ts";
import { until } from "../support/until.ts";
import { changeMesh, soakMesh } from "./soak-mesh.ts";

export interface SoakOptions {
  readonly sidecars: number;
  readonly services: number;
  readonly seconds: number;
  /** Changes a second. */
  readonly rate: number;
}

export interface SoakResult {
  readonly services: number;
  readonly changes: number;
  readonly responses: number;
  /** Sidecars that have, byte for byte, what a translation from nothing makes for them of the last mesh. */
  readonly right: number;
  readonly reconnects: number;
  readonly refused: number;
  readonly heapBefore: number;
  readonly heapAfter: number;
  readonly rssBefore: number;
  readonly rssAfter: number;
  readonly cpuSeconds: number;
}

const LIMIT = 60_000;

/** @param startClients starts the process of the sidecars, which connect to the port */
export async function runSoak(options: SoakOptions, startClients: (port: number) => ChildProcess): Promise<SoakResult> {
  const { sidecars, services, seconds, rate } = options;
  const cache = createSnapshotCache();
  let responses = 0;
  let published: MeshSnapshot | undefined;
  const server = createXdsServer({
    cache,
    missing: missingForEnvoy,
    onEvent: (event) => {
      if (event.kind === "action" && event.action.kind === "send") responses++;
      else if (event.kind === "connect") publisher.connect(event.node.id);
      else if (event.kind === "disconnect") publisher.disconnect(event.node.id);
    },
  });
  let mesh = soakMesh(services, sidecars);
  const publisher = createPublisher({
    cache,
    translate: createTranslator(),
    encode: createEncoder(() => {}),
    clock: systemClock,
    logger: createLogger("error"),
    metrics: createMetrics(),
    onPublished: () => (published = mesh),
  });
  publisher.publish(mesh);
  const port = await server.listen("127.0.0.1:0");
  const clients = startClients(port);
  try {
    await until(
      "all sidecars are configured",
      LIMIT,
      async () => (await ask(clients, "counts")).ready === sidecars,
      250,
    );
    let before = measure();
    const cpu = process.cpuUsage();
    let changes = 0;
    let warm = false;
    const start = performance.now();
    while (performance.now() - start < seconds * 1000) {
      const due = Math.floor(((performance.now() - start) / 1000) * rate);
      // Changes that are due at once become one snapshot, as a burst of events does.
      for (; changes < due; changes++) mesh = changeMesh(mesh, changes);
      publisher.publish(mesh);
      // By then the mesh has the shape that it keeps: what grows after that is a leak.
      if (!warm && performance.now() - start > (seconds * 1000) / 4) [before, warm] = [measure(), true];
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    const used = process.cpuUsage(cpu);
    clients.send("stay");
    await until("all sidecars are back", LIMIT, async () => (await ask(clients, "counts")).away === 0, 250);
    await until("all sidecars have acknowledged", LIMIT, () => {
      const all = server.clients();
      const synced = all.every(({ types }) => types.every((t) => t.state === "SYNCED"));
      return published === mesh && all.length === sidecars && synced;
    });
    const after = measure();
    const { refused, reconnects } = await ask(clients, "counts");
    const { contents } = await ask(clients, "contents");
    const [translate, encode] = [createTranslator(), createEncoder(() => {})];
    const right = contents.filter((lines, i) => {
      const { snapshot } = encode(translate(mesh, resolveProxy(mesh, `pod-${i}.soak`)!));
      return lines.join("\n") === wanted([...snapshot.types.values()]);
    }).length;
    return {
      services,
      changes,
      responses,
      right,
      reconnects,
      refused,
      heapBefore: before.heapUsed,
      heapAfter: after.heapUsed,
      rssBefore: before.rss,
      rssAfter: after.rss,
      cpuSeconds: (used.user + used.system) / 1e6,
    };
  } finally {
    clients.send("stop");
    await server.close();
  }
}

/** What a sidecar should have: everything of its view, as a line a resource. */
function wanted(types: readonly TypeSnapshot[]): string {
  const lines = types.flatMap(({ typeUrl, resources }) =>
    [...resources.values()].map(({ name, bytes }) => `${typeUrl} ${name} ${Buffer.from(bytes).toString("base64")}`),
  );
  if (!lines.some((line) => line.startsWith(ENDPOINT)))
    throw new Error("the snapshot holds no endpoints: nothing would be compared");
  return lines.sort().join("\n");
}

function measure(): NodeJS.MemoryUsage {
  globalThis.gc?.();
  return process.memoryUsage();
}

interface Answer {
  readonly refused: number;
  readonly ready: number;
  readonly away: number;
  readonly reconnects: number;
  readonly contents: readonly (readonly string[])[];
}

function ask(clients: ChildProcess, what: "counts" | "contents"): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the sidecars do not answer "${what}"`)), LIMIT);
    const listen = (message: unknown): void => {
      if (typeof message !== "object" || message === null || "started" in message) return;
      clearTimeout(timer);
      clients.off("message", listen);
      resolve(message as Answer);
    };
    clients.on("message", listen);
    clients.send(what);
  });
}

/**
 * The sidecars of the soak: Delta and SotW in turn, each following what it is sent as an Envoy does. `soak-clients.ts PORT COUNT
 * [RECONNECTS]`: so many a second, one chosen at random each time, lose their stream and come back a moment later with what they
 * have. Answers its parent over IPC.
 */
import { connectDelta, connectSotw, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, EDS, LDS, loadWire, RDS } from "../support/fake-envoy-wire.ts";

/** Longest time that a sidecar stays away, in milliseconds. */
const AWAY = 2000;

const [port = 0, count = 0, rate = 0] = process.argv.slice(2).map(Number);
const wire = loadWire();
const envoys: FakeEnvoy[] = Array.from({ length: count }, (_, i) => {
  const connect = i % 4 === 3 ? connectSotw : connectDelta;
  return connect({ wire, port, nodeId: `pod-${i}.soak`, mode: "envoy", keep: 1 });
});
const away = new Set<FakeEnvoy>();
let reconnects = 0;
const churn = rate > 0 ? setInterval(loseOne, 1000 / rate) : undefined;

/** In one of the ways in which a stream ends: dropped in the middle, or closed in good order. */
function loseOne(): void {
  const envoy = envoys[Math.floor(Math.random() * envoys.length)]!;
  if (away.has(envoy)) return;
  away.add(envoy);
  if (Math.random() < 0.5) envoy.reset();
  else void envoy.close();
  setTimeout(() => {
    envoy.reconnect();
    away.delete(envoy);
    reconnects++;
  }, Math.random() * AWAY);
}

/** What a sidecar has of what it asks for, a line a resource; what comes too late for a name it gave up, an Envoy ignores. */
function contents(envoy: FakeEnvoy): string[] {
  return [CDS, EDS, LDS, RDS].flatMap((typeUrl) => {
    const { known, names, wildcard } = envoy.view(typeUrl);
    const wanted = [...known.values()].filter(({ name }) => wildcard || names.has(name));
    return wanted.map(({ name, bytes }) => `${typeUrl} ${name} ${bytes.toString("base64")}`);
  });
}

process.on("message", (what: unknown) => {
  if (what === "contents") {
    process.send?.({ contents: envoys.map((envoy) => contents(envoy).sort()) });
  } else if (what === "counts") {
    const views = envoys.flatMap((envoy) => [CDS, EDS, LDS, RDS].map((typeUrl) => envoy.view(typeUrl)));
    const refused = views.reduce((sum, { counts }) => sum + counts.refused, 0);
    const ready = envoys.filter((envoy) => envoy.view(RDS).known.size > 0).length;
    process.send?.({ refused, ready, away: away.size, reconnects });
  } else if (what === "stay") clearInterval(churn);
  else if (what === "stop") process.exit(0);
});
process.send?.({ started: true });

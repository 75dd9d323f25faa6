/** The sidecars of the soak: Delta and SotW in turn, each following what it is sent as an Envoy does. Answers its parent over IPC. */
import { connectDelta, connectSotw, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, EDS, LDS, loadWire, RDS } from "../support/fake-envoy-wire.ts";

const [port = 0, count = 0] = process.argv.slice(2).map(Number);
const wire = loadWire();
const envoys: FakeEnvoy[] = Array.from({ length: count }, (_, i) => {
  const connect = i % 4 === 3 ? connectSotw : connectDelta;
  return connect({ wire, port, nodeId: `pod-${i}.soak`, mode: "envoy" });
});

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
    process.send?.({ refused, ready });
  } else if (what === "stop") process.exit(0);
});
process.send?.({ started: true });

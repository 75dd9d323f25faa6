/** A real Envoy as the sidecar of a player, before game servers that answer datagrams, come, go and drain. */
import { createSocket, type Socket } from "node:dgram";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "./envoy.ts";
import { freePort } from "./free-port.ts";
import { until } from "./until.ts";

/** What the mesh is told of a server; `absent` is not in the mesh at all. */
export type ServerCondition = "ready" | "unready" | "draining" | "absent";

export interface GameOptions {
  readonly envoy?: string;
  /** Servers by name: their zone in region `r`, which subsets select by too, and what the mesh is told of them at first. */
  readonly servers: Readonly<Record<string, { readonly zone: string; readonly condition?: ServerCondition }>>;
  /** What the player's pod says of its sidecar, beside its ports. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Game {
  readonly envoy: RunningEnvoy;
  /** Where the sidecar listens for UDP. */
  readonly port: number;
  /** Tells the mesh, and waits until the sidecar heeds it. */
  set(conditions: Readonly<Record<string, ServerCondition>>): Promise<void>;
  /**
   * Saves a policy for the UDP Service `game` and the HTTP Service `lobby`, and waits until the sidecar runs it.
   *
   * @param spec YAML: more routes, indented by four, then further fields of the spec
   */
  apply(spec: string): Promise<void>;
  /** A new session. @param from the player's address */
  join(from?: string): Promise<Session>;
  close(): Promise<void>;
}

export interface Session {
  /** Sends a datagram; resolves to the server that answered, with as many bytes. */
  play(bytes?: number): Promise<string>;
  /** Sends without waiting for an answer. */
  shout(): void;
  leave(): void;
}

const SERVICE_PORT = 7777;
const CLUSTER = `outbound|${SERVICE_PORT}/udp||game.play`;

export async function startGame({ envoy: version, servers, annotations = {} }: GameOptions): Promise<Game> {
  const folder = mkdtempSync(join(tmpdir(), "heddle-udp-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const started: Server[] = [];
    for (const [name, { zone }] of Object.entries(servers)) {
      const address = `127.0.3.${started.length + 1}`;
      const socket = await startServer(name, address);
      closing.push(() => socket.close());
      started.push({ name, zone, address, port: socket.address().port });
    }
    const conditions: Record<string, ServerCondition> = Object.fromEntries(
      Object.entries(servers).map(([name, { condition = "ready" }]) => [name, condition]),
    );
    const save = (): void =>
      writeFileSync(
        join(folder, "slices.yaml"),
        started.map((server) => slice(server, conditions[server.name]!)).join(""),
      );
    const ports = { http: await freePort(), udp: await freePort() };
    writeFileSync(join(folder, "mesh.yaml"), meshOf(ports, annotations, started));
    save();
    const local = "127.0.0.1:0";
    const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress: local, adminAddress: local });
    const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
    closing.push(() => controlPlane.stop());
    const { xdsPort } = await controlPlane.start();
    const xds = { host: "127.0.0.1", port: xdsPort };
    const text = bootstrap({ proxy: "player.play", xds, admin: { host: "x", port: 0 } });
    const envoy = await startEnvoy({ bootstrap: text, ...(version !== undefined && { version }) });
    closing.push(() => envoy.stop());
    return {
      envoy,
      port: ports.udp,
      async set(changes) {
        Object.assign(conditions, changes);
        save();
        await until("the sidecar knows the servers", 10_000, async () => {
          const known = healthByAddress(await envoy.admin("/clusters"));
          return started.every(({ name, address, port }) =>
            HEALTH[conditions[name]!].test(known.get(`${address}:${port}`) ?? ""),
          );
        });
        await settle();
      },
      apply: applier(folder, envoy),
      async join(from = "127.0.0.1") {
        const session = await joinFrom(ports.udp, from);
        closing.push(() => session.leave());
        return session;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

interface Server {
  readonly name: string;
  readonly zone: string;
  readonly address: string;
  readonly port: number;
}

/** Answers with its name, and as many bytes as it got. */
async function startServer(name: string, address: string): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (datagram, { port, address: to }) => {
    const answer = Buffer.alloc(datagram.length, " ");
    answer.write(name);
    socket.send(answer, port, to);
  });
  await new Promise<void>((done) => socket.bind(0, address, done));
  return socket;
}

async function joinFrom(port: number, from: string): Promise<Session> {
  const socket = createSocket("udp4");
  await new Promise<void>((done) => socket.bind(0, from, done));
  let open = true;
  const send = (bytes: number): void => socket.send(Buffer.alloc(bytes, "x"), port, "127.0.0.1");
  return {
    play: (bytes = 100) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(() => reject(new Error("no answer"))), 2000);
        const onMessage = (datagram: Buffer): void =>
          settle(() =>
            datagram.length === bytes
              ? resolve(datagram.toString().trim())
              : reject(new Error(`${datagram.length} bytes of ${bytes}`)),
          );
        const settle = (end: () => void): void => {
          clearTimeout(timer);
          socket.off("message", onMessage);
          end();
        };
        socket.on("message", onMessage);
        send(bytes);
      }),
    shout: () => send(100),
    leave() {
      if (open) socket.close();
      open = false;
    },
  };
}

/** As Envoy's admin interface says it, of endpoints of EDS. */
const HEALTH: Readonly<Record<ServerCondition, RegExp>> = {
  ready: /^healthy$/,
  unready: /^\/failed_eds_health$/,
  draining: /^\/(degraded_eds_health|eds_status_draining)$/,
  absent: /^$/,
};

function healthByAddress(clusters: string): ReadonlyMap<string, string> {
  return new Map(
    clusters.split("\n").flatMap((line) => {
      const [cluster, address, field, value] = line.split("::");
      return cluster === CLUSTER && field === "health_flags" ? [[address!, value!] as const] : [];
    }),
  );
}

/** Each policy has a marker of its own, so that the sidecar can be asked whether it runs it: routes come last. */
function applier(folder: string, envoy: RunningEnvoy): Game["apply"] {
  let saved = 0;
  return async (spec) => {
    const marker = `marker-${++saved}`;
    writeFileSync(
      join(folder, "policy.yaml"),
      `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: game, namespace: play }
spec:
  targetRefs: [{ kind: Service, name: game }, { kind: Service, name: lobby }]
  subsets:
    - { name: east, labels: { zone: a } }
  routes:
    - { name: ${marker}, match: [{ path: { exact: /${marker} } }] }
${spec}`,
    );
    await until("the sidecar runs the policy", 10_000, async () => (await envoy.configDump()).includes(marker));
    await settle();
  };
}

/** The window in which Envoy takes changes together, and some. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}

function slice({ name, address, port }: Server, condition: ServerCondition): string {
  if (condition === "absent") return "";
  return `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: game-${name}, namespace: play, labels: { kubernetes.io/service-name: game } }
addressType: IPv4
ports: [{ name: game, port: ${port}, protocol: UDP }]
endpoints:
  - addresses: [${address}]
    conditions: { ready: ${condition === "ready"}, serving: ${condition !== "unready"}, terminating: ${condition === "draining"} }
    targetRef: { kind: Pod, name: ${name}, namespace: play }
`;
}

function meshOf(
  ports: { readonly http: number; readonly udp: number },
  annotations: Readonly<Record<string, string>>,
  servers: readonly Server[],
): string {
  const pod = (
    name: string,
    zone: string,
    ip: string,
    notes: Readonly<Record<string, string>>,
  ): string => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: play
  labels: { zone: ${zone}, topology.kubernetes.io/region: r, topology.kubernetes.io/zone: ${zone} }
  annotations: ${JSON.stringify(notes)}
spec: { containers: [{ name: app }] }
status: { podIP: ${ip} }
---
`;
  return [
    pod("player", "a", "127.0.0.9", {
      "heddle.dev/capture": "explicit",
      "heddle.dev/outbound-http-port": String(ports.http),
      "heddle.dev/outbound-udp-ports": `${ports.udp}:game:${SERVICE_PORT}`,
      ...annotations,
    }),
    ...servers.map(({ name, zone, address }) => pod(name, zone, address, {})),
    `apiVersion: v1
kind: Service
metadata: { name: game, namespace: play }
spec: { clusterIP: 10.96.0.1, ports: [{ name: game, port: ${SERVICE_PORT}, protocol: UDP }] }
---
apiVersion: v1
kind: Service
metadata: { name: lobby, namespace: play }
spec: { clusterIP: 10.96.0.2, ports: [{ name: http, port: 80 }] }
`,
  ].join("");
}

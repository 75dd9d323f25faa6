/** A real Envoy as the sidecar of a caller, before as many endpoints as a test wants, which come, go and drain. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type IncomingHttpHeaders, request, type RequestOptions } from "node:http";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { configSchema } from "../../src/control-plane/config.ts";
import { createControlPlane } from "../../src/control-plane/control-plane.ts";
import { createLogger } from "../../src/telemetry/logger.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { type RunningEnvoy, startEnvoy } from "./envoy.ts";
import { type Member, startMember } from "./fleet-member.ts";
import { freePort } from "./free-port.ts";
import { type GrpcClient, grpcClient } from "./grpc-echo.ts";
import { until } from "./until.ts";

/** Of Service `spare`, which has the TCP side of the members of version `v3`; all others are endpoints of `db`. */
export const SPARE_PORT = 5433;
/** Of the HTTP side of the same members in the same service. */
export const SPARE_WEB_PORT = 8081;

/** What the mesh is told of an endpoint; `absent` is not in the mesh at all. */
export type Condition = "ready" | "unready" | "draining" | "absent";

export interface FleetOptions {
  readonly envoy?: string;
  /** Endpoints by name: their version, which subsets `v1` to `v3` select by, and their zone in region `r`, where it is not a. */
  readonly members: Readonly<
    Record<string, { readonly version: string; readonly zone?: string; readonly region?: string }>
  >;
  /** Where the caller is; zone a by default. */
  readonly zone?: string;
}

export interface Fleet {
  readonly envoy: RunningEnvoy;
  /**
   * Saves a policy for the Services `checkout` (HTTP), `greeter` (gRPC) and `db` (TCP), and waits until the sidecar runs it.
   *
   * @param spec YAML: more routes, indented by four, then further fields of the spec
   */
  apply(spec: string): Promise<void>;
  /** Tells the mesh, and waits until the sidecar heeds it. */
  set(conditions: Readonly<Record<string, Condition>>): Promise<void>;
  /** Waits until the sidecar heeds weights and health that it knows of: it takes such changes together for a second. */
  settle(): Promise<void>;
  /** A request to `checkout`: who answered, and with which headers. */
  send(options?: RequestOptions): Promise<FleetAnswer>;
  /** A connection to `db`, once it is greeted. */
  dial(): Promise<Line>;
  /** A client of the gRPC Service `greeter`; it is closed with the fleet. */
  grpc(): GrpcClient;
  /** A WebSocket to `checkout`, once it is open. */
  upgrade(headers?: Readonly<Record<string, string>>): Promise<Line>;
  close(): Promise<void>;
}

export interface FleetAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: IncomingHttpHeaders;
}

/** An open connection. */
export interface Line {
  /** Who greeted, or answered first. */
  readonly member: string;
  readonly open: boolean;
  /** Sends a word and resolves to who answered it. */
  ask(): Promise<string>;
  end(): void;
}

export async function startFleet({ envoy: version, members, zone = "a" }: FleetOptions): Promise<Fleet> {
  const folder = mkdtempSync(join(tmpdir(), "heddle-fleet-"));
  const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const close = async (): Promise<void> => {
    for (const end of closing.splice(0).toReversed()) await end();
  };
  try {
    const ports = { http: await freePort(), tcp: await freePort() };
    const started: Member[] = [];
    for (const name of Object.keys(members)) {
      const member = await startMember(name, `127.0.2.${started.length + 1}`);
      started.push(member);
      closing.push(() => member.close());
    }
    const conditions: Record<string, Condition> = Object.fromEntries(started.map(({ name }) => [name, "ready"]));
    const save = (): void =>
      writeFileSync(
        join(folder, "slices.yaml"),
        started.map((m) => slices(m, conditions[m.name]!, members[m.name]!.version)).join(""),
      );
    writeFileSync(join(folder, "mesh.yaml"), meshOf(ports, zone, members, started));
    save();
    const xdsAddress = "127.0.0.1:0";
    const config = configSchema.parse({ source: `dir:${folder}`, xdsAddress, adminAddress: xdsAddress });
    const controlPlane = createControlPlane(config, { logger: createLogger("silent") });
    closing.push(() => controlPlane.stop());
    const { xdsPort } = await controlPlane.start();
    const xds = { host: "127.0.0.1", port: xdsPort };
    const text = bootstrap({ proxy: "web.shop", xds, admin: { host: "x", port: 0 } });
    const envoy = await startEnvoy({ bootstrap: text, ...(version !== undefined && { version }) });
    closing.push(() => envoy.stop());
    return {
      envoy,
      apply: applier(folder, envoy),
      async set(changes) {
        Object.assign(conditions, changes);
        save();
        const changed = started.filter(({ name }) => changes[name] !== undefined);
        await until("the sidecar knows the endpoints", 10_000, async () => {
          const known = healthByAddress(await envoy.admin("/clusters"));
          return changed.every(
            ({ name, address, http }) => known.get(`${address}:${http}`) === HEALTH[conditions[name]!],
          );
        });
        await settle();
      },
      settle,
      send: (options) => send(ports.http, options),
      grpc() {
        const client = grpcClient(ports.http, "greeter");
        closing.push(() => client.close());
        return client;
      },
      dial: () => open(ports.tcp, ""),
      upgrade: (headers = {}) => open(ports.http, upgradeRequest(headers)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The window of Envoy's `update_merge_window`, and some. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1100));
}

/** As Envoy's admin interface says it, of endpoints of EDS. */
const HEALTH: Readonly<Record<Condition, string | undefined>> = {
  ready: "healthy",
  unready: "/failed_eds_health",
  draining: "/eds_status_draining",
  absent: undefined,
};

/** Of the whole HTTP service. */
function healthByAddress(clusters: string): ReadonlyMap<string, string> {
  const found = [...clusters.matchAll(/^outbound\|80\|\|[^:]*::([^:]+:[0-9]+)::health_flags::(.*)$/gm)];
  return new Map(found.map(([, address, flags]) => [address!, flags!]));
}

function send(port: number, options: RequestOptions = {}): Promise<FleetAnswer> {
  const headers = { host: "checkout", ...options.headers };
  return new Promise((resolve, reject) => {
    const call = request({ host: "127.0.0.1", port, ...options, headers, timeout: 10_000 }, (response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    call.on("timeout", () => call.destroy(new Error("timed out")));
    call.on("error", reject);
    call.end();
  });
}

function upgradeRequest(headers: Readonly<Record<string, string>>): string {
  const lines = Object.entries({ host: "checkout", connection: "upgrade", upgrade: "websocket", ...headers });
  return `GET / HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`;
}

/** @param opening what the caller says first; nothing where the server does */
function open(port: number, opening: string): Promise<Line> {
  const socket = connect({ host: "127.0.0.1", port });
  let waiting: ((text: string) => void) | undefined;
  socket.on("data", (piece) => waiting?.(piece.toString()));
  socket.on("error", () => socket.destroy());
  const next = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => fail("no answer"), 10_000);
      const onClose = (): void => fail("closed");
      const fail = (why: string): void => {
        clearTimeout(timer);
        reject(new Error(why));
      };
      socket.once("close", onClose);
      waiting = (text) => {
        clearTimeout(timer);
        socket.off("close", onClose);
        resolve(text);
      };
    });
  const line = (member: string): Line => ({
    member,
    get open() {
      return !socket.closed && !socket.destroyed && !socket.readableEnded;
    },
    ask: async () => {
      const answer = next();
      socket.write("ping");
      return (await answer).split(":")[0]!;
    },
    end: () => socket.destroy(),
  });
  return greeting(socket, opening, next).then(line);
}

async function greeting(socket: Socket, opening: string, next: () => Promise<string>): Promise<string> {
  if (opening === "") return (await next()).trim();
  const answer = next();
  socket.write(opening);
  const text = await answer;
  if (!text.startsWith("HTTP/1.1 101")) throw new Error(`not upgraded: ${text}`);
  const who = next();
  socket.write("hello");
  return (await who).split(":")[0]!;
}

/** Each policy has a marker of its own, so that the sidecar can be asked whether it runs it. */
function applier(folder: string, envoy: RunningEnvoy): Fleet["apply"] {
  let saved = 0;
  return async (spec) => {
    const marker = `marker-${++saved}`;
    writeFileSync(
      join(folder, "policy.yaml"),
      `apiVersion: heddle.dev/v1alpha1
kind: TrafficPolicy
metadata: { name: checkout, namespace: shop }
spec:
  targetRefs: [{ kind: Service, name: checkout }, { kind: Service, name: db }, { kind: Service, name: greeter }]
  subsets:
    - { name: v1, labels: { version: v1 } }
    - { name: v2, labels: { version: v2 } }
    - { name: v3, labels: { version: v3 } }
  routes:
    - { name: ${marker}, match: [{ path: { exact: /${marker} } }], split: [{ subset: v1 }] }
${spec}`,
    );
    await until("the sidecar runs the policy", 10_000, async () => (await envoy.configDump()).includes(marker));
  };
}

function slices({ name, address, http, tcp, grpc }: Member, condition: Condition, version: string): string {
  if (condition === "absent") return "";
  const slice = (service: string, port: number, web?: number): string => `---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: ${service}-${name}, namespace: shop, labels: { kubernetes.io/service-name: ${service} } }
addressType: IPv4
ports: [{ name: main, port: ${port} }${web === undefined ? "" : `, { name: web, port: ${web} }`}]
endpoints:
  - addresses: [${address}]
    conditions: { ready: ${condition === "ready"}, serving: ${condition !== "unready"}, terminating: ${condition === "draining"} }
    targetRef: { kind: Pod, name: ${name}, namespace: shop }
`;
  return (
    slice("checkout", http) + slice("greeter", grpc) + (version === "v3" ? slice("spare", tcp, http) : slice("db", tcp))
  );
}

function meshOf(
  ports: { readonly http: number; readonly tcp: number },
  zone: string,
  members: FleetOptions["members"],
  started: readonly Member[],
): string {
  const pod = (
    name: string,
    version: string,
    region: string,
    at: string,
    ip: string,
    annotations = "",
  ): string => `apiVersion: v1
kind: Pod
metadata:
  name: ${name}
  namespace: shop
  labels: { version: ${version}, topology.kubernetes.io/region: ${region}, topology.kubernetes.io/zone: ${at} }
  annotations: { ${annotations} }
spec: { containers: [{ name: app }] }
status: { podIP: ${ip} }
---
`;
  const service = (name: string, ip: string, port: number, protocol: string, web = ""): string => `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: shop }
spec: { clusterIP: ${ip}, ports: [{ name: main, port: ${port}, appProtocol: ${protocol} }${web}] }
---
`;
  const explicit = `heddle.dev/capture: explicit, heddle.dev/outbound-http-port: "${ports.http}"`;
  return [
    pod("web", "v0", "r", zone, "127.0.0.9", explicit),
    ...started.map(({ name, address }) => {
      const { version, region = "r", zone: at = "a" } = members[name]!;
      return pod(name, version, region, at, address);
    }),
    service("checkout", "10.96.0.1", 80, "http"),
    service("db", "10.96.0.2", ports.tcp, "tcp"),
    service("greeter", "10.96.0.4", 50051, "grpc"),
    service("spare", "10.96.0.3", SPARE_PORT, "tcp", `, { name: web, port: ${SPARE_WEB_PORT}, appProtocol: http }`),
  ].join("");
}

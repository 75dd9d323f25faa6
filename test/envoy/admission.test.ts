/** A stock Envoy proves who it is by its token, trusts the control plane by a CA file, and follows the rotation of both. */
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouterSchema } from "../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import { tokenSecret } from "../../src/translate/bootstrap-cluster.ts";
import {
  createSnapshotCache,
  createXdsServer,
  encodeResource,
  type Resource,
  type XdsEvent,
} from "../../src/xds/index.ts";
import { startEnvoy } from "../support/envoy.ts";
import { freePort } from "../support/free-port.ts";
import { projectedFolder } from "../support/projected-folder.ts";
import { type SelfSigned, selfSigned } from "../support/self-signed.ts";
import { temporaryFolder } from "../support/temp-folder.ts";
import { until } from "../support/until.ts";

const VERSIONS = ["1.40.0", "1.37.0"];
const NAME = "heddle.heddle-system.svc";
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

/** A listener on loopback that answers every request with a text. */
function answering(text: string, port: number): Resource {
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: "test",
    routeSpecifier: {
      case: "routeConfig",
      value: {
        virtualHosts: [
          {
            name: "all",
            domains: ["*"],
            routes: [
              {
                match: { pathSpecifier: { case: "prefix", value: "/" } },
                action: {
                  case: "directResponse",
                  value: { status: 200, body: { specifier: { case: "inlineString", value: text } } },
                },
              },
            ],
          },
        ],
      },
    },
    httpFilters: [
      { name: "router", configType: { case: "typedConfig", value: anyPack(RouterSchema, create(RouterSchema)) } },
    ],
  });
  const value = anyPack(HttpConnectionManagerSchema, manager);
  const listener = create(ListenerSchema, {
    name: "answer",
    address: {
      address: {
        case: "socketAddress",
        value: { address: "127.0.0.1", portSpecifier: { case: "portValue", value: port } },
      },
    },
    filterChains: [{ filters: [{ name: "http", configType: { case: "typedConfig", value } }] }],
  });
  return encodeResource(ListenerSchema, listener, listener.name);
}

interface Door {
  readonly tokens: readonly string[];
  readonly events: readonly XdsEvent[];
  readonly port: number;
  setCertificate(certificate: SelfSigned): void;
  setAnswer(text: string): void;
  readonly answerPort: number;
}

/** A control plane that admits tokens beginning with `good` for half a second. */
async function openDoor(certificate: SelfSigned): Promise<Door> {
  const cache = createSnapshotCache();
  const tokens: string[] = [];
  const events: XdsEvent[] = [];
  const answerPort = await freePort();
  const setAnswer = (text: string): void =>
    void cache.setSnapshot("web.shop", { resources: [answering(text, answerPort)] });
  setAnswer("first");
  const server = createXdsServer({
    cache,
    onEvent: (event) => void events.push(event),
    authenticate({ metadata }) {
      const header = String(metadata.get("authorization")[0]);
      tokens.push(header);
      return Promise.resolve(
        header.startsWith("Bearer good")
          ? { admitted: true, node: "web.shop", until: performance.now() + 500 }
          : { admitted: false, code: "UNAUTHENTICATED", reason: "unauthenticated" },
      );
    },
  });
  const { port, setCertificate } = await server.listenTls({ host: "127.0.0.1", port: 0 }, certificate);
  open.push(() => server.close());
  return { tokens, events, port, setCertificate, setAnswer, answerPort };
}

interface Sidecar {
  writeToken(token: string): void;
  writeTrust(bundle: string): void;
}

async function startSidecar(
  version: string,
  port: number,
  token: string,
  trust: string,
  ready = true,
): Promise<Sidecar> {
  const folder = temporaryFolder();
  const [files, secrets] = [join(folder, "etc"), join(folder, "secrets")];
  for (const made of [files, secrets]) mkdirSync(made);
  const tls = {
    serverName: NAME,
    caFile: join(files, "ca.pem"),
    tokenSecretFile: join(files, "token.json"),
    tokenFile: join(secrets, "token"),
  };
  const filesOf = (bundle: string) => ({ "ca.pem": bundle, "token.json": JSON.stringify(tokenSecret(tls)) });
  const write = projectedFolder(files, filesOf(trust));
  const writeSecret = projectedFolder(secrets, { token });
  const envoy = await startEnvoy({
    version,
    ready,
    bootstrap: bootstrap({
      proxy: "claimed.other",
      xds: { host: "127.0.0.1", port },
      tls,
      admin: { host: "x", port: 0 },
    }),
  });
  open.push(() => envoy.stop());
  return {
    writeToken: (next) => writeSecret({ token: next }),
    writeTrust: (bundle) => write(filesOf(bundle)),
  };
}

/** Sends requests one after the other until it is stopped; resolves with how many there were and which failed. */
function load(port: number): () => Promise<{ readonly sent: number; readonly failed: readonly string[] }> {
  let running = true;
  let sent = 0;
  const failed: string[] = [];
  const done = (async () => {
    while (running) {
      sent++;
      await fetch(`http://127.0.0.1:${port}/`).then(
        async (answer) => void (answer.ok ? await answer.text() : failed.push(String(answer.status))),
        (error: unknown) => void failed.push(String(error)),
      );
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })();
  return async () => {
    running = false;
    await done;
    return { sent, failed };
  };
}

describe.each(VERSIONS)("Envoy %s", (version) => {
  const first = selfSigned(NAME);
  const second = selfSigned(NAME);

  test("follows the rotation of token and CA while requests flow", async () => {
    const door = await openDoor(first);
    const sidecar = await startSidecar(version, door.port, "good-1", first.certificate);
    const stop = load(door.answerPort);
    await until("it comes back with the same token", 20_000, () => door.tokens.length >= 2);
    expect(new Set(door.tokens)).toEqual(new Set(["Bearer good-1"]));

    sidecar.writeToken("good-2");
    await until("it comes back with the new token", 20_000, () => door.tokens.at(-1) === "Bearer good-2");

    // The CA's rotation: first it is trusted beside the old one, then it is used.
    sidecar.writeTrust(`${first.certificate}${second.certificate}`);
    const before = door.tokens.length;
    await until("it comes back", 20_000, () => door.tokens.length > before);
    door.setCertificate(second);
    sidecar.writeTrust(second.certificate);
    door.setAnswer("second");
    const answer = async (): Promise<string> => (await fetch(`http://127.0.0.1:${door.answerPort}/`)).text();
    await until("a change arrives", 30_000, async () => (await answer()) === "second");
    const { sent, failed } = await stop();
    expect(failed).toEqual([]);
    expect(sent).toBeGreaterThan(100);
    expect(door.events.filter(({ kind }) => kind === "connect").every(({ node }) => node.id === "web.shop")).toBe(true);
  });

  test("does not talk to a control plane of another CA, and is told nothing without a good token", async () => {
    const door = await openDoor(first);
    await startSidecar(version, door.port, "good-1", second.certificate, false);
    const refused = (kind: XdsEvent["kind"]): number => door.events.filter((event) => event.kind === kind).length;
    await until("it is refused at the door", 20_000, () => refused("refused-connection") > 0);
    expect(door.tokens).toEqual([]);
    await startSidecar(version, door.port, "bad", first.certificate, false);
    await until("it is refused", 20_000, () => refused("unauthenticated") > 0);
    expect(door.events.filter(({ kind }) => kind === "connect" || kind === "action")).toEqual([]);
  });
});

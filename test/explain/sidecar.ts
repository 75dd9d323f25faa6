/** A real Envoy that runs a translated configuration, and a client that speaks to it without changing anything. */
import { clone, create } from "@bufbuild/protobuf";
import { AnySchema } from "@bufbuild/protobuf/wkt";
import { connect } from "node:net";
import { createEncoder, resourcesOf } from "../../src/control-plane/encode.ts";
import type { SentRequest } from "../../src/explain/request.ts";
import { ListenerFilterSchema } from "../../src/gen/envoy/config/listener/v3/listener_components_pb.ts";
import { type Listener, ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { bootstrap } from "../../src/translate/bootstrap.ts";
import type { ProxyConfig } from "../../src/translate/translate.ts";
import { createSnapshotCache, createXdsServer } from "../../src/xds/index.ts";
import { startEnvoy } from "../support/envoy.ts";

export interface Sidecar {
  close(): Promise<void>;
}

/** Runs a configuration; resolves when the Envoy listens. */
export async function startSidecar(id: string, config: ProxyConfig, version: string): Promise<Sidecar> {
  const cache = createSnapshotCache();
  const server = createXdsServer({ cache });
  const port = await server.listen("127.0.0.1:0");
  const encoded = createEncoder(() => {})(config);
  if (encoded.diagnostics.length > 0) throw new Error(JSON.stringify(encoded.diagnostics));
  cache.setSnapshot(id, { resources: resourcesOf(encoded) });
  try {
    const xds = { host: "127.0.0.1", port };
    const envoy = await startEnvoy({
      version,
      bootstrap: bootstrap({ proxy: id, xds, admin: { host: "x", port: 0 } }),
    });
    return {
      async close() {
        await envoy.stop();
        await server.close();
      },
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

const PROXY_PROTOCOL = "type.googleapis.com/envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol";

/**
 * The configuration of a captured pod without a capture: connections come to `port`, and a line of the PROXY protocol says where they
 * were going. Envoy hands them on by that address just as by the one that it finds after a capture.
 */
export function withoutCapture(config: ProxyConfig, port: number): ProxyConfig {
  const filter = create(ListenerFilterSchema, {
    name: "proxy_protocol",
    configType: { case: "typedConfig", value: create(AnySchema, { typeUrl: PROXY_PROTOCOL }) },
  });
  const changed = (listener: Listener): Listener => {
    if (!listener.useOriginalDst) return listener;
    const copy = clone(ListenerSchema, listener);
    if (copy.address?.address.case === "socketAddress") {
      copy.address.address.value.address = "127.0.0.1";
      copy.address.address.value.portSpecifier = { case: "portValue", value: port };
    }
    copy.listenerFilters.unshift(filter);
    return copy;
  };
  // The inbound side is not asked, and its fixed port may be taken.
  const outbound = config.listeners.filter(({ name }) => name !== "virtualInbound");
  return { ...config, listeners: outbound.map(changed) };
}

/** What came back; a server that was asked in no HTTP tells its address alone. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Envoy waits a second before it closes a connection, so that the length has to tell the end. */
function isWhole(received: string, sent: string): boolean {
  const { status, headers, body } = parseAnswer(received);
  if (status === 0) return false;
  return /^(PROXY .*\r\n)?HEAD /.test(sent) || body.length >= Number(headers["content-length"] ?? 0);
}

/** Sends bytes and reads until the other side ends, or has answered. */
export function exchange(address: string, port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, address, () => socket.write(Buffer.from(text)));
    const done = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.setTimeout(10_000, () => {
      socket.destroy();
      reject(new Error(`no answer to ${JSON.stringify(text)}; so far ${JSON.stringify(received)}`));
    });
    socket.on("data", (chunk: Buffer) => {
      received += chunk.toString("latin1");
      if (isWhole(received, text)) done();
    });
    socket.on("close", done);
    socket.on("error", done);
  });
}

/** The bytes of a request, as HTTP/1.1. */
export function bytesOf({ method, path, authority, headers }: SentRequest): string {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${path} HTTP/1.1\r\nhost: ${authority}\r\n${lines}\r\n`;
}

export function parseAnswer(text: string): Answer {
  if (text.startsWith("at ")) return { status: 200, headers: { "x-at": text.slice(3).trim() }, body: "" };
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return { status: 0, headers: {}, body: text };
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1).trim()]);
  return { status: Number(first.split(" ")[1]), headers: Object.fromEntries(headers), body: text.slice(end + 4) };
}

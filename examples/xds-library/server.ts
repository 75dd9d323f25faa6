/**
 * The xDS server as a library: serves one listener that answers by itself, changes it after a moment, and says what the Envoys made of
 * it. `npm run build` is not needed here: `node --conditions=source examples/xds-library/server.ts` runs the sources.
 */
import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { createSnapshotCache, createXdsServer, encodeResource, type Resource, shortType } from "heddle/xds";
import { ListenerSchema } from "../../src/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouterSchema } from "../../src/gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpConnectionManagerSchema } from "../../src/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";

/** A listener on loopback that answers every request with a text. */
function answering(text: string, port: number): Resource {
  const answer = { status: 200, body: { specifier: { case: "inlineString" as const, value: `${text}\n` } } };
  const route = {
    match: { pathSpecifier: { case: "prefix" as const, value: "/" } },
    action: { case: "directResponse" as const, value: answer },
  };
  const manager = create(HttpConnectionManagerSchema, {
    statPrefix: "example",
    routeSpecifier: {
      case: "routeConfig",
      value: { virtualHosts: [{ name: "all", domains: ["*"], routes: [route] }] },
    },
    httpFilters: [
      { name: "router", configType: { case: "typedConfig", value: anyPack(RouterSchema, create(RouterSchema)) } },
    ],
  });
  const value = anyPack(HttpConnectionManagerSchema, manager);
  const listener = create(ListenerSchema, {
    name: "example",
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

const [xdsPort = 18_000, listenerPort = 10_000] = process.argv.slice(2).map(Number);

// One view for all nodes; by default each node id has its own.
const cache = createSnapshotCache({ viewOf: () => "everybody" });
const server = createXdsServer({
  cache,
  onEvent(event) {
    if (event.kind !== "action") console.log(`${event.kind} ${event.node.id}`);
    else if (event.action.kind === "ack")
      console.log(`${event.node.id} runs ${shortType(event.action.typeUrl)} ${event.action.version}`);
    else if (event.action.kind === "nack")
      console.log(`${event.node.id} refuses ${event.action.culprits.join()}: ${event.action.reason}`);
  },
});
cache.setSnapshot("everybody", { resources: [answering("hello", listenerPort)] });
console.log(`serving on port ${await server.listen(`127.0.0.1:${xdsPort}`)}`);

setTimeout(() => cache.setSnapshot("everybody", { resources: [answering("hello again", listenerPort)] }), 5000);
process.once("SIGTERM", () => void server.close());
process.once("SIGINT", () => void server.close());

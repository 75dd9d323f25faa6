/** CSDS by an independent client: what each proxy was sent, what it refuses, and nothing of a secret. */
import { join, resolve } from "node:path";
import { create } from "@bufbuild/protobuf";
import { type Client, credentials, loadPackageDefinition, type ServiceClientConstructor } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterEach, expect, test } from "vitest";
import { ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { SecretSchema } from "../../src/gen/envoy/extensions/transport_sockets/tls/v3/secret_pb.ts";
import { createSnapshotCache, createXdsServer, encodeResource } from "../../src/xds/index.ts";
import { connectDelta } from "../support/fake-envoy.ts";
import { CDS, loadWire, SDS } from "../support/fake-envoy-wire.ts";

const deps = resolve(import.meta.dirname, "../../node_modules/@grpc/grpc-js-xds/deps");
const includeDirs = ["envoy-api", "xds", "googleapis", "protoc-gen-validate"].map((folder) => join(deps, folder));
const open: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

interface ClientConfig {
  readonly node: { readonly id: string };
  readonly generic_xds_configs: readonly {
    readonly type_url: string;
    readonly name: string;
    readonly version_info: string;
    readonly config_status: string;
    readonly xds_config: unknown;
    readonly error_state: { readonly details: string } | null;
  }[];
}

/** One call of FetchClientStatus. */
function fetchStatus(port: number, request: object): Promise<readonly ClientConfig[]> {
  const definition = loadSync("envoy/service/status/v3/csds.proto", {
    includeDirs,
    keepCase: true,
    enums: String,
    defaults: true,
  });
  const loaded = loadPackageDefinition(definition);
  const path = ["envoy", "service", "status", "v3", "ClientStatusDiscoveryService"];
  const Service = path.reduce<unknown>(
    (at, key) => (at as Record<string, unknown>)[key],
    loaded,
  ) as ServiceClientConstructor;
  const client: Client = new Service(`127.0.0.1:${port}`, credentials.createInsecure());
  open.push(() => client.close());
  const method = definition["envoy.service.status.v3.ClientStatusDiscoveryService"] as unknown as {
    FetchClientStatus: {
      path: string;
      requestSerialize(value: object): Buffer;
      responseDeserialize(bytes: Buffer): object;
    };
  };
  const { path: name, requestSerialize, responseDeserialize } = method.FetchClientStatus;
  return new Promise((done, reject) => {
    client.makeUnaryRequest(name, requestSerialize, responseDeserialize, request, (error, response) => {
      if (error) reject(error);
      else done((response as { config: ClientConfig[] }).config);
    });
  });
}

test("shows every client's resources and their state", async () => {
  const cache = createSnapshotCache({ viewOf: () => "all" });
  const server = createXdsServer({ cache });
  open.push(() => server.close());
  const port = await server.listen("127.0.0.1:0");
  const cluster = (name: string): ReturnType<typeof encodeResource> =>
    encodeResource(ClusterSchema, create(ClusterSchema, { name }), name);
  const key = { specifier: { case: "inlineString" as const, value: "-----BEGIN PRIVATE KEY-----" } };
  const secret = create(SecretSchema, { name: "cert", type: { case: "tlsCertificate", value: { privateKey: key } } });
  cache.setSnapshot("all", {
    resources: [cluster("good"), cluster("bad"), encodeResource(SecretSchema, secret, "cert")],
  });
  const envoy = connectDelta({ wire: loadWire(), port, nodeId: "web.shop", mode: "manual" });
  open.push(() => envoy.destroy());
  envoy.subscribe(CDS);
  envoy.nack(await envoy.next(CDS), "Error adding/updating cluster(s) bad: because");
  envoy.ack(await envoy.next(CDS));
  envoy.subscribe(SDS, ["cert"]);
  await envoy.next(SDS);

  const [config, ...others] = await fetchStatus(port, { node_matchers: [{ node_id: { exact: "web.shop" } }] });
  expect(others).toEqual([]);
  expect(config!.node.id).toBe("web.shop");
  const of = (name: string) => config!.generic_xds_configs.find((entry) => entry.name === name)!;
  expect(of("good")).toMatchObject({ type_url: CDS, config_status: "SYNCED" });
  expect(of("good").xds_config).not.toBeNull();
  // Sent, and not answered yet; its content is nobody's business.
  expect(of("cert")).toMatchObject({ type_url: SDS, config_status: "STALE", xds_config: null });
  expect(JSON.stringify(config)).not.toContain("PRIVATE KEY");

  expect(await fetchStatus(port, { node_matchers: [{ node_id: { exact: "other" } }] })).toEqual([]);
  await expect(fetchStatus(port, { node_matchers: [{ node_metadatas: [{ path: [{ key: "x" }] }] }] })).rejects.toThrow(
    "node_id",
  );
});

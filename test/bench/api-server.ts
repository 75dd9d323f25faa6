/**
 * As much of a Kubernetes API server as Heddle's source talks to: paged lists and watches over HTTP, out of memory. `POST
 * /mutate?kind=endpoint|route` changes the mesh, and answers what the sidecars are to be sent, in the load client's words.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { KubeObject } from "../../src/kube/object.ts";
import type { BenchMesh, Change } from "./bench-mesh.ts";

/** Milliseconds between two bookmarks; a watch that hears nothing for long counts as broken. */
const BOOKMARKS = 30_000;

export interface BenchApiServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function startApiServer(mesh: BenchMesh): Promise<BenchApiServer> {
  let version = 1;
  const objects = new Map(
    Object.entries(mesh.objects).map(([path, list]) => [path, new Map(list.map((o) => [o.metadata.name, o]))]),
  );
  const watches = new Map<string, Set<ServerResponse>>();

  function list(path: string, query: URLSearchParams, response: ServerResponse): void {
    const all = [...objects.get(path)!.values()];
    const from = Number(query.get("continue") ?? 0);
    const limit = Number(query.get("limit") ?? 0) || all.length;
    const items = all.slice(from, from + limit).map((object) => versioned(object, 1));
    const more = from + limit < all.length ? { continue: String(from + limit) } : {};
    const apiVersion = all[0]?.apiVersion ?? "v1";
    const kind = `${all[0]?.kind ?? ""}List`;
    answer(response, { apiVersion, kind, metadata: { resourceVersion: String(version), ...more }, items });
  }

  function watch(path: string, response: ServerResponse): void {
    const group = watches.get(path) ?? new Set();
    watches.set(path, group.add(response));
    response.on("close", () => group.delete(response));
    response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
  }

  function apply({ path, object }: Change): void {
    objects.get(path)!.set(object.metadata.name, object);
    const event = { type: "MODIFIED", object: versioned(object, ++version) };
    for (const response of watches.get(path) ?? []) response.write(`${JSON.stringify(event)}\n`);
  }

  function handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/mutate") {
      const change = searchParams.get("kind") === "route" ? mesh.changeRoute() : mesh.changeEndpoint();
      apply(change);
      answer(response, { type_url: change.typeUrl, token: change.token, names: change.names });
    } else if (!objects.has(pathname)) {
      response.writeHead(404).end();
    } else if (searchParams.get("watch")) watch(pathname, response);
    else list(pathname, searchParams, response);
  }

  function bookmark(): void {
    for (const [path, group] of watches) {
      const [first] = objects.get(path)!.values();
      const { apiVersion, kind } = first ?? {};
      const event = {
        type: "BOOKMARK",
        object: { apiVersion, kind, metadata: { name: "", resourceVersion: String(version) } },
      };
      for (const response of group) response.write(`${JSON.stringify(event)}\n`);
    }
  }

  const server = createServer(handle);
  const bookmarks = setInterval(bookmark, BOOKMARKS);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      clearInterval(bookmarks);
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function versioned(object: KubeObject, version: number): KubeObject {
  return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
}

function answer(response: ServerResponse, value: unknown): void {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value));
}

/** Who takes part: servers that hold documents, the library behind them, and two desks that editors come from. */
import { join } from "node:path";
import type { Running, Step, System } from "../harness/run.ts";
import { type DocumentServer, startDocumentServer } from "./apps/document-server.ts";
import { type Library, startLibrary } from "./apps/library.ts";
import { type Crowd, type CrowdOptions, startCrowd } from "./crowd.ts";

export interface Apps extends AsyncDisposable {
  readonly library: Library;
  readonly servers: readonly DocumentServer[];
  /** Editors of the documents; they leave when the demo ends. */
  crowd(options: Pick<CrowdOptions, "documents" | "typing">): Crowd;
}

export type Office = Running<Apps>;
export type OfficeStep = Step<Apps>;

export const POLICY = "documents-policy.yaml";
/** Of each document. */
export const EDITORS = 3;

const LIBRARY = { address: "127.0.51.100", port: 8090 } as const;
const SERVERS = [
  { server: "documents-1", version: "v1", address: "127.0.51.11" },
  { server: "documents-2", version: "v1", address: "127.0.51.12" },
  { server: "documents-3", version: "v1", address: "127.0.51.13" },
  { server: "documents-4", version: "v1", address: "127.0.51.14" },
  { server: "documents-5", version: "v2", address: "127.0.51.15" },
] as const;

/** The desks' sidecars, which editors connect to. */
const DESKS = { addresses: ["127.0.50.1", "127.0.50.2"], port: 15080, host: "documents" } as const;

async function startApps(): Promise<Apps> {
  await using stack = new AsyncDisposableStack();
  const library = await startLibrary(LIBRARY);
  stack.defer(() => library.close());
  const servers: DocumentServer[] = [];
  for (const options of SERVERS) {
    const url = `ws://${LIBRARY.address}:${LIBRARY.port}`;
    const server = await startDocumentServer({ ...options, port: 8080, library: url });
    stack.defer(() => server.close());
    servers.push(server);
  }
  const running = stack.move();
  return {
    library,
    servers,
    crowd(options) {
      const crowd = startCrowd({ ...DESKS, ...options, editors: EDITORS });
      running.defer(() => crowd.close());
      return crowd;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export const collaborativeEditing: System<Apps> = {
  manifests: join(import.meta.dirname, "manifests"),
  without: [POLICY],
  xds: "127.0.50.100:18000",
  admin: "127.0.50.100:18001",
  sidecars: ["desk-a", "desk-b", ...SERVERS.map(({ server }) => server)].map((pod) => `${pod}.office`),
  firstAdminPort: 18310,
  startApps,
};

export function addressOf(server: string): string {
  return SERVERS.find((one) => one.server === server)!.address;
}

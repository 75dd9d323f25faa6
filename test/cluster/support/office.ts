/** The example of collaborative editing in a cluster, seen through the metrics of its servers: what they count is the truth. */
import { join, resolve } from "node:path";
import { until } from "../../support/until.ts";
import type { Mesh, Pod } from "./mesh.ts";

export const OFFICE = "office";
/** As `editors.yaml` has it: two pods, each with three editors of every document. */
export const DOCUMENTS = 20;
export const EDITORS = 6;

const example = resolve(import.meta.dirname, "../../../examples/collaborative-editing");
export const MANIFESTS = join(example, "kubernetes");
export const POLICY = join(example, "manifests/documents-policy.yaml");

/** What one server says of itself. */
interface Count {
  readonly pod: Pod;
  /** Editors that are connected, by document. */
  readonly editors: ReadonlyMap<string, number>;
  /** Editors that it has let in since it started. */
  readonly joined: number;
}

/** All servers at about one time. */
export interface Office {
  readonly servers: readonly Count[];
  /** The server of each document all of whose editors are there. */
  readonly places: ReadonlyMap<string, Pod>;
  readonly joined: number;
}

export async function look(mesh: Mesh): Promise<Office> {
  const pods = (await mesh.pods(OFFICE, "app=documents")).filter(({ address }) => address !== "");
  const servers = await Promise.all(pods.map((pod) => count(mesh, pod)));
  const all = servers.flatMap(({ pod, editors }) =>
    [...editors].map(([document, there]) => ({ pod, document, there })),
  );
  return {
    servers,
    places: new Map(all.flatMap(({ pod, document, there }) => (there === EDITORS ? [[document, pod]] : []))),
    joined: servers.reduce((sum, { joined }) => sum + joined, 0),
  };
}

async function count(mesh: Mesh, pod: Pod): Promise<Count> {
  const text = await mesh.get(`http://${pod.address}:8080/metrics`);
  const samples = [...text.matchAll(/^editors\{document="([^"]+)"\} (\d+)$/gm)];
  return {
    pod,
    editors: new Map(samples.map(([, document, editors]) => [document!, Number(editors)])),
    joined: Number(/^joined_total (\d+)$/m.exec(text)?.[1]),
  };
}

/** Looks until every document has all of its editors on one server, and nobody has come for a while. */
export function settled(mesh: Mesh): Promise<Office> {
  let before: number | undefined;
  return until(
    "every document is on one server, and nobody comes",
    60_000,
    async () => {
      const now = await look(mesh);
      const calm = now.joined === before && now.places.size === DOCUMENTS;
      before = now.joined;
      return calm && now;
    },
    1500,
  );
}

/** Every editor loads its page again. */
export async function reload(mesh: Mesh): Promise<Office> {
  await mesh.restart(OFFICE, "editors");
  await until(
    "the editors of before are gone",
    60_000,
    async () => (await mesh.pods(OFFICE, "app=editors")).length === 2,
  );
  return settled(mesh);
}

/** The name of each document's server. */
export function placesByName({ places }: Office): ReadonlyMap<string, string> {
  return new Map([...places].map(([document, { name }]) => [document, name]));
}

/** The version that each document is edited with. */
export function versions({ places }: Office): ReadonlyMap<string, string | undefined> {
  return new Map([...places].map(([document, { object }]) => [document, object.metadata.labels?.["version"]]));
}

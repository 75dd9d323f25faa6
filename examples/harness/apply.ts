/** A policy's way to the sidecars: saved into the folder, and waited for until every sidecar runs it. */
import type { DemoMesh } from "./mesh.ts";
import { until } from "./wait.ts";

/** Longest time that sidecars may take, in milliseconds. */
const LIMIT = 10_000;

/**
 * Saves a manifest that changes something at every sidecar, and waits until all have acknowledged it.
 *
 * @param sidecars how many there are
 * @returns milliseconds from the save to the last ACK
 */
export async function apply(mesh: DemoMesh, sidecars: number, file: string, text: string): Promise<number> {
  const before = await versions(mesh);
  const saved = performance.now();
  mesh.write(file, text);
  await until(
    `every sidecar has acknowledged ${file}`,
    LIMIT,
    async () => {
      const after = await versions(mesh);
      return after.size === sidecars && [...after].every(([id, v]) => v.synced && v.acked !== before.get(id)?.acked);
    },
    3,
  );
  return performance.now() - saved;
}

async function versions(mesh: DemoMesh): Promise<Map<string, { acked: string; synced: boolean }>> {
  const proxies = await mesh.proxies();
  return new Map(
    proxies.map(({ id, types }) => [
      id,
      {
        acked: types.map(({ type, acked }) => `${type}=${acked}`).join(" "),
        synced: types.every(({ state }) => state === "SYNCED"),
      },
    ]),
  );
}

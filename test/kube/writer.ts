/** Somebody who creates, changes and deletes ConfigMaps without a pause, and knows what they have deleted. */
import type { KubeClient } from "../../src/kube/client.ts";
import { isConflict, isNotFound, KubeError } from "../../src/kube/errors.ts";

export interface Writer {
  /** Writes so many times; what the API server cannot take is tried again until it can. */
  write(times: number): Promise<void>;
  /** How often each has been deleted. */
  readonly deletions: ReadonlyMap<string, number>;
}

/** Names that the writer changes but never deletes. */
export const LASTING = ["lasting-0", "lasting-1", "lasting-2", "lasting-3"];
const PASSING = Array.from({ length: 80 }, (_, index) => `passing-${index}`);
const PATIENCE = 600;

/** @param seed of the order */
export function createWriter(client: KubeClient, namespace: string, seed: number): Writer {
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  const deletions = new Map<string, number>();
  const existing = new Set<string>();
  let state = seed;
  let count = 0;

  /** From 0 up to, not including, `below`: the same for every run with one seed. */
  function random(below: number): number {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  }

  const body = (name: string) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace },
    data: { count: String(++count) },
  });

  async function create(name: string): Promise<void> {
    await client.request({ method: "POST", path: collection, body: body(name) }).catch(unless(isConflict));
    existing.add(name);
  }

  async function step(name: string): Promise<void> {
    if (!existing.has(name)) return create(name);
    const path = `${collection}/${name}`;
    if (!LASTING.includes(name) && random(3) === 0) {
      // Counted before: the watch may be quicker than the answer.
      deletions.set(name, (deletions.get(name) ?? 0) + 1);
      existing.delete(name);
      await client.request({ method: "DELETE", path }).catch(unless(isNotFound));
    } else await client.request({ method: "PUT", path, body: body(name) });
  }

  return {
    deletions,
    async write(times) {
      for (const name of LASTING) if (!existing.has(name)) await patiently(() => create(name));
      for (let time = 0; time < times; time++) {
        const name = random(10) === 0 ? LASTING[random(LASTING.length)]! : PASSING[random(PASSING.length)]!;
        await patiently(() => step(name));
      }
    },
  };
}

function unless(expected: (error: unknown) => boolean): (error: unknown) => void {
  return (error) => {
    if (!expected(error)) throw error;
  };
}

async function patiently(action: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof KubeError) || attempt === PATIENCE) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

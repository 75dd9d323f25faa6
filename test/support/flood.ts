/** More requests than a limit lets through, to see how many it does. */
import { Agent, type OutgoingHttpHeaders } from "node:http";
import { httpSend } from "./http-send.ts";

/**
 * Requests that were accepted in a second, over all ports together. Counted from one moment when every bucket was empty to another,
 * so that what a slow machine leaves in the buckets does not matter.
 *
 * @param seconds how long it counts at least
 */
export async function acceptedBy(
  ports: readonly number[],
  headers: OutgoingHttpHeaders,
  seconds: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const refused = ports.map(() => 0);
  let accepted = 0;
  let over = false;
  const flood = async (port: number, index: number): Promise<void> => {
    while (!over) {
      const { status } = await httpSend(port, { headers, agent });
      if (status === 200) accepted++;
      else if (status === 429) refused[index]!++;
      else throw new Error(`${status} from port ${port}`);
      if (status === 429) await new Promise((resolve) => setTimeout(resolve, 3));
    }
  };
  const count = async (): Promise<number> => {
    await allRefuse(refused);
    const [from, before] = [performance.now(), accepted];
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await allRefuse(refused);
    const rate = ((accepted - before) * 1000) / (performance.now() - from);
    over = true;
    return rate;
  };
  try {
    const [rate] = await Promise.all([count(), ...ports.flatMap((port, i) => [flood(port, i), flood(port, i)])]);
    return rate;
  } finally {
    over = true;
    agent.destroy();
  }
}

/** Each port has refused a request after this call. */
async function allRefuse(refused: readonly number[]): Promise<void> {
  const before = [...refused];
  const end = performance.now() + 20_000;
  while (refused.some((count, i) => count === before[i])) {
    if (performance.now() > end) throw new Error(`nothing is refused: ${refused.join()}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

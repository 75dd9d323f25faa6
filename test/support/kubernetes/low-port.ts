import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/**
 * A TCP port of loopback below those that the kernel gives to outgoing connections: a server that leaves it for a while
 * finds it free when it comes back.
 */
export async function lowPort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = randomInt(20_000, 32_000);
    if (await isFree(port)) return port;
  }
  throw new Error("no free port below 32000");
}

function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

import { execute } from "./execute.ts";
import type { Sandbox } from "./sandbox.ts";

export interface Uplink {
  /** The sandbox's own address, which the real machine reaches. */
  readonly address: string;
  /** Addresses for pods, which the real machine reaches too. */
  readonly podRange: string;
}

/**
 * Links the sandbox with the real machine, with addresses that exist nowhere else. It gets no default route: nothing
 * that runs in it reaches beyond the two ends of this link.
 *
 * @param ranges addresses that are answered inside the sandbox before any packet leaves it
 */
export function createUplink(sandbox: Sandbox, ranges: readonly string[]): Uplink {
  const taken = execute(["ip", "-4", "-oneline", "address"]);
  const index = Array.from({ length: 256 }, (_, i) => i).find((i) => !taken.includes(`10.78.${i}.1/`));
  if (index === undefined) throw new Error("no address is free for a cluster");
  const [outside, address] = [`10.78.${index}.1`, `10.78.${index}.2`];
  const link = `hdlk${index}`;
  execute(["ip", "link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", String(sandbox.pid)]);
  execute(["ip", "address", "add", `${outside}/30`, "dev", link]);
  execute(["ip", "link", "set", link, "up"]);
  execute([...sandbox.network, "ip", "address", "add", `${address}/30`, "dev", "eth0"]);
  execute([...sandbox.network, "ip", "link", "set", "eth0", "up"]);
  for (const range of ranges) {
    execute([...sandbox.network, "ip", "route", "add", range, "dev", "eth0", "src", address]);
  }
  // It goes with the link.
  const podRange = `10.245.${index}.0/24`;
  execute(["ip", "route", "add", podRange, "via", address]);
  return { address, podRange };
}

import { Command } from "commander";
import { z } from "zod";
import { HeddleError, messageOf } from "../base/errors.ts";
import { formatTable, paint } from "./output.ts";

/** What `/debug/proxies` answers, as far as the table needs it. */
const answer = z.object({
  proxies: z.array(
    z.object({
      id: z.string(),
      envoy: z.string(),
      protocol: z.string(),
      types: z.array(
        z.object({
          type: z.string(),
          state: z.enum(["NOT_SENT", "SYNCED", "STALE", "REJECTED"]),
          refused: z.record(z.string(), z.string()).optional(),
        }),
      ),
    }),
  ),
});

type Proxy = z.output<typeof answer>["proxies"][number];

const TYPES = ["CDS", "EDS", "LDS", "RDS"];
const REQUEST_LIMIT = 5000;

export function proxyStatusCommand(): Command {
  return new Command("proxy-status")
    .alias("ps")
    .description("Show which sidecars are connected, and whether they run what they should.")
    .option("--admin <url>", "admin interface of the control plane", "http://127.0.0.1:18001")
    .addHelpText("after", "\nExample:\n  heddle proxy-status --admin http://127.0.0.1:18001\n")
    .action(async ({ admin }: { admin: string }) => {
      const proxies = await fetchProxies(admin);
      if (proxies.length === 0) {
        process.stderr.write("no proxies are connected\n");
        return;
      }
      const rows = proxies.map((proxy) => [
        proxy.id,
        ...TYPES.map((type) => stateOf(proxy, type)),
        proxy.protocol,
        proxy.envoy,
      ]);
      process.stdout.write(formatTable(["NAME", ...TYPES, "PROTOCOL", "ENVOY"], rows));
      for (const proxy of proxies) printRefusals(proxy);
    });
}

async function fetchProxies(admin: string): Promise<readonly Proxy[]> {
  const url = `${admin.replace(/\/$/, "")}/debug/proxies`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_LIMIT) });
    return answer.parse(await response.json()).proxies.sort((a, b) => (a.id < b.id ? -1 : 1));
  } catch (error) {
    const message = `cannot read ${url}: ${messageOf(error)}; is the control plane running there?`;
    throw new HeddleError("ADMIN_UNREACHABLE", message, { cause: error });
  }
}

function stateOf(proxy: Proxy, type: string): string {
  return proxy.types.find((t) => t.type === type)?.state.replace("_", " ") ?? "-";
}

function printRefusals({ id, types }: Proxy): void {
  for (const { type, refused = {} } of types) {
    for (const [name, reason] of Object.entries(refused)) {
      process.stderr.write(`${paint("red", `${id} refuses ${type} ${name}: ${reason}`, process.stderr)}\n`);
    }
  }
}

import { Command } from "commander";
import { z } from "zod";
import { HeddleError } from "../base/errors.ts";
import {
  type ClusterFlags,
  connectCluster,
  controlPlanePods,
  fetchAdmin,
  fetchReplica,
  withClusterFlags,
} from "./cluster-access.ts";
import { formatTable, paint } from "./output.ts";

/** What `/debug/proxies` answers, as far as the table needs it. */
const proxiesAnswer = z.object({
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

/** What `/debug/sidecars` answers; nothing where pods are not known. */
const sidecarsAnswer = z.object({
  template: z.string().optional(),
  sidecars: z.array(z.object({ id: z.string(), template: z.string(), ready: z.boolean() })).default([]),
  missing: z.array(z.string()).default([]),
});

type Proxy = z.output<typeof proxiesAnswer>["proxies"][number];
type Sidecars = z.output<typeof sidecarsAnswer>;

const TYPES = ["CDS", "EDS", "LDS", "RDS"];

export function proxyStatusCommand(): Command {
  const command = new Command("proxy-status")
    .alias("ps")
    .description("Show which sidecars are connected, and whether they run what they should.")
    .option("--admin <url>", "admin interface of one control plane, instead of all replicas in the cluster");
  return withClusterFlags(command)
    .addHelpText("after", "\nExamples:\n  heddle proxy-status\n  heddle proxy-status --admin http://127.0.0.1:18001\n")
    .action(async (options: ClusterFlags & { readonly admin?: string }) => {
      const { proxies, sidecars } =
        options.admin === undefined ? await ofCluster(options) : await ofAdmin(options.admin);
      print(proxies, sidecars);
    });
}

interface Found {
  readonly proxies: readonly Proxy[];
  readonly sidecars: Sidecars;
}

async function ofAdmin(admin: string): Promise<Found> {
  const base = admin.replace(/\/$/, "");
  const { proxies } = proxiesAnswer.parse(await fetchAdmin(`${base}/debug/proxies`));
  return { proxies, sidecars: sidecarsAnswer.parse(await fetchAdmin(`${base}/debug/sidecars`)) };
}

async function ofCluster(options: ClusterFlags): Promise<Found> {
  const connection = await connectCluster(options);
  try {
    const replicas = await controlPlanePods(connection, options.heddleNamespace);
    const [first] = replicas;
    if (!first) {
      const where = `no replica of Heddle is ready in namespace ${options.heddleNamespace}`;
      throw new HeddleError("ADMIN_UNREACHABLE", `${where}; see heddle check`);
    }
    const answers = await Promise.all(replicas.map((pod) => fetchReplica(connection, pod, "/debug/proxies")));
    const sidecars = sidecarsAnswer.parse(await fetchReplica(connection, first, "/debug/sidecars"));
    return { proxies: answers.flatMap((answer) => proxiesAnswer.parse(answer).proxies), sidecars };
  } finally {
    connection.client.close();
  }
}

function print(proxies: readonly Proxy[], { template, sidecars, missing }: Sidecars): void {
  const connected = new Set(proxies.map(({ id }) => id));
  const made = new Map(sidecars.map((sidecar) => [sidecar.id, sidecar.template]));
  const away = sidecars.filter(({ id }) => !connected.has(id));
  const ageOf = (id: string): string => {
    const own = made.get(id);
    return own === undefined || template === undefined ? "-" : own === template ? "current" : "OUTDATED";
  };
  // Without an injector there is no template to compare with.
  const age = template === undefined ? () => [] : (id: string) => [ageOf(id)];
  const rows = [
    ...proxies.map((proxy) => [
      proxy.id,
      ...TYPES.map((type) => stateOf(proxy, type)),
      ...age(proxy.id),
      proxy.protocol,
      proxy.envoy,
    ]),
    ...away.map(({ id }) => [id, ...TYPES.map(() => "-"), ...age(id), "-", "NOT CONNECTED"]),
  ].sort(([a = ""], [b = ""]) => (a < b ? -1 : 1));
  if (rows.length === 0) process.stderr.write("no proxies are connected\n");
  else
    process.stdout.write(
      formatTable(["NAME", ...TYPES, ...(template === undefined ? [] : ["SIDECAR"]), "PROTOCOL", "ENVOY"], rows),
    );
  for (const proxy of proxies) printRefusals(proxy);
  const outdated = sidecars.filter(({ id }) => ageOf(id) === "OUTDATED").length;
  if (outdated > 0) warn(`${outdated} sidecars are OUTDATED: they get the current template when their pods restart`);
  for (const id of missing) warn(`${id} has no sidecar although its namespace is to have them: restart the pod`);
}

function warn(text: string): void {
  process.stderr.write(`${paint("yellow", text, process.stderr)}\n`);
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

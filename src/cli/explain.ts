import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { METHODS } from "../api/policy-match.ts";
import { closest } from "../api/suggest.ts";
import { HeddleError } from "../base/errors.ts";
import { type Call, explain } from "../explain/explain.ts";
import { render } from "../explain/render.ts";
import type { SentRequest } from "../explain/request.ts";
import { targetOf } from "../explain/target.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { type Proxy, resolveProxy } from "../translate/proxy.ts";
import { DEFAULT_SETTINGS, type MeshSettings } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import { type ClusterFlags, connectCluster, withClusterFlags } from "./cluster-access.ts";
import { loadCluster } from "./load-cluster.ts";
import { loadMesh } from "./load-mesh.ts";
import { paint, printData } from "./output.ts";

type Header = readonly [name: string, value: string];

interface Destination {
  readonly host: string;
  readonly port?: number;
}

interface Options extends ClusterFlags {
  readonly from: string;
  readonly to: Destination;
  readonly path: string;
  readonly header: readonly Header[];
  readonly method: string;
  readonly tcp?: boolean;
  readonly namespace?: string;
  readonly filename?: readonly string[];
  readonly clusterDomain: string;
  readonly outboundPolicy: MeshSettings["outboundPolicy"];
  readonly output: "text" | "json";
}

export function explainCommand(): Command {
  const command = new Command("explain")
    .description("Say which way a request takes out of a pod: listener, route and endpoints, and why no other route.")
    .addArgument(new Argument("<kind>", "what it is").choices(["request"]))
    .requiredOption("--from <pod[.namespace]>", "the pod that calls")
    .requiredOption("--to <host[:port]>", "what it calls, as its application names it", parseDestination)
    .option("--path <path>", "path and query", parsePath, "/")
    .option("--header <name=value>", "a header; may be given several times", addHeader, [])
    .addOption(new Option("--method <method>", "HTTP method").choices(METHODS).default("GET"))
    .option("--tcp", "the connection carries something that is not HTTP")
    .option("-n, --namespace <name>", "namespace of the pod, where --from has none (default: the context's)")
    .option("-f, --filename <path...>", "read folders of manifests, or files, instead of a cluster")
    .option("--cluster-domain <name>", "suffix of service names", "cluster.local")
    .addOption(
      new Option("--outbound-policy <policy>", "traffic for hosts that the mesh does not know")
        .choices(["allow-any", "registry-only"])
        .default(DEFAULT_SETTINGS.outboundPolicy),
    )
    .addOption(new Option("-o, --output <format>", "how to print it").choices(["text", "json"]).default("text"));
  return withClusterFlags(command)
    .addHelpText(
      "after",
      "\nExample:\n  heddle explain request --from web.shop --to checkout --path /cart --header x-user=beta -f manifests\n",
    )
    .action(async (_kind: string, options: Options) => {
      const { snapshot, namespace } = await load(options);
      const proxy = proxyOf(snapshot, options.from, namespace);
      const call = callOf(snapshot, proxy, options);
      const { clusterDomain, outboundPolicy } = options;
      const config = createTranslator({ ...DEFAULT_SETTINGS, clusterDomain, outboundPolicy })(snapshot, proxy);
      const explanation = explain(snapshot, config, proxy, call);
      if (options.output === "json") return printData(explanation, "json");
      const subject = { from: proxy.id, capture: proxy.capture, request: call.request, tcp: call.tcp };
      process.stdout.write(render(explanation, subject, (style, text) => paint(style, text, process.stdout)));
    });
}

async function load(options: Options): Promise<{ readonly snapshot: MeshSnapshot; readonly namespace: string }> {
  const { filename, namespace, clusterDomain } = options;
  if (filename) {
    const { snapshot } = await loadMesh(filename, clusterDomain);
    return { snapshot, namespace: namespace ?? "default" };
  }
  const connection = await connectCluster(options);
  try {
    const { snapshot } = await loadCluster(connection.client, clusterDomain);
    return { snapshot, namespace: namespace ?? connection.namespace };
  } finally {
    connection.client.close();
  }
}

function proxyOf(snapshot: MeshSnapshot, from: string, namespace: string): Proxy {
  const proxy = resolveProxy(snapshot, from) ?? resolveProxy(snapshot, `${from}.${namespace}`);
  if (proxy) return proxy;
  const ids = [...snapshot.workloads.values()].map((workload) => `${workload.name}.${workload.namespace}`);
  const meant = closest(from, ids);
  throw new HeddleError("NOT_FOUND", `there is no Pod ${from}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}

/** Clients name the port in the Host header, unless it is 80. */
function callOf(snapshot: MeshSnapshot, { workload }: Proxy, options: Options): Call {
  const { to, path, header, method, tcp = false } = options;
  const target = targetOf(snapshot, workload.namespace, to.host, to.port);
  const named = to.port === undefined || to.port === 80 ? to.host : `${to.host}:${to.port}`;
  const [, host = named] = header.find(([name]) => name.toLowerCase() === "host") ?? [];
  const request: SentRequest = { method, authority: host, path, headers: header };
  return { target, request, tcp };
}

function parseDestination(text: string): Destination {
  const [, host, port] = /^(\[[0-9A-Fa-f:.]+\]|[^:/\s]+)(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  if (host === undefined || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw new InvalidArgumentError(
      "It must be HOST or HOST:PORT, such as checkout.shop:8080, without http:// and path.",
    );
  }
  return { host, ...(port === undefined ? {} : { port: Number(port) }) };
}

function parsePath(text: string): string {
  if (text.startsWith("/")) return text;
  throw new InvalidArgumentError("It must begin with /.");
}

function addHeader(text: string, before: readonly Header[]): readonly Header[] {
  const [, name, value] = /^([A-Za-z0-9!#$%&'*+\-.^_`|~]+)(?:=|:\s*)([^]*)$/.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("It must be NAME=VALUE.");
  return [...before, [name, value]];
}

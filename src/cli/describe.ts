import { Argument, Command } from "commander";
import { z } from "zod";
import { closest } from "../api/suggest.ts";
import { HeddleError } from "../base/errors.ts";
import type { KubeObject } from "../kube/object.ts";
import { type ClusterFlags, connectCluster, withClusterFlags } from "./cluster-access.ts";
import { describePod } from "./describe-pod.ts";
import { describePolicy } from "./describe-policy.ts";
import { describeService } from "./describe-service.ts";
import { loadCluster } from "./load-cluster.ts";
import { type LoadedMesh, loadMesh } from "./load-mesh.ts";

interface Options extends ClusterFlags {
  readonly namespace?: string;
  readonly filename?: readonly string[];
  readonly clusterDomain: string;
}

const KINDS = ["policy", "service", "pod"] as const;
type Kind = (typeof KINDS)[number];

export function describeCommand(): Command {
  const command = new Command("describe")
    .description("Say in words what the mesh makes of a policy, a service or a pod, and what is wrong with it.")
    .addArgument(new Argument("<kind>", "what it is").choices(KINDS))
    .argument("<name>", "its name")
    .option("-n, --namespace <name>", "its namespace (default: the context's)")
    .option("-f, --filename <path...>", "read folders of manifests, or files, instead of a cluster")
    .option("--cluster-domain <name>", "suffix of service names", "cluster.local");
  return withClusterFlags(command)
    .addHelpText(
      "after",
      "\nExamples:\n  heddle describe policy checkout -n shop\n  heddle describe service checkout -n shop -f manifests\n",
    )
    .action(async (kind: Kind, name: string, options: Options) => {
      const { mesh, namespace, policies } = await load(options);
      const key = `${namespace}/${name}`;
      process.stdout.write(describe(kind, key, mesh, policies));
    });
}

interface Loaded {
  readonly mesh: LoadedMesh;
  readonly namespace: string;
  readonly policies: readonly KubeObject[];
}

async function load(options: Options): Promise<Loaded> {
  const { filename, namespace, clusterDomain } = options;
  if (filename)
    return { mesh: await loadMesh(filename, clusterDomain), namespace: namespace ?? "default", policies: [] };
  const connection = await connectCluster(options);
  try {
    const mesh = await loadCluster(connection.client, clusterDomain);
    return { mesh, namespace: namespace ?? connection.namespace, policies: mesh.policies };
  } finally {
    connection.client.close();
  }
}

function describe(kind: Kind, key: string, mesh: LoadedMesh, policies: readonly KubeObject[]): string {
  const { services, workloads, policies: known } = mesh.snapshot;
  switch (kind) {
    case "service":
      return describeService(mesh, find("Service", services, key));
    case "pod":
      return describePod(mesh, find("Pod", workloads, key));
    case "policy":
      return describePolicy(mesh, find("TrafficPolicy", known, key), statusOf(policies, key));
  }
}

function find<T>(kind: string, known: ReadonlyMap<string, T>, key: string): T {
  const found = known.get(key);
  if (found !== undefined) return found;
  const meant = closest(key, [...known.keys()]);
  throw new HeddleError(
    "NOT_FOUND",
    `there is no ${kind} ${key}${meant === undefined ? "" : `; did you mean ${meant}?`}`,
  );
}

const status = z.object({
  conditions: z
    .array(z.object({ type: z.string(), status: z.string(), reason: z.string(), message: z.string() }))
    .default([]),
  proxies: z.object({ summary: z.string() }).optional(),
  rejections: z.array(z.object({ proxy: z.string(), reason: z.string() })).default([]),
});

export type ShownStatus = z.output<typeof status>;

function statusOf(policies: readonly KubeObject[], key: string): ShownStatus | undefined {
  const policy = policies.find(({ metadata }) => `${metadata.namespace}/${metadata.name}` === key);
  const parsed = status.safeParse(policy?.["status"]);
  return parsed.success ? parsed.data : undefined;
}

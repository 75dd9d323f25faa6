import { Command, Option } from "commander";
import { type ClusterFlags, connectCluster, withClusterFlags } from "../cluster-access.ts";
import { EXIT } from "../exit.ts";
import { type CheckGroup, formatGroups } from "./check.ts";
import { checkInstallation, checkMesh } from "./post-install.ts";
import { checkRights, checkServer } from "./pre-install.ts";

interface Options extends ClusterFlags {
  readonly pre?: boolean;
  readonly output: "text" | "json";
}

export function checkCommand(): Command {
  const command = new Command("check")
    .description("Check that Heddle can be installed, or that it works, with advice where it does not.")
    .option("--pre", "only what must hold before the installation")
    .addOption(new Option("-o, --output <format>", "how to print it").choices(["text", "json"]).default("text"));
  return withClusterFlags(command)
    .addHelpText(
      "after",
      "\nExit codes: 0 all is well, or only warnings; 1 something failed.\n\nExamples:\n  heddle check --pre\n  heddle check\n",
    )
    .action(async (options: Options) => {
      const connection = await connectCluster(options);
      try {
        const groups = await run(connection, options);
        process.stdout.write(
          options.output === "json" ? `${JSON.stringify(groups, undefined, 2)}\n` : formatGroups(groups),
        );
        const bad = groups.some(({ findings }) => findings.some(({ outcome }) => outcome === "failed"));
        process.exitCode = bad ? EXIT.failure : EXIT.ok;
      } finally {
        connection.client.close();
      }
    });
}

async function run(
  connection: Awaited<ReturnType<typeof connectCluster>>,
  { pre, heddleNamespace }: Options,
): Promise<readonly CheckGroup[]> {
  const server = await checkServer(connection.client);
  if (server.findings.some(({ outcome }) => outcome === "failed")) return [server];
  if (pre) return [server, await checkRights(connection.client, heddleNamespace)];
  return [server, await checkInstallation(connection, heddleNamespace), await checkMesh(connection)];
}

import { logVerbosity, setLogVerbosity } from "@grpc/grpc-js";
import { Command, Option } from "commander";
import { createControlPlane } from "../control-plane/control-plane.ts";
import { configSchema } from "../control-plane/config.ts";
import { createLogger, LOG_LEVELS } from "../telemetry/logger.ts";
import { EXIT } from "./exit.ts";

/** Longest time that a clean stop may take, in milliseconds. */
const STOP_LIMIT = 5000;

export function serveCommand(): Command {
  const option = (flags: string, description: string, env: string): Option => new Option(flags, description).env(env);
  const command = new Command("serve")
    .description("Serve xDS to sidecars: from a cluster, or from a folder of manifests that is watched for changes.")
    .addOption(
      option(
        "--source <source>",
        "kubernetes, or dir:PATH for a folder of manifests",
        "HEDDLE_SOURCE",
      ).makeOptionMandatory(),
    )
    .addOption(
      option("--xds-address <host:port>", "where sidecars connect (default: 127.0.0.1:18000)", "HEDDLE_XDS_ADDRESS"),
    )
    .addOption(
      option(
        "--admin-address <host:port>",
        "health, metrics, debug (default: 127.0.0.1:18001)",
        "HEDDLE_ADMIN_ADDRESS",
      ),
    )
    .addOption(
      option("--health-address <host:port>", "health and metrics alone (default: none)", "HEDDLE_HEALTH_ADDRESS"),
    )
    .addOption(
      option("--cluster-domain <name>", "suffix of service names (default: cluster.local)", "HEDDLE_CLUSTER_DOMAIN"),
    )
    .addOption(
      option(
        "--outbound-policy <policy>",
        "traffic for hosts that the mesh does not know (default: allow-any)",
        "HEDDLE_OUTBOUND_POLICY",
      ).choices(["allow-any", "registry-only"]),
    )
    .addOption(option("--log-level <level>", "how much to log (default: info)", "HEDDLE_LOG_LEVEL").choices(LOG_LEVELS))
    .addHelpText("after", "\nExamples:\n  heddle serve --source dir:./manifests\n  heddle serve --source kubernetes\n");
  for (const [flags, description, env] of IN_CLUSTER) command.addOption(option(flags, description, env));
  return command.action(async (options: Record<string, unknown>, command: Command) => {
    const parsed = configSchema.safeParse(options);
    if (!parsed.success) {
      const issues = parsed.error.issues.map(({ path, message }) => `${flagOf(path[0])}: ${message}`);
      command.error(`error: ${issues.join("\n       ")}`, { exitCode: EXIT.usage });
    }
    await serve(parsed.data);
  });
}

/** Only mean something with `--source kubernetes`. */
const IN_CLUSTER = [
  ["--kubeconfig <file>", "kubeconfig (default: as kubectl, or the pod's account)", "HEDDLE_KUBECONFIG"],
  ["--context <name>", "context of the kubeconfig (default: the current one)", "HEDDLE_CONTEXT"],
  ["--namespace <name>", "namespace of the control plane (default: heddle-system)", "HEDDLE_NAMESPACE"],
  ["--replica <name>", "own pod (default: heddle-0)", "HEDDLE_REPLICA"],
  ["--service <name>", "Service of the control plane (default: heddle)", "HEDDLE_SERVICE"],
  ["--webhook-address <host:port>", "the injector (default: 127.0.0.1:18443)", "HEDDLE_WEBHOOK_ADDRESS"],
  ["--tls-dir <folder>", "tls.crt, tls.key and ca.crt of a Secret (default: a CA of its own)", "HEDDLE_TLS_DIR"],
  ["--injector-config <file>", "settings of the injector (default: none, no injector)", "HEDDLE_INJECTOR_CONFIG"],
  [
    "--webhook-configuration <name>",
    "MutatingWebhookConfiguration whose CA Heddle keeps (default: none)",
    "HEDDLE_WEBHOOK_CONFIGURATION",
  ],
] as const;

function flagOf(key: PropertyKey | undefined): string {
  return `--${String(key).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

async function serve(config: Parameters<typeof createControlPlane>[0]): Promise<void> {
  // What the transport would print by itself is no log line; what matters of it is reported by Heddle.
  setLogVerbosity(logVerbosity.NONE);
  const logger = createLogger(config.logLevel);
  const controlPlane = createControlPlane(config, { logger });
  const stopped = new Promise<string>((resolve) => {
    process.once("SIGTERM", () => resolve("SIGTERM"));
    process.once("SIGINT", () => resolve("SIGINT"));
  });
  await controlPlane.start();
  logger.info({ signal: await stopped }, "stopping; sidecars go on with what they have");
  const limit = setTimeout(() => process.exit(EXIT.failure), STOP_LIMIT);
  await controlPlane.stop();
  clearTimeout(limit);
}

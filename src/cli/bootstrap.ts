import { Command, InvalidArgumentError } from "commander";
import { type HostPort, parseHostPort } from "../control-plane/config.ts";
import { bootstrap } from "../translate/bootstrap.ts";
import { formatOption, type Format, printData } from "./output.ts";

interface Options {
  readonly proxy?: string;
  readonly xds: HostPort;
  readonly adminAddress: HostPort;
  readonly output: Format;
}

export function bootstrapCommand(): Command {
  return new Command("bootstrap")
    .description("Print the bootstrap configuration of a sidecar.")
    .option(
      "--proxy <pod.namespace>",
      "the pod that the sidecar belongs to; left out, Envoy's --service-node says it",
      proxyId,
    )
    .option("--xds <host:port>", "address of the control plane", address, { host: "127.0.0.1", port: 18_000 })
    .option("--admin-address <host:port>", "Envoy's own admin interface", address, { host: "127.0.0.1", port: 15_000 })
    .addOption(formatOption("yaml"))
    .addHelpText("after", "\nExample:\n  heddle bootstrap --proxy web.shop > web.yaml && envoy -c web.yaml\n")
    .configureHelp({ optionDescription: describeOption })
    .action(({ proxy, xds, adminAddress, output }: Options) => {
      printData(bootstrap({ ...(proxy === undefined ? {} : { proxy }), xds, admin: adminAddress }), output);
    });
}

function describeOption({ description, defaultValue }: { description: string; defaultValue?: unknown }): string {
  if (defaultValue === undefined) return description;
  const shown = typeof defaultValue === "string" ? defaultValue : formatAddress(defaultValue);
  return `${description} (default: ${shown})`;
}

function formatAddress(value: unknown): string {
  return typeof value === "object" && value !== null && "host" in value && "port" in value
    ? `${String(value.host)}:${String(value.port)}`
    : String(value);
}

function address(text: string): HostPort {
  const parsed = parseHostPort(text);
  if (!parsed) throw new InvalidArgumentError("it must be HOST:PORT, such as 127.0.0.1:18000");
  return parsed;
}

function proxyId(text: string): string {
  if (!/^[a-z0-9][-a-z0-9.]*\.[a-z0-9][-a-z0-9]*$/.test(text)) {
    throw new InvalidArgumentError("it must be POD.NAMESPACE, such as web-0.shop");
  }
  return text;
}

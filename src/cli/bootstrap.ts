import { Command, InvalidArgumentError, Option } from "commander";
import { formatHostPort, type HostPort, parseHostPort } from "../control-plane/config.ts";
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
    .addOption(addressOption("--xds <host:port>", "address of the control plane", 18_000))
    .addOption(addressOption("--admin-address <host:port>", "Envoy's own admin interface", 15_000))
    .addOption(formatOption("yaml"))
    .addHelpText("after", "\nExample:\n  heddle bootstrap --proxy web.shop > web.yaml && envoy -c web.yaml\n")
    .action(({ proxy, xds, adminAddress, output }: Options) => {
      printData(bootstrap({ ...(proxy === undefined ? {} : { proxy }), xds, admin: adminAddress }), output);
    });
}

function addressOption(flags: string, description: string, port: number): Option {
  const fallback = { host: "127.0.0.1", port };
  return new Option(flags, description).argParser(address).default(fallback, formatHostPort(fallback));
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

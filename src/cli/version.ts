import { Command } from "commander";
import manifest from "../../package.json" with { type: "json" };
import { formatOption, type Format, printData } from "./output.ts";

export const VERSION: string = manifest.version;

export function versionCommand(): Command {
  return new Command("version")
    .description("Print the versions of Heddle and of what runs it.")
    .addOption(formatOption("yaml"))
    .action(({ output }: { output: Format }) => {
      printData({ heddle: VERSION, node: process.versions.node, supportedEnvoys: ">= 1.37" }, output);
    });
}

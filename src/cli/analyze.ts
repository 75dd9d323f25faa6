import { Command, Option } from "commander";
import type { Diagnostic } from "../base/diagnostic.ts";
import { analyzeMesh } from "./analyze-mesh.ts";
import { EXIT } from "./exit.ts";
import { counted, countText, findingText } from "./finding-text.ts";
import { loadMesh } from "./load-mesh.ts";

interface Options {
  readonly filename: readonly string[];
  readonly clusterDomain: string;
  readonly output: "text" | "json";
}

export function analyzeCommand(): Command {
  return new Command("analyze")
    .description("Find mistakes in manifests: what is wrong, where, and what would be right.")
    .requiredOption("-f, --filename <path...>", "folders of manifests, or files")
    .option("--cluster-domain <name>", "suffix of service names", "cluster.local")
    .addOption(new Option("-o, --output <format>", "how to print it").choices(["text", "json"]).default("text"))
    .addHelpText(
      "after",
      "\nEach finding has a code; docs/diagnostics.md says of each what comes of it and how to mend it.\n\nExit codes: 0 nothing found, 1 findings, 2 wrong usage, or nothing to read there.\n\nExample:\n  heddle analyze -f manifests\n",
    )
    .action(async ({ filename, clusterDomain, output }: Options) => {
      const mesh = await loadMesh(filename, clusterDomain);
      const findings = analyzeMesh(mesh, clusterDomain);
      const objects = Object.values(mesh.state.objects).reduce((sum, ofKind) => sum + ofKind.size, 0);
      const ignored = [...mesh.state.ignored.values()].reduce((sum, count) => sum + count, 0);
      print(findings, { objects, ignored }, output);
      process.exitCode = findings.length > 0 ? EXIT.findings : EXIT.ok;
    });
}

function print(
  findings: readonly Diagnostic[],
  { objects, ignored }: { readonly objects: number; readonly ignored: number },
  output: "text" | "json",
): void {
  if (output === "json") {
    process.stdout.write(`${JSON.stringify({ objects, ignored, findings }, undefined, 2)}\n`);
    return;
  }
  for (const finding of findings) process.stdout.write(findingText(finding, process.stdout));
  const read = `${counted(objects, "object")} read${ignored > 0 ? `, ${ignored} of other kinds ignored` : ""}`;
  process.stderr.write(`${countText(findings)}; ${read}\n`);
}

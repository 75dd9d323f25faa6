import { Command, Option } from "commander";
import { closest } from "../api/suggest.ts";
import { formatDiagnostic } from "../base/diagnostic.ts";
import { HeddleError } from "../base/errors.ts";
import { createEncoder, resourcesOf } from "../control-plane/encode.ts";
import { renderResources } from "../control-plane/render.ts";
import { withPlace } from "../model/objects.ts";
import type { MeshSnapshot } from "../model/snapshot.ts";
import { resolveProxy } from "../translate/proxy.ts";
import { DEFAULT_SETTINGS, type MeshSettings } from "../translate/settings.ts";
import { createTranslator } from "../translate/translate.ts";
import { loadMesh } from "./load-mesh.ts";
import { formatOption, type Format, printData } from "./output.ts";

interface Options {
  readonly filename: readonly string[];
  readonly proxy: string;
  readonly clusterDomain: string;
  readonly outboundPolicy: MeshSettings["outboundPolicy"];
  readonly output: Format;
}

export function translateCommand(): Command {
  return new Command("translate")
    .description("Print what a sidecar would be sent, without a server: the code that serves, run once.")
    .requiredOption("-f, --filename <path...>", "folders of manifests, or files")
    .requiredOption("--proxy <pod.namespace>", "the pod whose sidecar it is")
    .option("--cluster-domain <name>", "suffix of service names", "cluster.local")
    .addOption(
      new Option("--outbound-policy <policy>", "traffic for hosts that the mesh does not know")
        .choices(["allow-any", "registry-only"])
        .default(DEFAULT_SETTINGS.outboundPolicy),
    )
    .addOption(formatOption("yaml"))
    .addHelpText("after", "\nExample:\n  heddle translate -f manifests --proxy web.shop -o json | jq .routes\n")
    .action(async ({ filename, proxy: id, clusterDomain, outboundPolicy, output }: Options) => {
      const { snapshot, state, diagnostics } = await loadMesh(filename, clusterDomain);
      const proxy = resolveProxy(snapshot, id);
      if (!proxy) throw new HeddleError("UNKNOWN_PROXY", unknownProxy(id, snapshot, filename.join(", ")));
      const config = createTranslator({ ...DEFAULT_SETTINGS, clusterDomain, outboundPolicy })(snapshot, proxy);
      const encoded = createEncoder(() => {})(config);
      for (const diagnostic of [...diagnostics, ...config.diagnostics, ...encoded.diagnostics]) {
        process.stderr.write(`${formatDiagnostic(withPlace(state.objects, diagnostic))}\n`);
      }
      printData(renderResources(resourcesOf(encoded)), output);
    });
}

/** Most pods that the message names. */
const MAX_NAMED = 10;

function unknownProxy(id: string, { workloads }: MeshSnapshot, path: string): string {
  const ids = [...workloads.values()].map(({ name, namespace }) => `${name}.${namespace}`).sort();
  if (ids.length === 0) return `there is no pod ${id}: ${path} holds no pods at all`;
  const meant = closest(id, ids);
  if (meant !== undefined) return `there is no pod ${id}; did you mean ${meant}?`;
  const more = ids.length > MAX_NAMED ? `, and ${ids.length - MAX_NAMED} more` : "";
  return `there is no pod ${id}; pods in ${path} are ${ids.slice(0, MAX_NAMED).join(", ")}${more}`;
}

import type { Workload } from "../model/snapshot.ts";
import { resolveProxy } from "../translate/proxy.ts";
import { servedPorts } from "../translate/served-port.ts";
import { field, findingsOf, labelsOf, section } from "./describe-text.ts";
import type { LoadedMesh } from "./load-mesh.ts";
import { formatTable } from "./output.ts";

/** A pod: whether it has a sidecar, and what reaches its application through it. */
export function describePod({ snapshot, state, diagnostics }: LoadedMesh, workload: Workload): string {
  const { key, ref, addresses, labels, annotations, serviceAccount, node, region, zone } = workload;
  const pod = state.objects.Pod.get(key)?.object;
  const services = [...snapshot.services.values()];
  const selecting = services.filter(({ endpoints }) => endpoints.some((endpoint) => endpoint.workload === key));
  const served = servedPorts(snapshot, workload, () => {});
  const proxy = resolveProxy(snapshot, `${workload.name}.${workload.namespace}`);
  const injected = annotations["heddle.dev/injected"];
  return [
    field("Pod", key),
    field("Addresses", addresses.join(", ")),
    field("Labels", labelsOf(labels)),
    field("Account", serviceAccount),
    field("Locality", [region, zone, node].filter((part) => part !== "").join("/")),
    field("Ready", pod?.ready === false ? "no" : "yes"),
    field("Sidecar", injected === undefined ? "none was injected" : `injected (template ${injected})`),
    field("Capture", proxy?.capture ?? "-"),
    field("Services", selecting.map((service) => service.key).join(", ")),
    section(
      "Served ports",
      served.length === 0
        ? "none: no Service leads to this pod\n"
        : formatTable(
            ["PORT", "PROTOCOL"],
            served.map(({ port, protocol }) => [String(port), protocol]),
          ),
    ),
    findingsOf([...diagnostics, ...(proxy?.diagnostics ?? [])], [ref]),
  ].join("");
}

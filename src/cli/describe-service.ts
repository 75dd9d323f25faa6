import type { Service } from "../model/snapshot.ts";
import { endpointTable, field, findingsOf, labelsOf, section } from "./describe-text.ts";
import type { LoadedMesh } from "./load-mesh.ts";
import { formatTable } from "./output.ts";

/** A service as callers in the mesh see it. */
export function describeService({ snapshot, diagnostics }: LoadedMesh, service: Service): string {
  const { ref, hostname, type, clusterIPs, externalName, ports, selector, endpoints, policy } = service;
  const ready = endpoints.filter((endpoint) => endpoint.ready).length;
  const others = [...snapshot.policies.values()].filter(
    (other) =>
      other.key !== policy?.key &&
      other.namespace === service.namespace &&
      other.spec.targetRefs.some(({ name }) => name === service.name),
  );
  const rows = ports.map(({ name, port, targetPort, protocol }) => [
    name === "" ? "-" : name,
    String(port),
    String(targetPort),
    protocol === "Auto" ? "Auto (told by the first bytes)" : protocol,
  ]);
  return [
    field("Service", service.key),
    field("Host", hostname),
    field("Type", externalName === undefined ? type : `${type} of ${externalName}`),
    field("Addresses", clusterIPs.join(", ")),
    field("Selector", labelsOf(selector)),
    field("Policy", policy?.key ?? "none: plain defaults"),
    ...others.map((other) => field("Not in force", `${other.key}: an older policy targets the service`)),
    section("Ports", ports.length === 0 ? "none\n" : formatTable(["NAME", "PORT", "TARGET", "PROTOCOL"], rows)),
    section(`Endpoints (${ready} of ${endpoints.length} ready)`, endpointTable(endpoints)),
    endpoints.length > 0 ? "" : field("Note", "callers get 503 until a pod is ready; does the selector match any pod?"),
    findingsOf(diagnostics, [ref, ...(policy ? [policy.ref] : []), ...others.map((other) => other.ref)]),
  ].join("");
}

/** Ports of a Service that lead nowhere, or whose protocol is misspelt. */
import { refOf } from "../../api/parse-object.ts";
import type { ServiceObject } from "../../api/service.ts";
import { closest } from "../../api/suggest.ts";
import { diagnostic } from "../../base/diagnostic-codes.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { PROTOCOL_NAMES } from "../protocol.ts";
import type { Endpoints } from "../endpoints.ts";

/** Ports that none of the service's endpoints has. Where a slice fits none of them, that is the finding. */
export function portsWithoutEndpoint(
  service: ServiceObject,
  { endpoints, diagnostics }: Endpoints,
): readonly Diagnostic[] {
  if (endpoints.length === 0 || diagnostics.some(({ code }) => code === "HED1309")) return [];
  return service.ports.flatMap(({ name, port, targetPort, protocol }, index) => {
    if (protocol === "SCTP" || endpoints.some(({ ports }) => ports[name] !== undefined)) return [];
    const of = endpoints.length === 1 ? "the only endpoint has no" : `none of the ${endpoints.length} endpoints has a`;
    const message =
      typeof targetPort === "string"
        ? `port ${port} leads nowhere: ${of} container port named "${targetPort}"`
        : `port ${port} leads nowhere: ${of} port of its name`;
    return [diagnostic("HED1377", { ref: refOf(service), path: `spec.ports[${index}].targetPort`, message })];
  });
}

/** Words that are nearly one that says a protocol; others are the application's own business. */
export function misspeltProtocols(service: ServiceObject): readonly Diagnostic[] {
  return service.ports.flatMap(({ port, protocol, appProtocol }, index) => {
    const word = appProtocol.toLowerCase();
    if (protocol !== "TCP" || word === "" || PROTOCOL_NAMES.includes(word)) return [];
    const meant = closest(word, PROTOCOL_NAMES);
    if (meant === undefined) return [];
    const message = `"${appProtocol}" says nothing of port ${port}, whose protocol is guessed; did you mean "${meant}"?`;
    return [diagnostic("HED1378", { ref: refOf(service), path: `spec.ports[${index}].appProtocol`, message })];
  });
}

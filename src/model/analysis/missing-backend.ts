import type { Backend } from "../../api/traffic-policy.ts";
import type { DiagnosticCode } from "../../base/diagnostic-codes.ts";
import type { Diagnostic } from "../../base/diagnostic.ts";
import { resolveBackend } from "../backend.ts";
import { finding, type Subject } from "./subject.ts";

const CODES = { service: "HED1304", port: "HED1305", subset: "HED1306" } as const satisfies Record<
  string,
  DiagnosticCode
>;

/** Backends of splits and mirrors that are not there. */
export function missingBackends(subject: Subject): readonly Diagnostic[] {
  const { routes = [], tcp } = subject.policy.spec;
  return [
    ...missingIn(subject, "spec.tcp.split", tcp?.split ?? []),
    ...routes.flatMap(({ split = [], mirror = [] }, index) => [
      ...missingIn(subject, `spec.routes[${index}].split`, split),
      ...missingIn(subject, `spec.routes[${index}].mirror`, mirror),
    ]),
  ];
}

/** @param list path of the list that the backends stand in */
function missingIn({ services, policy }: Subject, list: string, backends: readonly Backend[]): readonly Diagnostic[] {
  return backends.flatMap((backend, at) => {
    const resolved = resolveBackend(services, policy, backend);
    if (resolved.found !== "nothing") return [];
    return [finding(policy, CODES[resolved.field], `${list}[${at}].${resolved.field}`, resolved.message)];
  });
}

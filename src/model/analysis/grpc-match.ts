import type { Diagnostic } from "../../base/diagnostic.ts";
import type { ServicePort } from "../snapshot.ts";
import { finding, type Subject } from "./subject.ts";

/** Routes for gRPC calls to targets that get all requests by HTTP/1.1, which has no gRPC. */
export function grpcOverHttp1({ policy, targets }: Subject): readonly Diagnostic[] {
  const { routes = [], connection } = policy.spec;
  if (connection?.http2 || targets.length === 0 || !targets.every(({ ports }) => onlyHttp1(ports))) return [];
  const keys = targets.map(({ key }) => `Service ${key}`).join(" and ");
  return routes.flatMap(({ match = [], split = [], redirect, directResponse }, index) => {
    if (redirect || directResponse || split.some(({ service }) => service !== undefined)) return [];
    return match.flatMap(({ grpc }, at) => {
      if (!grpc) return [];
      const message = `${keys} ${targets.length === 1 ? "gets" : "get"} requests by HTTP/1.1 only, and gRPC needs HTTP/2`;
      return [finding(policy, "HED1351", `spec.routes[${index}].match[${at}].grpc`, message)];
    });
  });
}

/** gRPC-Web, which needs no HTTP/2, is known by the name of its port. */
function onlyHttp1(ports: readonly ServicePort[]): boolean {
  const taking = ports.filter(({ protocol }) => protocol !== "TCP" && protocol !== "TLS" && protocol !== "UDP");
  return taking.length > 0 && taking.every(({ name, protocol }) => protocol === "HTTP" && !name.startsWith("grpc"));
}

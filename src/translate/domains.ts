/** The host names by which a service is called. */
import { isIPv6 } from "node:net";
import type { ServiceDefinition } from "../model/snapshot.ts";

/** Hosts without port that mean `service` to a caller in `namespace`, in a fixed order. */
export function hostsOf(service: ServiceDefinition, namespace: string): readonly string[] {
  const { name, hostname, clusterIPs, external } = service;
  if (external) return external.hosts;
  const qualified = [`${name}.${service.namespace}`, `${name}.${service.namespace}.svc`, hostname];
  const short = service.namespace === namespace ? [name] : [];
  return [...short, ...qualified, ...clusterIPs.map((ip) => (isIPv6(ip) ? `[${ip}]` : ip))];
}

/** Hosts that mean one pod of a headless service: `pod-0.db.shop`. */
export function podHostsOf(service: ServiceDefinition, namespace: string): readonly string[] {
  return hostsOf(service, namespace).map((host) => `*.${host}`);
}

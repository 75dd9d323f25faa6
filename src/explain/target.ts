/** What a host name and a port mean to an application, before any sidecar is asked: DNS, and which port is called. */
import { isIP } from "node:net";
import type { Endpoint, MeshSnapshot, Service, ServicePort } from "../model/snapshot.ts";
import { hostsOf } from "../translate/domains.ts";

export interface Target {
  /** As it was given. */
  readonly host: string;
  readonly port: number;
  /** Where DNS leads; undefined for names that the mesh does not know. */
  readonly address: string | undefined;
  /** What the address is. */
  readonly what: string;
  readonly service: Service | undefined;
  readonly servicePort: ServicePort | undefined;
}

/** @param port by default 80 where the service has it, else the service's first */
export function targetOf(snapshot: MeshSnapshot, namespace: string, host: string, port?: number): Target {
  const services = [...snapshot.services.values()];
  const name = host.toLowerCase();
  const bare = name.replace(/^\[(.*)\]$/, "$1");
  const service = serviceCalled(services, namespace, name, port);
  const ports = (service?.ports ?? []).filter(({ protocol }) => protocol !== "UDP");
  const called = port ?? (ports.find((p) => p.port === 80) ?? ports[0])?.port ?? 80;
  const servicePort = ports.find((p) => p.port === called);
  const of = (address: string | undefined, what: string): Target => ({
    host,
    port: called,
    address,
    what,
    service,
    servicePort,
  });
  if (isIP(bare)) return of(bare, service ? `an address of Service ${service.key}` : "an address");
  if (service) return ofService(service, of);
  const [pod, headless] = podOf(services, namespace, name);
  if (pod) return of(pod.address, `Pod ${pod.workload} of the headless Service ${headless.key}`);
  return of(undefined, "a name that is none of the mesh's");
}

/** By its own name, else by the longest wildcard; of two ExternalServices with one host the one that has the port. */
function serviceCalled(
  services: readonly Service[],
  namespace: string,
  name: string,
  port: number | undefined,
): Service | undefined {
  const named = (pattern: string): Service | undefined => {
    const found = services.filter((candidate) => resolves(candidate, namespace, pattern));
    return found.find(({ ports }) => ports.some((p) => p.port === port)) ?? found[0];
  };
  const labels = name.replace(/\.$/, "").split(".");
  const wildcards = labels.slice(1).map((_, index) => `*.${labels.slice(index + 1).join(".")}`);
  return [name, ...wildcards].map(named).find((service) => service !== undefined);
}

/** Whether DNS takes a name for the service's; one with a dot at its end is complete, so that no search domain is tried. */
function resolves(service: Service, namespace: string, name: string): boolean {
  if (!name.endsWith(".")) return hostsOf(service, namespace).includes(name);
  return (service.external?.hosts ?? [service.hostname]).includes(name.slice(0, -1));
}

function ofService(service: Service, of: (address: string | undefined, what: string) => Target): Target {
  if (service.type === "ExternalName") return of(undefined, `an alias of ${service.externalName}, which DNS resolves`);
  const [clusterIP] = service.clusterIPs;
  if (service.external) {
    const what = `ExternalService ${service.namespace}/${service.name}`;
    return clusterIP === undefined
      ? of(undefined, `${what}, which DNS resolves`)
      : of(clusterIP, `an address of ${what}`);
  }
  if (clusterIP !== undefined) return of(clusterIP, `the cluster IP of Service ${service.key}`);
  const endpoint = service.endpoints.find(({ ready }) => ready);
  if (endpoint) return of(endpoint.address, `one of the pods of the headless Service ${service.key}`);
  return of(undefined, `nothing: the headless Service ${service.key} has no endpoint that is ready`);
}

/** `pod-0.db.shop` */
function podOf(
  services: readonly Service[],
  namespace: string,
  host: string,
): [pod: Endpoint, service: Service] | [undefined] {
  const dot = host.indexOf(".");
  const headless = services.find((s) => s.type === "Headless" && resolves(s, namespace, host.slice(dot + 1)));
  const pod = headless?.endpoints.find(({ workload }) => workload === `${headless.namespace}/${host.slice(0, dot)}`);
  return headless && pod ? [pod, headless] : [undefined];
}

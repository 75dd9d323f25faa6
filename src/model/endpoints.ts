/** The endpoints of a Service: what its EndpointSlices say, merged by address. */
import type { EndpointSliceObject, SliceEndpoint } from "../api/endpoint-slice.ts";
import { familyOf, type IpFamily } from "../api/ip-address.ts";
import { refOf } from "../api/parse-object.ts";
import type { PodObject } from "../api/pod.ts";
import type { ServiceObject } from "../api/service.ts";
import { diagnostic } from "../base/diagnostic-codes.ts";
import type { Diagnostic } from "../base/diagnostic.ts";
import { localityOf } from "./locality.ts";
import type { ObjectSet } from "./objects.ts";
import { compareText } from "./order.ts";
import type { Endpoint } from "./snapshot.ts";
import type { PodIndex } from "./pod-index.ts";

export interface Endpoints {
  readonly endpoints: readonly Endpoint[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Merges the slices of one service, given by name: one endpoint an address, sorted; where slices disagree, the ready one wins. Endpoints
 * that neither take nor finish requests are left out. Of a dual-stack service only the primary family counts, so that
 * no pod gets two shares.
 */
export function sliceEndpoints(
  objects: ObjectSet,
  pods: PodIndex,
  service: ServiceObject,
  slices: readonly EndpointSliceObject[],
  awaitPods = false,
): Endpoints {
  const diagnostics: Diagnostic[] = [];
  const merged = new Map<string, Endpoint>();
  for (const slice of slices) {
    if (slice.addressType === "FQDN") {
      const message = "slices of host names are not used; give IP addresses, or make the Service an ExternalName";
      diagnostics.push(diagnostic("HED1310", { ref: refOf(slice), path: "addressType", message }));
      continue;
    }
    const ports = portsByName(service, slice);
    if (Object.keys(ports).length === 0 && slice.endpoints.length > 0) diagnostics.push(unmatchedPorts(service, slice));
    for (const [index, entry] of slice.endpoints.entries()) {
      const pod = podBehind(pods, slice, entry);
      if (isOver(entry) || (awaitPods && isAhead(entry, pod))) continue;
      const next = endpointOf(objects, pod, entry, ports);
      const known = merged.get(entry.address);
      const contradiction = known && contradictingPort(known, next);
      if (contradiction !== undefined) diagnostics.push(twoNumbers(slice, index, contradiction));
      merged.set(entry.address, known ? mergeEndpoints(known, next) : next);
    }
  }
  return { endpoints: primaryFamily(service, [...merged.values()]).sort(byAddress), diagnostics };
}

/** Keeps one address family: the service's first, where any endpoint has it. */
export function primaryFamily(service: ServiceObject, endpoints: readonly Endpoint[]): Endpoint[] {
  const clusterIP = service.clusterIPs[0];
  const family: IpFamily | undefined =
    service.ipFamilies[0] ?? (clusterIP === undefined ? undefined : familyOf(clusterIP));
  const primary = endpoints.filter((e) => familyOf(e.address) === family);
  return primary.length > 0 ? primary : [...endpoints];
}

export function byAddress(a: Endpoint, b: Endpoint): number {
  return compareText(a.address, b.address);
}

/** Port numbers by service-port name, in an object without a prototype: a port may be called `constructor`. */
export function portRecord(ports: Iterable<readonly [string, number]>): Readonly<Record<string, number>> {
  const record: Record<string, number> = Object.create(null);
  for (const [name, port] of ports) record[name] = port;
  return record;
}

function portsByName(service: ServiceObject, slice: EndpointSliceObject): Readonly<Record<string, number>> {
  const names = new Set(service.ports.map((port) => port.name));
  return portRecord(slice.ports.filter(({ name }) => names.has(name)).map(({ name, port }) => [name, port]));
}

function podBehind(pods: PodIndex, slice: EndpointSliceObject, entry: SliceEndpoint): PodObject | undefined {
  if (entry.pod !== "") return pods.get(`${slice.meta.namespace}/${entry.pod}`);
  return pods.at(entry.address);
}

/** It neither takes nor finishes requests. */
function isOver({ terminating, ready, serving }: SliceEndpoint): boolean {
  return terminating && !ready && !serving;
}

/** It names a pod that is not known yet, or not yet with this address. */
function isAhead(entry: SliceEndpoint, pod: PodObject | undefined): boolean {
  return entry.pod !== "" && !pod?.addresses.includes(entry.address);
}

function endpointOf(
  objects: ObjectSet,
  pod: PodObject | undefined,
  entry: SliceEndpoint,
  ports: Readonly<Record<string, number>>,
): Endpoint {
  const labels = pod?.meta.labels ?? {};
  const node = entry.node || (pod?.node ?? "");
  const { region, zone } = localityOf(objects, node, labels);
  return {
    address: entry.address,
    ports,
    ready: entry.ready,
    serving: entry.serving,
    terminating: entry.terminating,
    region,
    zone: entry.zone || zone,
    node,
    workload: pod ? `${pod.meta.namespace}/${pod.meta.name}` : "",
    labels,
  };
}

function mergeEndpoints(known: Endpoint, next: Endpoint): Endpoint {
  const [first, second] = next.ready && !known.ready ? [next, known] : [known, next];
  return { ...first, ports: portRecord([...Object.entries(second.ports), ...Object.entries(first.ports)]) };
}

function contradictingPort(known: Endpoint, next: Endpoint): string | undefined {
  return Object.entries(next.ports).find(([name, port]) => (known.ports[name] ?? port) !== port)?.[0];
}

function twoNumbers(slice: EndpointSliceObject, index: number, port: string): Diagnostic {
  const address = slice.endpoints[index]?.address ?? "";
  const message = `${address} is given with two numbers for port "${port}"; only one of them is used`;
  return diagnostic("HED1311", { ref: refOf(slice), path: `endpoints[${index}].addresses[0]`, message });
}

function unmatchedPorts(service: ServiceObject, slice: EndpointSliceObject): Diagnostic {
  const list = (ports: readonly { readonly name: string }[]): string =>
    ports.map(({ name }) => (name === "" ? "(unnamed)" : name)).join(", ") || "none";
  const message =
    `no port is named as one of Service ${service.meta.namespace}/${service.meta.name}: ` +
    `the slice has ${list(slice.ports)}, the service has ${list(service.ports)}`;
  return diagnostic("HED1309", { ref: refOf(slice), path: "ports", message });
}

/** Route tables (RDS): in transparent mode one a port, in explicit mode one for everything. */
import { create } from "@bufbuild/protobuf";
import type { Diagnostic } from "../base/diagnostic.ts";
import { type Route, type VirtualHost, VirtualHostSchema } from "../gen/envoy/config/route/v3/route_components_pb.ts";
import { type RouteConfiguration, RouteConfigurationSchema } from "../gen/envoy/config/route/v3/route_pb.ts";
import type { ServiceDefinition, ServicePort } from "../model/snapshot.ts";
import { hostsOf, podHostsOf } from "./domains.ts";
import type { Memo } from "./memo.ts";
import { EXPLICIT_ROUTES, portName, serviceName } from "./names.ts";
import { onDemandHost } from "./on-demand.ts";
import type { MeshSettings } from "./settings.ts";
import { podsVirtualHost, speaksHttp, unknownHosts, virtualHost } from "./virtual-host.ts";

/** What the tables are made of. */
export interface RouteInput {
  /** Oldest first: of two services that claim one domain the first has it. */
  readonly services: readonly ServiceDefinition[];
  /** Services that are looked up when they are called. */
  readonly lazy: readonly ServiceDefinition[];
  readonly namespace: string;
  /** What tells this caller's routes to a service from other callers', and to all services: see `caller.ts`. */
  readonly callerOf: (service: ServiceDefinition) => string;
  readonly caller: string;
  readonly settings: MeshSettings;
  /** The routes of a service port; the same array while nothing in them changes. */
  readonly routesOf: (service: ServiceDefinition, port: ServicePort) => readonly Route[];
  readonly memo: Memo;
  readonly report: (diagnostic: Diagnostic) => void;
}

/** One table a port that some service speaks HTTP on, and one for each port of undeclared protocol. */
export function transparentTables(input: RouteInput): RouteConfiguration[] {
  const { services, namespace, memo } = input;
  const tables: RouteConfiguration[] = [];
  for (const number of httpPorts([...services, ...input.lazy])) {
    const hosts: VirtualHost[] = [];
    for (const service of services) {
      const port = service.ports.find((p) => p.port === number && speaksHttp(p));
      if (!port) continue;
      const routes = input.routesOf(service, port);
      const key = `vhost/${namespace}/${number}/${input.callerOf(service)}`;
      hosts.push(
        memo.of(service.ref, key, [routes], () => virtualHost(service, number, hostsOf(service, namespace), routes)),
      );
      if (service.type !== "Headless") continue;
      hosts.push(
        memo.of(service.ref, `${key}/pods`, [], () => podsVirtualHost(service, number, podHostsOf(service, namespace))),
      );
    }
    const lazy = input.lazy.filter(({ ports }) => ports.some((port) => port.port === number));
    if (lazy.length > 0) hosts.push(onDemandHost(lazy, namespace, input.settings.clusterDomain));
    tables.push(table(input, String(number), [...hosts, unknownHosts(input.settings, true)], true));
  }
  for (const service of services) {
    for (const port of service.ports) {
      if (port.protocol === "Auto") tables.push(sniffedTable(input, service, port));
    }
  }
  return tables;
}

function sniffedTable(input: RouteInput, service: ServiceDefinition, port: ServicePort): RouteConfiguration {
  const routes = input.routesOf(service, port);
  const key = `vhost-any/${port.port}/${input.callerOf(service)}`;
  // The address the connection went to has chosen the service already.
  const host = input.memo.of(service.ref, key, [routes], () => virtualHost(service, port.port, ["*"], routes));
  return table(input, portName(service, port.port), [host], true);
}

/** All ports that have a table of their own, ascending. */
export function httpPorts(services: readonly ServiceDefinition[]): readonly number[] {
  const ports = new Set(services.flatMap(({ ports: all }) => all.filter(speaksHttp).map(({ port }) => port)));
  return [...ports].sort((a, b) => a - b);
}

/** The one table of an explicit sidecar: a host without a port means port 80, or else the service's first HTTP port. */
export function explicitTable(input: RouteInput): RouteConfiguration {
  const { services, namespace, memo } = input;
  const hosts = services.flatMap((service) => {
    const ports = service.ports.filter((port) => speaksHttp(port) || port.protocol === "Auto");
    const caller = input.callerOf(service);
    const preferred = ports.find(({ port }) => port === 80) ?? ports[0];
    return ports.map((port) => {
      const routes = input.routesOf(service, port);
      return memo.of(service.ref, `explicit/${namespace}/${port.port}/${caller}`, [routes], () => {
        const names = hostsOf(service, namespace);
        const withPort = names.map((name) => `${name}:${port.port}`);
        return virtualHost(service, port.port, port === preferred ? [...names, ...withPort] : withPort, routes);
      });
    });
  });
  const { lazy, settings } = input;
  const others = lazy.length > 0 ? [onDemandHost(lazy, namespace, settings.clusterDomain, httpPorts(lazy))] : [];
  return table(input, EXPLICIT_ROUTES, [...hosts, ...others, unknownHosts(settings, false)], false);
}

function table(
  input: RouteInput,
  name: string,
  hosts: readonly VirtualHost[],
  ignorePortInHostMatching: boolean,
): RouteConfiguration {
  const distinct = withoutDuplicates(input, name, hosts);
  const parts = distinct.filter((host) => host.name !== "allow_any" && host.name !== "block_all");
  return input.memo(`table/${input.namespace}/${name}/${input.caller}`, parts, () =>
    create(RouteConfigurationSchema, { name, virtualHosts: [...distinct], ignorePortInHostMatching }),
  );
}

/** A domain that stands twice in a table makes Envoy refuse all of it. The oldest service keeps it. */
function withoutDuplicates(input: RouteInput, name: string, hosts: readonly VirtualHost[]): readonly VirtualHost[] {
  const owner = new Map<string, string>();
  return hosts.flatMap((host) => {
    const free = host.domains.filter((domain) => !owner.has(domain.toLowerCase()));
    for (const domain of free) owner.set(domain.toLowerCase(), host.name);
    if (free.length === host.domains.length) return host;
    const taken = host.domains.filter((domain) => !free.includes(domain));
    const first = taken[0]!;
    const behind = (name: string) => input.services.find((service) => name.startsWith(`${serviceName(service)}:`));
    const service = behind(host.name);
    // Of ExternalServices the model tells, for all callers at once.
    const told = service?.external ?? behind(owner.get(first.toLowerCase())!)?.external;
    if (!told)
      input.report({
        code: "HED2102",
        level: "warning",
        ...(service && { ref: service.ref }),
        path: "",
        message:
          `${host.name}: ${taken.join(", ")} in route table ${name} already means ${owner.get(first.toLowerCase())}, ` +
          "which is older and keeps the name",
      });
    if (free.length === 0) return [];
    return input.memo(`fewer/${input.namespace}/${name}/${host.name}/${input.caller}`, [host, free.join()], () =>
      create(VirtualHostSchema, { ...host, domains: free }),
    );
  });
}

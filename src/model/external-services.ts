/** ExternalServices as the mesh sees them: like Services, whose endpoints the sidecars find by themselves. */
import type { ExternalServiceObject } from "../api/external-service.ts";
import { refOf } from "../api/parse-object.ts";
import type { ObjectRef } from "../base/diagnostic.ts";
import { exportOf } from "./export-to.ts";
import type { Key, ServiceDefinition } from "./snapshot.ts";

const PREFIX = "/external:";

/** A key that no Service has: a Service and an ExternalService may share a name. */
export function externalKey(namespace: string, name: string): Key {
  return `${namespace}${PREFIX}${name}`;
}

/** The key of a service by the object that it is made of. */
export function keyOfRef({ kind, namespace, name }: ObjectRef): Key {
  return kind === "ExternalService" ? externalKey(namespace, name) : `${namespace}/${name}`;
}

/** The key of the ExternalService behind a service's key; undefined for the key of a Service. */
export function externalObjectKey(key: Key): string | undefined {
  return key.includes(PREFIX) ? key.replace(PREFIX, "/") : undefined;
}

export function externalDefinitionOf(object: ExternalServiceObject, clusterDomain: string): ServiceDefinition {
  const { name, namespace, createdAt } = object.meta;
  const { hosts, ports, resolution, endpoints, tls } = object.spec;
  const { namespaces: exportTo } = exportOf(object);
  return {
    ref: refOf(object),
    key: externalKey(namespace, name),
    namespace,
    name,
    hostname: `${name}.${namespace}.external.${clusterDomain}`,
    type: "External",
    // Captured connections are told by the address that they go to.
    clusterIPs: resolution === "Static" ? (endpoints ?? []) : [],
    ports: ports.map((port) => ({
      name: port.name ?? "",
      port: port.port,
      targetPort: port.targetPort ?? port.port,
      protocol: port.protocol,
    })),
    selector: {},
    createdAt,
    prefers: "any",
    localOnly: false,
    ...(exportTo && { exportTo }),
    external: { hosts, resolution, endpoints: endpoints ?? hosts, ...(tls && { tls }) },
  };
}

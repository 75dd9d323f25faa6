/** Services as the mesh sees them, before policies are attached. */
import type { EndpointSliceObject } from "../api/endpoint-slice.ts";
import { refOf } from "../api/parse-object.ts";
import type { ServiceObject } from "../api/service.ts";
import { derivedEndpoints } from "./derived-endpoints.ts";
import { exportOf } from "./export-to.ts";
import { sliceEndpoints, type Endpoints } from "./endpoints.ts";
import type { ObjectSet } from "./objects.ts";
import { portProtocol } from "./protocol.ts";
import type { ServiceDefinition, ServicePort } from "./snapshot.ts";
import type { PodIndex } from "./pod-index.ts";

/** The endpoints of a service from its slices, or from the pods it selects where it has none at all. */
export function endpointsOf(
  objects: ObjectSet,
  pods: PodIndex,
  service: ServiceObject,
  slices: readonly EndpointSliceObject[] | undefined,
  awaitPods = false,
): Endpoints {
  if (service.type === "ExternalName") return { endpoints: [], diagnostics: [] };
  if (slices) return sliceEndpoints(objects, pods, service, slices, awaitPods);
  return { endpoints: derivedEndpoints(objects, pods, service), diagnostics: [] };
}

export function definitionOf(object: ServiceObject, clusterDomain: string): ServiceDefinition {
  const { name, namespace, createdAt } = object.meta;
  const { namespaces: exportTo } = exportOf(object);
  return {
    ref: refOf(object),
    key: `${namespace}/${name}`,
    namespace,
    name,
    hostname: `${name}.${namespace}.svc.${clusterDomain}`,
    type: object.type,
    clusterIPs: object.clusterIPs,
    ...(object.type === "ExternalName" && { externalName: object.externalName }),
    ports: object.ports.flatMap((port): ServicePort[] => {
      // No proxy carries SCTP: to the mesh such a port does not exist.
      if (port.protocol === "SCTP") return [];
      return [{ name: port.name, port: port.port, targetPort: port.targetPort, protocol: portProtocol(port) }];
    }),
    selector: object.selector,
    createdAt,
    prefers: object.prefers,
    localOnly: object.localOnly,
    ...(exportTo && { exportTo }),
  };
}

/** What the mesh's services are declared by: Services, and ExternalServices beside them. */
import type { ExternalServiceObject } from "../api/external-service.ts";
import type { ServiceObject } from "../api/service.ts";
import { changedObjects } from "./changes.ts";
import { externalDefinitionOf, externalObjectKey, keyOfRef } from "./external-services.ts";
import type { ObjectSet } from "./objects.ts";
import { definitionOf } from "./services.ts";
import type { Key, ServiceDefinition } from "./snapshot.ts";

/** The object behind a key of the mesh's services. */
export function declaredAt(objects: ObjectSet, key: Key): ServiceObject | ExternalServiceObject | undefined {
  const external = externalObjectKey(key);
  return external === undefined ? objects.Service.get(key)?.object : objects.ExternalService.get(external)?.object;
}

/** What that object says of itself, before policies are attached. */
export function definitionAt(objects: ObjectSet, key: Key, clusterDomain: string): ServiceDefinition | undefined {
  const object = declaredAt(objects, key);
  if (object?.kind === "ExternalService") return externalDefinitionOf(object, clusterDomain);
  return object && definitionOf(object, clusterDomain);
}

/** Keys of services whose declaration is not the very same in both sets. */
export function changedDeclarations(before: ObjectSet | undefined, after: ObjectSet): Set<Key> {
  const keys = new Set<Key>(changedObjects(before?.Service, after.Service));
  for (const objects of [before, after]) {
    for (const key of changedObjects(before?.ExternalService, after.ExternalService)) {
      const object = objects?.ExternalService.get(key)?.object;
      if (object) keys.add(keyOfRef({ kind: object.kind, ...object.meta }));
    }
  }
  return keys;
}

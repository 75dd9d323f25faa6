/** The routes of the Gateway API from one state of the mesh to the next: attached anew when something they rest on has changed. */
import type { Diagnostic } from "../base/diagnostic.ts";
import { changedKeys, patchMap } from "./changes.ts";
import { attachRoutes, type GatewayAttachment } from "./gateway-attach.ts";
import type { ObjectSet } from "./objects.ts";
import { permitsOf } from "./reference-grants.ts";
import { share } from "./share.ts";
import type { AttachedRoutes, GatewayRoute, Key, Policy, ServiceDefinition } from "./snapshot.ts";

export interface GatewayTable {
  /** Follows the objects. Gives what became of each route; what is as before is the very same. */
  update(objects: ObjectSet, mesh: GatewayMesh): ReadonlyMap<string, GatewayRoute>;
  readonly attached: ReadonlyMap<Key, readonly AttachedRoutes[]>;
  /** Services whose routes the last update has changed. */
  readonly changed: Iterable<Key>;
  readonly diagnostics: readonly Diagnostic[];
}

export interface GatewayMesh {
  readonly services: ReadonlyMap<Key, ServiceDefinition>;
  readonly inForce: ReadonlyMap<Key, Policy>;
}

const NOTHING: GatewayAttachment = { attached: new Map(), routes: new Map(), diagnostics: [] };

export function createGatewayTable(): GatewayTable {
  let basis: readonly unknown[] = [];
  let now = NOTHING;
  let changed: Iterable<Key> = [];

  function attach({ HTTPRoute, GRPCRoute, ReferenceGrant }: ObjectSet, mesh: GatewayMesh): GatewayAttachment {
    const objects = [...HTTPRoute.values(), ...GRPCRoute.values()].map(({ object }) => object);
    if (objects.length === 0) return NOTHING;
    const permits = permitsOf([...ReferenceGrant.values()].map(({ object }) => object));
    return attachRoutes({ ...mesh, permits }, objects);
  }

  return {
    update(objects, mesh) {
      const { HTTPRoute, GRPCRoute, ReferenceGrant } = objects;
      const next = [HTTPRoute, GRPCRoute, ReferenceGrant, mesh.services, mesh.inForce];
      changed = [];
      if (next.every((part, index) => part === basis[index])) return now.routes;
      basis = next;
      const { attached, routes, diagnostics } = attach(objects, mesh);
      const shared = new Map([...attached].map(([key, list]) => [key, share(now.attached.get(key), list)]));
      changed = changedKeys(now.attached, shared);
      now = { attached: shared, routes: follow(now.routes, routes), diagnostics: share(now.diagnostics, diagnostics) };
      return now.routes;
    },
    get attached() {
      return now.attached;
    },
    get changed() {
      return changed;
    },
    get diagnostics() {
      return now.diagnostics;
    },
  };
}

/** The map of before with what is otherwise now. */
function follow<V>(before: ReadonlyMap<string, V>, after: ReadonlyMap<string, V>): ReadonlyMap<string, V> {
  const gone = [...before.keys()].map((key): [string, V | undefined] => [key, undefined]);
  const there = [...after].map(([key, value]): [string, V | undefined] => [key, share(before.get(key), value)]);
  return patchMap(before, new Map([...gone, ...there]));
}

/**
 * The input of the model: validated API objects by kind, whatever source they come from. A source that keeps an unchanged
 * object's identity from one set to the next makes the next snapshot cheap.
 */
import { refOf, type ApiKind, type ApiObject } from "../api/parse-object.ts";
import type { Diagnostic, ObjectRef, Place } from "../base/diagnostic.ts";

type ObjectOf<K extends ApiKind> = Extract<ApiObject, { readonly kind: K }>;

/** Where an object stands in a file: its first line, and the line of each field by path. */
export interface Origin {
  readonly place: Place;
  /** By path, as diagnostics write it, e.g. `spec.routes[0].timeout`. May hold less than all fields. */
  readonly fields: ReadonlyMap<string, Place>;
}

export interface Sourced<T extends ApiObject = ApiObject> {
  readonly object: T;
  /** Absent for objects that come from a cluster. */
  readonly origin?: Origin;
}

/** By kind, then by `namespace/name`, or by name for kinds without a namespace. */
export type ObjectSet = { readonly [K in ApiKind]: ReadonlyMap<string, Sourced<ObjectOf<K>>> };

/** The key of an object among those of its kind. */
export function objectKey(ref: ObjectRef): string {
  return ref.namespace === "" ? ref.name : `${ref.namespace}/${ref.name}`;
}

/** A set of the given objects; of two with one identity the first stays. */
export function objectSet(sourced: Iterable<Sourced>): ObjectSet {
  const set = {
    Service: new Map<string, Sourced<ObjectOf<"Service">>>(),
    EndpointSlice: new Map<string, Sourced<ObjectOf<"EndpointSlice">>>(),
    Pod: new Map<string, Sourced<ObjectOf<"Pod">>>(),
    Namespace: new Map<string, Sourced<ObjectOf<"Namespace">>>(),
    Node: new Map<string, Sourced<ObjectOf<"Node">>>(),
    TrafficPolicy: new Map<string, Sourced<ObjectOf<"TrafficPolicy">>>(),
    ExternalService: new Map<string, Sourced<ObjectOf<"ExternalService">>>(),
    HTTPRoute: new Map<string, Sourced<ObjectOf<"HTTPRoute">>>(),
    GRPCRoute: new Map<string, Sourced<ObjectOf<"GRPCRoute">>>(),
    ReferenceGrant: new Map<string, Sourced<ObjectOf<"ReferenceGrant">>>(),
  };
  for (const item of sourced) {
    switch (item.object.kind) {
      case "Service":
        put(set.Service, item.object, item.origin);
        break;
      case "EndpointSlice":
        put(set.EndpointSlice, item.object, item.origin);
        break;
      case "Pod":
        put(set.Pod, item.object, item.origin);
        break;
      case "Namespace":
        put(set.Namespace, item.object, item.origin);
        break;
      case "Node":
        put(set.Node, item.object, item.origin);
        break;
      case "TrafficPolicy":
        put(set.TrafficPolicy, item.object, item.origin);
        break;
      case "ExternalService":
        put(set.ExternalService, item.object, item.origin);
        break;
      case "HTTPRoute":
        put(set.HTTPRoute, item.object, item.origin);
        break;
      case "GRPCRoute":
        put(set.GRPCRoute, item.object, item.origin);
        break;
      case "ReferenceGrant":
        put(set.ReferenceGrant, item.object, item.origin);
        break;
    }
  }
  return set;
}

function put<T extends ApiObject>(map: Map<string, Sourced<T>>, object: T, origin: Origin | undefined): void {
  const key = objectKey(refOf(object));
  if (!map.has(key)) map.set(key, origin ? { object, origin } : { object });
}

/**
 * The diagnostic with the place of its field: that of the field itself or of the nearest one around it that has a line.
 * Unchanged where the object did not come from a file.
 */
export function withPlace(objects: ObjectSet, diagnostic: Diagnostic): Diagnostic {
  const { ref } = diagnostic;
  if (diagnostic.place || !ref || !isKind(objects, ref.kind)) return diagnostic;
  const origin = objects[ref.kind].get(objectKey(ref))?.origin;
  return origin ? { ...diagnostic, place: placeOf(origin, diagnostic.path) } : diagnostic;
}

/** The place of a field, or of the nearest field around it. */
export function placeOf(origin: Origin, path: string): Place {
  for (let at = path; at !== ""; at = enclosing(at)) {
    const place = origin.fields.get(at);
    if (place) return place;
  }
  return origin.place;
}

/** `spec.routes` for `spec.routes[0]`, `spec` for `spec.routes`, and "" for `spec`. */
function enclosing(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("."), path.lastIndexOf("[")));
}

function isKind(objects: ObjectSet, kind: string): kind is ApiKind {
  return Object.hasOwn(objects, kind);
}

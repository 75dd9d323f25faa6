/**
 * The mesh as one immutable value: what `build.ts` makes of API objects and `translate` reads. It knows no Envoy and no
 * Kubernetes client. Objects that did not change keep their identity from one snapshot to the next, so that `===` means
 * "nothing to do".
 */
import type { ExternalServiceSpec } from "../api/external-service.ts";
import type { ParentRef } from "../api/gateway-reference.ts";
import type { TrafficPolicySpec } from "../api/traffic-policy.ts";
import type { Diagnostic, ObjectRef } from "../base/diagnostic.ts";
import type { MeshRoute } from "./mesh-route.ts";

/** `namespace/name`. */
export type Key = string;

export interface MeshSnapshot {
  /** Sorted by key, as the maps after it. */
  readonly services: ReadonlyMap<Key, Service>;
  /** All services as they are declared, oldest first; the same array for as long as nothing but endpoints changes. */
  readonly catalog: readonly ServiceDefinition[];
  /** What the pods serve, by their keys; pods that serve nothing are not in it. */
  readonly serving: ReadonlyMap<Key, readonly Serving[]>;
  readonly workloads: ReadonlyMap<Key, Workload>;
  /** Namespaces by name; one that only occurs as the namespace of an object has no labels. */
  readonly namespaces: ReadonlyMap<string, Namespace>;
  /** Every policy that parsed, in force or not. */
  readonly policies: ReadonlyMap<Key, Policy>;
  /** Every route of the Gateway API, by kind and key (`HTTPRoute/shop/cart`), with what became of it. */
  readonly gatewayRoutes: ReadonlyMap<string, GatewayRoute>;
  /** Sorted by object, then path, then code. */
  readonly diagnostics: readonly Diagnostic[];
}

export interface Namespace {
  readonly name: string;
  readonly annotations: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * How a port's bytes are understood. `Auto` is undeclared: HTTP where the first bytes look like it, else TCP. `TLS` is
 * passed through.
 */
export type Protocol = "HTTP" | "HTTP2" | "GRPC" | "TCP" | "TLS" | "UDP" | "Auto";

export interface ServicePort {
  /** "" for the only port of a service, when unnamed. */
  readonly name: string;
  readonly port: number;
  readonly targetPort: number | string;
  readonly protocol: Protocol;
}

/** A service and the policy for it, without its endpoints: what decides on clusters, routes and listeners. */
export interface ServiceDefinition {
  readonly ref: ObjectRef;
  readonly key: Key;
  readonly namespace: string;
  readonly name: string;
  /** Fully qualified, no trailing dot: `checkout.shop.svc.cluster.local`. */
  readonly hostname: string;
  readonly type: "ClusterIP" | "Headless" | "ExternalName" | "External";
  /** Empty for Headless and ExternalName; the addresses of an ExternalService that lists them. */
  readonly clusterIPs: readonly string[];
  /** Only for ExternalName. */
  readonly externalName?: string;
  /** Only for External: an ExternalService. */
  readonly external?: External;
  /** In the order of the manifest. */
  readonly ports: readonly ServicePort[];
  readonly selector: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; 0 where unknown. Decides who came first in a conflict, then the key does. */
  readonly createdAt: number;
  /** Which endpoints callers are to have first: those of their zone, or of their node. A policy may say otherwise. */
  readonly prefers: "any" | "zone" | "node";
  /** Callers are to have endpoints of their own node only. */
  readonly localOnly: boolean;
  /** Namespaces that may call it; all where it is undefined. */
  readonly exportTo?: readonly string[];
  /** The policy in force: the oldest that targets this service and is valid. */
  readonly policy?: Policy;
  /** Routes of the Gateway API that are in force: at most one list for each port and namespace of callers. */
  readonly attached?: readonly AttachedRoutes[];
}

/** Where an ExternalService is, and how it is spoken to. */
export interface External {
  /** Names by which it is called; `*.example.com` is all below that. */
  readonly hosts: readonly string[];
  readonly resolution: "DNS" | "Static";
  /** Addresses, or names that DNS resolves. */
  readonly endpoints: readonly string[];
  readonly tls?: NonNullable<ExternalServiceSpec["tls"]>;
}

/** Routes of the Gateway API for one port of a service. */
export interface AttachedRoutes {
  readonly port: number;
  /** The only namespace whose callers have them; absent where all callers do that have none of their own. */
  readonly callers?: string;
  /** In order of precedence; the last one takes every request. */
  readonly routes: readonly MeshRoute[];
}

/** A route of the Gateway API and what became of it. */
export interface GatewayRoute {
  readonly ref: ObjectRef & { readonly kind: "HTTPRoute" | "GRPCRoute" };
  readonly createdAt: number;
  readonly generation: number;
  /** Only those that are Services. */
  readonly parents: readonly GatewayParent[];
}

export interface GatewayParent {
  /** As the route has it. */
  readonly parentRef: ParentRef;
  /** The route decides for a port of the parent at least. */
  readonly inForce: boolean;
  /** How many of the route's rules Heddle can do whole. */
  readonly supported: "all" | "some" | "none";
  /** What is wrong with the attachment, and with the route as it is attached. */
  readonly findings: readonly Diagnostic[];
}

export interface Service extends ServiceDefinition {
  /** The same object for as long as nothing but endpoints changes. */
  readonly definition: ServiceDefinition;
  /** Merged over the service's EndpointSlices, one entry an address, sorted by address. */
  readonly endpoints: readonly Endpoint[];
}

/** A service that leads to a pod. */
export interface Serving {
  /** By its key: what the pod serves stays the same while only policies change. */
  readonly service: Key;
  /** The pod's port number by service-port name. */
  readonly ports: Readonly<Record<string, number>>;
}

export interface Endpoint {
  readonly address: string;
  /** Port number by service-port *name* (slices match service ports by name, not by number). */
  readonly ports: Readonly<Record<string, number>>;
  /** Takes traffic. `ready: null` in a slice counts as true. */
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
  readonly region: string;
  readonly zone: string;
  readonly node: string;
  /** Key of the pod behind it; "" where a slice names none. */
  readonly workload: Key;
  /** Labels of that pod: what subsets select on. */
  readonly labels: Readonly<Record<string, string>>;
}

/** A pod: where a sidecar runs, and what it serves. */
export interface Workload {
  readonly ref: ObjectRef;
  readonly key: Key;
  readonly namespace: string;
  readonly name: string;
  readonly addresses: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly serviceAccount: string;
  /** Running and ready, so that it sends and takes requests. */
  readonly ready: boolean;
  readonly node: string;
  readonly region: string;
  readonly zone: string;
  /** Declared container ports, by name where they have one: what a service's named `targetPort` resolves to. */
  readonly containerPorts: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
}

export interface Policy {
  readonly ref: ObjectRef;
  readonly key: Key;
  readonly namespace: string;
  readonly name: string;
  readonly createdAt: number;
  readonly generation: number;
  readonly spec: TrafficPolicySpec;
}

/** Names of Envoy resources; part of what operators see in stats and dumps, so they follow the field's customs. */
import type { ServiceDefinition } from "../model/snapshot.ts";

export const PASSTHROUGH = "PassthroughCluster";
export const BLACK_HOLE = "BlackHoleCluster";
export const INBOUND_PASSTHROUGH = "InboundPassthroughCluster";

/** In each sidecar the cluster that has as many endpoints as its fleet has members; the bootstrap names it. */
export const FLEET = "heddle-fleet";

/** The rate-limit service of the mesh: listeners name it, and it is only there where policies do. */
export const RATE_LIMIT_CLUSTER = "heddle-rate-limit";

/** The one route table of explicit mode. */
export const EXPLICIT_ROUTES = "http";

/**
 * What a service is called in names: `checkout.shop`, or `payments.shop.external` for an ExternalService. A name stands up to six
 * times in what each sidecar is sent of a service, so it says no more than it must: the cluster's domain is the same in all.
 */
export function serviceName({ name, namespace, external }: ServiceDefinition): string {
  return external ? `${name}.${namespace}.external` : `${name}.${namespace}`;
}

/** Of virtual hosts, and of tables of a single port: `checkout.shop:80`. */
export function portName(service: ServiceDefinition, port: number): string {
  return `${serviceName(service)}:${port}`;
}

/** `outbound|80|canary|checkout.shop`; endpoints have the name of their cluster. */
export function outboundCluster(service: ServiceDefinition, port: number, subset = ""): string {
  return `outbound|${port}|${subset}|${serviceName(service)}`;
}

/** A service may have one port number for TCP and for UDP. */
export function outboundUdpCluster(service: ServiceDefinition, port: number): string {
  return `outbound|${port}/udp||${serviceName(service)}`;
}

/** By port alone: several services may share one port of a pod. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

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

/** `outbound|80|canary|checkout.shop.svc.cluster.local`; endpoints have the name of their cluster. */
export function outboundCluster(service: ServiceDefinition, port: number, subset = ""): string {
  return `outbound|${port}|${subset}|${service.hostname}`;
}

/** A service may have one port number for TCP and for UDP. */
export function outboundUdpCluster(service: ServiceDefinition, port: number): string {
  return `outbound|${port}/udp||${service.hostname}`;
}

/** By port alone: several services may share one port of a pod. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

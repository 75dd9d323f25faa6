/** What a pod says of the UDP services that its application reaches through the sidecar. */
import { parsePort } from "./port.ts";

/** On a pod. */
export const OUTBOUND_UDP_PORTS = "heddle.dev/outbound-udp-ports";

/** A port that the sidecar opens for its application, and the service port that datagrams to it are for. */
export interface OutboundUdpPort {
  readonly listen: number;
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
}

/** More of them on one pod are a mistake. */
const MAX_PORTS = 64;

export const OUTBOUND_UDP_PORTS_FORM =
  'a list of local port, service and service port such as "9000:game:7777, 9001:voice.media:4000", each local port once';

/** Undefined where the text cannot be understood. A service without a namespace is one of the pod's own. */
export function parseOutboundUdpPorts(text: string, own: string): readonly OutboundUdpPort[] | undefined {
  const ports: OutboundUdpPort[] = [];
  for (const entry of text.split(",").map((part) => part.trim())) {
    const [, local, name, namespace = own, remote] =
      /^([0-9]+):([a-z0-9][-a-z0-9]{0,62})(?:\.([a-z0-9][-a-z0-9]{0,62}))?:([0-9]+)$/.exec(entry) ?? [];
    const listen = parsePort(local ?? "");
    const port = parsePort(remote ?? "");
    if (listen === undefined || port === undefined || name === undefined) return undefined;
    if (ports.some((other) => other.listen === listen)) return undefined;
    ports.push({ listen, namespace, name, port });
  }
  return ports.length <= MAX_PORTS ? ports : undefined;
}

/**
 * The rules that lead a pod's TCP connections into its sidecar, as input of `iptables-restore`. It replaces the whole nat table
 * of the pod's network namespace, so that to apply it twice is the same as once.
 */

export interface CaptureOptions {
  /** User and group that the sidecar runs as: what it sends itself is not captured. */
  readonly uid: number;
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Ports of the pod that are captured; none stands for all. */
  readonly includeInboundPorts?: readonly number[];
  /** Destinations that are captured, e.g. `10.1.0.0/16`; none stands for all. */
  readonly includeOutboundCidrs?: readonly string[];
  /** Ports of the pod that callers reach directly. */
  readonly excludeInboundPorts: readonly number[];
  readonly excludeOutboundPorts: readonly number[];
  /** Destinations that are left alone, e.g. `10.1.0.0/16`. */
  readonly excludeOutboundCidrs: readonly string[];
}

export const DEFAULT_CAPTURE: CaptureOptions = {
  uid: 1337,
  outboundPort: 15_001,
  inboundPort: 15_006,
  excludeInboundPorts: [],
  excludeOutboundPorts: [],
  excludeOutboundCidrs: [],
};

/** Source address of what the sidecar hands to its own application; see `translate/fixed-clusters.ts`. */
const INBOUND_SOURCE = "127.0.0.6/32";
const LOOPBACK = "127.0.0.1/32";

/** IPv4 rules; order matters, the first match decides. */
export function captureRules(options: CaptureOptions = DEFAULT_CAPTURE): string {
  const { uid, outboundPort, inboundPort, includeInboundPorts = [], includeOutboundCidrs = [] } = options;
  const owners = [`--uid-owner ${uid}`, `--gid-owner ${uid}`];
  const rules = [
    "*nat",
    ":PREROUTING ACCEPT [0:0]",
    ":INPUT ACCEPT [0:0]",
    ":OUTPUT ACCEPT [0:0]",
    ":POSTROUTING ACCEPT [0:0]",
    ":HEDDLE_INBOUND - [0:0]",
    ":HEDDLE_OUTPUT - [0:0]",
    "-A PREROUTING -p tcp -j HEDDLE_INBOUND",
    "-A OUTPUT -p tcp -j HEDDLE_OUTPUT",
    ...options.excludeInboundPorts.map((port) => `-A HEDDLE_INBOUND -p tcp --dport ${port} -j RETURN`),
    ...orAll(includeInboundPorts, (port) => `--dport ${port} `).map(
      (which) => `-A HEDDLE_INBOUND -p tcp ${which}-j REDIRECT --to-ports ${inboundPort}`,
    ),
    // From the sidecar to its own application.
    `-A HEDDLE_OUTPUT -o lo -s ${INBOUND_SOURCE} -j RETURN`,
    // The sidecar calls its own pod by a service: in through the front door, as any caller.
    `-A HEDDLE_OUTPUT -o lo ! -d ${LOOPBACK} -p tcp -m owner ${owners[0]} -j REDIRECT --to-ports ${inboundPort}`,
    // The application calls itself.
    `-A HEDDLE_OUTPUT -o lo -m owner ! ${owners[0]} -j RETURN`,
    ...owners.map((owner) => `-A HEDDLE_OUTPUT -m owner ${owner} -j RETURN`),
    `-A HEDDLE_OUTPUT -d ${LOOPBACK} -j RETURN`,
    ...options.excludeOutboundCidrs.map((cidr) => `-A HEDDLE_OUTPUT -d ${cidr} -j RETURN`),
    ...options.excludeOutboundPorts.map((port) => `-A HEDDLE_OUTPUT -p tcp --dport ${port} -j RETURN`),
    ...orAll(includeOutboundCidrs, (cidr) => `-d ${cidr} `).map(
      (which) => `-A HEDDLE_OUTPUT ${which}-p tcp -j REDIRECT --to-ports ${outboundPort}`,
    ),
    "COMMIT",
  ];
  return `${rules.join("\n")}\n`;
}

/** One condition an item, or the one that always holds. */
function orAll<T>(items: readonly T[], condition: (item: T) => string): readonly string[] {
  return items.length === 0 ? [""] : items.map(condition);
}

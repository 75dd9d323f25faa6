export type OutboundPolicy = "allow-any" | "registry-only";

/** Settings that hold for the whole mesh. */
export interface MeshSettings {
  /** Suffix of service names: `<name>.<namespace>.svc.<clusterDomain>`. */
  readonly clusterDomain: string;
  /** What happens to traffic for hosts and addresses that the mesh does not know. */
  readonly outboundPolicy: OutboundPolicy;
  /**
   * How long a sidecar waits for the first bytes of a connection to a port of undeclared protocol before it takes it for
   * plain TCP, in milliseconds. Server-first protocols pay this delay once a connection, so declare them.
   */
  readonly protocolDetectionTimeout: number;
  /** How long a UDP session without a datagram in either direction is kept, in milliseconds. */
  readonly udpSessionTimeout: number;
}

export const DEFAULT_SETTINGS: MeshSettings = {
  clusterDomain: "cluster.local",
  outboundPolicy: "allow-any",
  protocolDetectionTimeout: 500,
  // As long as Linux tracks a stream of datagrams.
  udpSessionTimeout: 120_000,
};

/**
 * The few parts of a client's Node that matter. The rest is dropped unread: the extension list alone of a stock Envoy is
 * 60 KB on the wire and half a megabyte of heap.
 */
export interface NodeInfo {
  readonly id: string;
  readonly cluster: string;
  readonly region: string;
  readonly zone: string;
  /** `envoy` for Envoy; gRPC clients name themselves otherwise. */
  readonly agent: string;
  /** `1.40.0`, or "" where the client does not say. */
  readonly version: string;
}

export const UNKNOWN_NODE: NodeInfo = { id: "", cluster: "", region: "", zone: "", agent: "", version: "" };

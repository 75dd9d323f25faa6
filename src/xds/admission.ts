/** Who may open a stream. The library asks before it reads the first request; what the answer rests on is the caller's. */
import type { Metadata } from "@grpc/grpc-js";
import { UNKNOWN_NODE, type NodeInfo } from "./node.ts";
import type { RequestHead } from "./session.ts";

export interface Caller {
  /** The request's headers. */
  readonly metadata: Metadata;
  /** Address and port. */
  readonly peer: string;
}

export type Admission =
  | {
      readonly admitted: true;
      /** The node's id, whatever the client claims; absent where the claim is believed. */
      readonly node?: string;
      /** When the stream is to end, in milliseconds of the server's clock, such as before the client's token expires. */
      readonly until?: number;
    }
  | {
      readonly admitted: false;
      /** `UNAVAILABLE` where it could not be decided for now. */
      readonly code: "UNAUTHENTICATED" | "UNAVAILABLE";
      /** A word for counting. */
      readonly reason: string;
    };

export type Authenticate = (caller: Caller) => Promise<Admission>;

/** Replaces the node id that a client claims by the one that it was admitted as. */
export function asAdmitted<Request extends RequestHead>(request: Request, node: string, first: boolean): Request {
  const claimed: NodeInfo | undefined = request.node ?? (first ? UNKNOWN_NODE : undefined);
  return claimed ? { ...request, node: { ...claimed, id: node } } : request;
}

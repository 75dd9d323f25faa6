/**
 * Writes messages of a gRPC stream that are framed already. What a mesh is told is mostly the same bytes for a thousand streams; grpc-js
 * copies each message into a buffer of its own for each stream, which at a thousand sidecars was most of the work (ADR 16).
 */
import type { ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import { Metadata, type ServerDuplexStream } from "@grpc/grpc-js";

export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/** Before each message: one byte for its compression, four for its length. Source: "gRPC over HTTP2", Length-Prefixed-Message. */
export const HEADER_BYTES = 5;

/** Bytes of one message with its header in front. */
export type Framed = Buffer;

/** Joins the parts of one message, and its header. */
export function frame(parts: readonly Uint8Array[]): Framed {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(
    parts.reduce((sum, { length }) => sum + length, 0),
    1,
  );
  return Buffer.concat([header, ...parts]);
}

/** Writes to one stream. */
export interface Wire {
  /** @returns false when the transport takes nothing more for now; `onDrain` is called when it does again */
  write(message: Framed): boolean;
  /** The bytes are shared between streams: they were not copied. */
  readonly shared: boolean;
}

/** @param onDrain the transport takes more */
export function createWire(call: RawCall, onDrain: () => void): Wire {
  const stream = http2StreamOf(call);
  if (!stream) {
    call.on("drain", onDrain);
    return { shared: false, write: (message) => call.write(message.subarray(HEADER_BYTES)) };
  }
  let begun = false;
  stream.on("drain", onDrain);
  return {
    shared: true,
    write(message) {
      if (stream.destroyed || stream.closed || stream.writableEnded) return true;
      if (!begun) call.sendMetadata(new Metadata());
      begun = true;
      return stream.write(message);
    },
  };
}

/** The HTTP/2 stream under a call, where this version of grpc-js keeps it in the place that is known; undefined elsewhere. */
function http2StreamOf(call: RawCall): ServerHttp2Stream | undefined {
  const inner: unknown = Reflect.get(call, "call");
  const stream: unknown = typeof inner === "object" && inner !== null ? Reflect.get(inner, "stream") : undefined;
  return isHttp2Stream(stream) ? stream : undefined;
}

function isHttp2Stream(value: unknown): value is ServerHttp2Stream {
  return value instanceof Duplex && "respond" in value && "sentHeaders" in value;
}

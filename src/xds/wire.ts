/**
 * The messages of a gRPC stream, past grpc-js. What a mesh is told is mostly the same bytes for a thousand streams, and what it answers is a
 * few bytes from each: grpc-js copies each message that it writes into a buffer of its own, and for each that it reads stops the stream,
 * copies, queues and waits, which at a thousand sidecars was most of the work (ADR 16). The headers, the deadline, the status at the end
 * and all that concerns the connection are grpc-js's.
 */
import type { ServerHttp2Stream } from "node:http2";
import { Duplex } from "node:stream";
import { Metadata, type ServerDuplexStream, status as Code } from "@grpc/grpc-js";
import { createDeframer, FrameError, type Framed, HEADER_BYTES } from "./frame.ts";

export type RawCall = ServerDuplexStream<Buffer, Buffer>;

/** Writes to one stream. */
export interface Wire {
  /** @returns false when the transport takes nothing more for now; `onDrain` is called when it does again */
  write(message: Framed): boolean;
  /** Nothing of what is read or written was copied. */
  readonly shared: boolean;
}

export interface WireEvents {
  /** Its bytes are not there any more when this has returned. */
  onMessage(message: Buffer): void;
  /** The client sends nothing more. */
  onEnd(): void;
  /** The transport takes more. */
  onDrain(): void;
}

/** @param maxBytes of a message; one that is larger ends the stream with RESOURCE_EXHAUSTED */
export function createWire(call: RawCall, maxBytes: number, { onMessage, onEnd, onDrain }: WireEvents): Wire {
  const stream = http2StreamOf(call);
  if (!stream) {
    call.on("data", onMessage);
    call.on("end", onEnd);
    call.on("drain", onDrain);
    return { shared: false, write: (message) => call.write(message.subarray(HEADER_BYTES)) };
  }
  let failed = false;
  const read = createDeframer(maxBytes, onMessage);
  stream.removeAllListeners("data");
  stream.on("data", (piece: Buffer) => {
    if (failed || stream.destroyed) return;
    try {
      read(piece);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      failed = true;
      call.emit("error", { code: Code[error.code], details: error.message });
    }
  });
  stream.on("end", onEnd);
  stream.on("drain", onDrain);
  stream.resume();
  let begun = false;
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

/**
 * The HTTP/2 stream under a call, where this version of grpc-js keeps it in the place that is known; undefined elsewhere, and for a client
 * that compresses.
 */
function http2StreamOf(call: RawCall): ServerHttp2Stream | undefined {
  const inner: unknown = Reflect.get(call, "call");
  if (typeof inner !== "object" || inner === null || Reflect.get(inner, "incomingEncoding") !== "identity")
    return undefined;
  const stream: unknown = Reflect.get(inner, "stream");
  return isHttp2Stream(stream) && stream.listenerCount("data") === 1 ? stream : undefined;
}

function isHttp2Stream(value: unknown): value is ServerHttp2Stream {
  return value instanceof Duplex && "respond" in value && "sentHeaders" in value;
}

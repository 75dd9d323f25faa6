/** Messages in a stream of bytes, as gRPC frames them: one byte for compression, four for the length, the message. */

/** Source: "gRPC over HTTP2", Length-Prefixed-Message. */
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

/** What a client must not send. */
export class FrameError extends Error {
  readonly code: "RESOURCE_EXHAUSTED" | "INTERNAL";

  constructor(code: FrameError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Takes the bytes of a stream as they come and gives its messages. A message that lies in one piece is given as a view of it; of others the
 * pieces are kept until the last one, `maxBytes` of them and a piece more at the most.
 *
 * @param onMessage its bytes are the caller's for as long as the call lasts
 * @returns what to call with each piece; throws FrameError, after which nothing can be read any more
 */
export function createDeframer(maxBytes: number, onMessage: (message: Buffer) => void): (piece: Buffer) => void {
  let pieces: Buffer[] = [];
  let held = 0;
  /** Bytes without which there is nothing to be done. */
  let wanted = HEADER_BYTES;

  return (piece) => {
    let bytes = piece;
    if (held > 0) {
      pieces.push(piece);
      held += piece.length;
      if (held < wanted) return;
      bytes = Buffer.concat(pieces, held);
      pieces = [];
      held = 0;
    }
    let at = 0;
    for (;;) {
      const left = bytes.length - at;
      wanted = left < HEADER_BYTES ? HEADER_BYTES : HEADER_BYTES + lengthAt(bytes, at, maxBytes);
      if (left < wanted) break;
      onMessage(bytes.subarray(at + HEADER_BYTES, at + wanted));
      at += wanted;
    }
    if (at === bytes.length) return;
    pieces.push(bytes.subarray(at));
    held = bytes.length - at;
  };
}

function lengthAt(bytes: Buffer, at: number, maxBytes: number): number {
  if (bytes[at] !== 0)
    throw new FrameError("INTERNAL", "a message is compressed, which the stream's headers do not say");
  const length = bytes.readUInt32BE(at + 1);
  if (length <= maxBytes) return length;
  throw new FrameError("RESOURCE_EXHAUSTED", `a message of ${length} bytes is larger than ${maxBytes}`);
}

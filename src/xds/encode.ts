/**
 * Writes discovery responses by hand out of resources that were encoded once: a response is a copy of shared bytes, never a
 * second encoding.
 *
 * Field numbers: envoy/service/discovery/v3/discovery.proto and google/protobuf/any.proto.
 */
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Resource } from "./resource.ts";
import type { Response } from "./type-state.ts";

/**
 * An encoder that remembers its last few large responses. Streams of one view are sent the same resources under the same
 * nonce as a rule, and then the very bytes are shared.
 */
export function createEncoder(encode: (response: Response) => Buffer): (response: Response) => Buffer {
  const recent: { readonly response: Response; readonly bytes: Buffer }[] = [];

  return (response) => {
    const found = recent.find((entry) => sameResponse(entry.response, response));
    if (found) return found.bytes;
    const bytes = encode(response);
    if (bytes.length < WORTH_SHARING) return bytes;
    recent.unshift({ response, bytes });
    recent.length = Math.min(recent.length, MAX_SHARED);
    return bytes;
  };
}

/** Below this many bytes to encode again is as fast as to look. */
const WORTH_SHARING = 4096;
const MAX_SHARED = 8;

function sameResponse(a: Response, b: Response): boolean {
  return (
    a.nonce === b.nonce &&
    a.typeUrl === b.typeUrl &&
    a.version === b.version &&
    a.resources.length === b.resources.length &&
    a.removed.length === b.removed.length &&
    a.resources.every((resource, i) => resource === b.resources[i]) &&
    a.removed.every((name, i) => name === b.removed[i])
  );
}

/** A DeltaDiscoveryResponse. */
export function encodeDeltaResponse(response: Response): Buffer {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).string(response.version);
  head.tag(4, WireType.LengthDelimited).string(response.typeUrl);
  for (const name of response.removed) head.tag(6, WireType.LengthDelimited).string(name);
  return join(response, head, deltaFrame);
}

/** A DiscoveryResponse. */
export function encodeSotwResponse(response: Response): Buffer {
  const head = new BinaryWriter().tag(1, WireType.LengthDelimited).string(response.version);
  head.tag(4, WireType.LengthDelimited).string(response.typeUrl);
  return join(response, head, sotwFrame);
}

function join(response: Response, head: BinaryWriter, frameOf: (resource: Resource) => Uint8Array): Buffer {
  head.tag(5, WireType.LengthDelimited).string(response.nonce);
  return Buffer.concat([head.finish(), ...response.resources.map(frameOf)]);
}

/** Frames are made once a resource: memos of pure functions. */
const deltaFrames = new WeakMap<Resource, Uint8Array>();
const sotwFrames = new WeakMap<Resource, Uint8Array>();

/** The `resources` field (2) of a DeltaDiscoveryResponse: a Resource {version = 1, resource = 2, name = 3}. */
function deltaFrame(resource: Resource): Uint8Array {
  let frame = deltaFrames.get(resource);
  if (!frame) {
    const writer = new BinaryWriter().tag(2, WireType.LengthDelimited).fork();
    writer.tag(1, WireType.LengthDelimited).string(resource.version);
    writeAny(writer.tag(2, WireType.LengthDelimited), resource);
    writer.tag(3, WireType.LengthDelimited).string(resource.name);
    deltaFrames.set(resource, (frame = writer.join().finish()));
  }
  return frame;
}

/** The `resources` field (2) of a DiscoveryResponse: an Any. */
function sotwFrame(resource: Resource): Uint8Array {
  let frame = sotwFrames.get(resource);
  if (!frame) {
    sotwFrames.set(
      resource,
      (frame = writeAny(new BinaryWriter().tag(2, WireType.LengthDelimited), resource).finish()),
    );
  }
  return frame;
}

function writeAny(writer: BinaryWriter, { typeUrl, bytes }: Resource): BinaryWriter {
  writer.fork().tag(1, WireType.LengthDelimited).string(typeUrl);
  return writer.tag(2, WireType.LengthDelimited).bytes(bytes).join();
}

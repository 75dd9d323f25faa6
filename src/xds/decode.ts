/**
 * Reads discovery requests off the wire, only as far as the protocol needs them.
 *
 * Field numbers: envoy/service/discovery/v3/discovery.proto, envoy/config/core/v3/base.proto, google/rpc/status.proto.
 */
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type NodeInfo, UNKNOWN_NODE } from "./node.ts";
import type { DeltaRequest } from "./session-delta.ts";
import type { SotwRequest } from "./session-sotw.ts";

/** Calls `read` for each field of a message; what `read` does not take (returns false) is skipped. */
function readFields(bytes: Uint8Array, read: (field: number, reader: BinaryReader) => boolean | void): void {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    const start = reader.pos;
    if (read(field, reader) === false || reader.pos === start) {
      reader.pos = start;
      reader.skip(wireType, field);
    }
  }
}

/** A request that is well-formed but asks for more than one request may. */
export class RequestTooLarge extends Error {}

/**
 * Decodes a DiscoveryRequest.
 *
 * @param maxNames most resource names in it
 * @throws RequestTooLarge; RangeError or Error when the bytes are no such message
 */
export function decodeSotwRequest(bytes: Uint8Array, maxNames: number): SotwRequest {
  const names = limited(maxNames);
  const request = { typeUrl: "", version: "", nonce: "", names: names.list };
  let node: NodeInfo | undefined;
  let error: string | undefined;
  readFields(bytes, (field, reader) => {
    if (field === 1) request.version = reader.string();
    else if (field === 2) node = decodeNode(reader.bytes());
    else if (field === 3) names.add(reader.string());
    else if (field === 4) request.typeUrl = reader.string();
    else if (field === 5) request.nonce = reader.string();
    else if (field === 6) error = decodeStatus(reader.bytes());
    else return false;
  });
  return { ...request, node, error };
}

/** Decodes a DeltaDiscoveryRequest; see `decodeSotwRequest`. */
export function decodeDeltaRequest(bytes: Uint8Array, maxNames: number): DeltaRequest {
  const subscribe = limited(maxNames);
  const unsubscribe = limited(maxNames);
  const versions = limited(maxNames);
  const initialVersions: Record<string, string> = Object.create(null) as Record<string, string>;
  const request = { typeUrl: "", nonce: "" };
  let node: NodeInfo | undefined;
  let error: string | undefined;
  readFields(bytes, (field, reader) => {
    if (field === 1) node = decodeNode(reader.bytes());
    else if (field === 2) request.typeUrl = reader.string();
    else if (field === 3) subscribe.add(reader.string());
    else if (field === 4) unsubscribe.add(reader.string());
    else if (field === 5) {
      const [name, version] = decodeEntry(reader.bytes());
      versions.add(name);
      initialVersions[name] = version;
    } else if (field === 6) request.nonce = reader.string();
    else if (field === 7) error = decodeStatus(reader.bytes());
    else return false;
  });
  return { ...request, subscribe: subscribe.list, unsubscribe: unsubscribe.list, initialVersions, node, error };
}

/**
 * A decoder that remembers the last few requests, large ones and small ones apart: sidecars of one mesh ask for the same names and
 * acknowledge the same nonces as a rule, and then the very lists are shared.
 */
export function createDecoder<Request>(
  decode: (bytes: Uint8Array, maxNames: number) => Request,
): (bytes: Uint8Array, maxNames: number) => Request {
  type Recent = { readonly bytes: Buffer; readonly request: Request }[];
  const [small, large]: [Recent, Recent] = [[], []];

  return (bytes, maxNames) => {
    const recent = bytes.length < LARGE ? small : large;
    const found = recent.find((entry) => entry.bytes.equals(bytes));
    if (found) return found.request;
    const request = decode(bytes, maxNames);
    recent.unshift({ bytes: Buffer.from(bytes), request });
    recent.length = Math.min(recent.length, MAX_SHARED);
    return request;
  };
}

/** From this many bytes on a request counts as large. */
const LARGE = 4096;
const MAX_SHARED = 8;

function limited(max: number): { readonly list: string[]; add(name: string): void } {
  const list: string[] = [];
  return {
    list,
    add(name) {
      if (list.length >= max) throw new RequestTooLarge(`more than ${max} resource names in one request`);
      list.push(name);
    },
  };
}

function decodeEntry(bytes: Uint8Array): [key: string, value: string] {
  const entry: [string, string] = ["", ""];
  readFields(bytes, (field, reader) => {
    if (field === 1 || field === 2) entry[field - 1] = reader.string();
    else return false;
  });
  return entry;
}

/** The message of a google.rpc.Status. */
function decodeStatus(bytes: Uint8Array): string {
  let message = "";
  readFields(bytes, (field, reader) => {
    if (field === 2) message = reader.string();
    else return false;
  });
  return message;
}

/** Longest text that is kept of a node; longer ones are cut, so that a client cannot make the server hoard. */
const MAX_NODE_TEXT = 512;

function decodeNode(bytes: Uint8Array): NodeInfo {
  const node = { ...UNKNOWN_NODE };
  const text = (reader: BinaryReader): string => reader.string().slice(0, MAX_NODE_TEXT);
  readFields(bytes, (field, reader) => {
    if (field === 1) node.id = text(reader);
    else if (field === 2) node.cluster = text(reader);
    else if (field === 4) {
      readFields(reader.bytes(), (part, locality) => {
        if (part === 1) node.region = text(locality);
        else if (part === 2) node.zone = text(locality);
        else return false;
      });
    } else if (field === 6) node.agent = text(reader);
    else if (field === 7) node.version = text(reader);
    else if (field === 8) node.version = decodeBuildVersion(reader.bytes());
    else return false;
  });
  return node;
}

/** `major.minor.patch` of an envoy.config.core.v3.BuildVersion. */
function decodeBuildVersion(bytes: Uint8Array): string {
  const parts = [0, 0, 0];
  readFields(bytes, (field, reader) => {
    if (field !== 1) return false;
    readFields(reader.bytes(), (part, version) => {
      if (part < 1 || part > 3) return false;
      parts[part - 1] = version.uint32();
    });
  });
  return parts.join(".");
}

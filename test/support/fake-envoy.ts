/**
 * An xDS client for tests, of Envoy's manners: it acknowledges, refuses, follows what clusters and listeners refer to, and
 * comes back with what it has. It shares no code with the server; many of them run in one process.
 */
import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  credentials,
  Metadata,
  type StatusObject,
} from "@grpc/grpc-js";
import { createFollower, type Follower } from "./fake-envoy-follow.ts";
import {
  CDS,
  LDS,
  type Method,
  type RawDeltaRequest,
  type RawDeltaResponse,
  type RawNode,
  type RawSotwRequest,
  type RawSotwResponse,
  type Wire,
} from "./fake-envoy-wire.ts";

export interface FakeEnvoyOptions {
  readonly wire: Wire;
  readonly port: number;
  readonly host?: string;
  readonly nodeId?: string;
  /** Plaintext unless given. */
  readonly credentials?: ChannelCredentials;
  /** Names the server's certificate is to have, where the address is none of them. */
  readonly serverName?: string;
  /** The `authorization` header of each stream. */
  readonly authorization?: () => string;
  /** `major.minor.patch`; 1.40.0 by default. */
  readonly version?: string;
  readonly metadata?: object;
  /** Use this type's own service rather than the aggregated one. */
  readonly service?: string;
  /** `manual` leaves `ack` and `nack` to the test; `envoy` acknowledges and asks for what it got refers to. */
  readonly mode?: "auto" | "manual" | "envoy";
  /** Why a response is refused; undefined to accept it. Not asked in manual mode. */
  readonly judge?: (response: Received) => string | undefined;
  /** Responses kept for `responses` and `next`; 1000 by default. */
  readonly keep?: number;
  /** Forget the bytes of resources, for many clients of a large mesh. */
  readonly lean?: boolean;
}

/** A response, whichever protocol it came by. */
export interface Received {
  readonly typeUrl: string;
  readonly nonce: string;
  /** `system_version_info` of Delta, `version_info` of State-of-the-World. */
  readonly version: string;
  readonly resources: readonly ReceivedResource[];
  readonly removed: readonly string[];
}

export interface ReceivedResource {
  readonly name: string;
  /** Empty in State-of-the-World. */
  readonly version: string;
  readonly typeUrl: string;
  readonly bytes: Buffer;
}

/** What the client has of one type. */
export interface TypeView {
  /** Resources by name, as last accepted. */
  readonly known: ReadonlyMap<string, ReceivedResource>;
  /** Names asked for; empty and `wildcard` for all. */
  readonly names: ReadonlySet<string>;
  readonly wildcard: boolean;
  /** Nonce of the last response on this stream, version of the last accepted one. */
  readonly nonce: string;
  readonly version: string;
  readonly counts: { readonly responses: number; readonly resources: number; readonly refused: number };
}

export interface FakeEnvoy {
  readonly nodeId: string;
  /** What it has of a type, also before anything was asked for. */
  view(typeUrl: string): TypeView;
  /** The last responses, oldest first. */
  readonly responses: readonly Received[];
  /** A resource that it has, decoded; undefined when it has none of that name. */
  decoded(typeUrl: string, name: string): Readonly<Record<string, unknown>> | undefined;
  /** Asks for names, beside those asked for before; for all (the legacy wildcard) when none is given at first. */
  subscribe(typeUrl: string, names?: readonly string[]): void;
  unsubscribe(typeUrl: string, names: readonly string[]): void;
  /** Sends a message as it is. The node comes with the first one of a stream unless `node` is given. */
  request(message: RawDeltaRequest | RawSotwRequest): void;
  ack(response: Received): void;
  nack(response: Received, reason?: string): void;
  /** The next response of a type that was not taken yet, or of any type; throws when none comes within the limit. */
  next(typeUrl?: string, limitMs?: number): Promise<Received>;
  /** Half-closes the stream and waits until the server has ended it. */
  close(): Promise<StatusObject>;
  /** Drops the stream, as a killed client does. */
  reset(): void;
  /** The status that the stream ended with. */
  readonly ended: Promise<StatusObject>;
  /** Opens a new stream, asking for what was asked for, with the versions that it has; types in the order given. */
  reconnect(order?: readonly string[]): void;
  /** Ends the stream and the connection. */
  destroy(): void;
}

interface TypeState {
  known: Map<string, ReceivedResource>;
  names: Set<string>;
  wildcard: boolean;
  nonce: string;
  version: string;
  counts: { responses: number; resources: number; refused: number };
}

type Stream = ClientDuplexStream<RawDeltaRequest | RawSotwRequest, Received>;

export function connectDelta(options: FakeEnvoyOptions): FakeEnvoy {
  return connect(options, "delta");
}

export function connectSotw(options: FakeEnvoyOptions): FakeEnvoy {
  return connect(options, "sotw");
}

function connect(options: FakeEnvoyOptions, protocol: "delta" | "sotw"): FakeEnvoy {
  const { wire, port, host = "127.0.0.1", nodeId = "fake.test", mode = "auto", keep = 1000, lean = false } = options;
  const client = new Client(`${host}:${port}`, options.credentials ?? credentials.createInsecure(), {
    ...(options.serverName !== undefined && { "grpc.ssl_target_name_override": options.serverName }),
    "grpc.use_local_subchannel_pool": 1,
    "grpc.max_receive_message_length": -1,
    "grpc.max_send_message_length": -1,
  });
  const types = new Map<string, TypeState>();
  const responses: Received[] = [];
  const inbox: Received[] = [];
  const waiting = new Set<() => void>();
  let stream: Stream;
  let ended: Promise<StatusObject>;
  let greeted = false;

  function typeOf(typeUrl: string): TypeState {
    let type = types.get(typeUrl);
    if (!type) {
      const counts = { responses: 0, resources: 0, refused: 0 };
      type = { known: new Map(), names: new Set(), wildcard: false, nonce: "", version: "", counts };
      types.set(typeUrl, type);
    }
    return type;
  }

  function open(): void {
    greeted = false;
    const method = protocol === "delta" ? deltaMethod(wire, options.service) : sotwMethod(wire, options.service);
    const headers = new Metadata();
    if (options.authorization) headers.set("authorization", options.authorization());
    stream = client.makeBidiStreamRequest(method.path, method.serialize, method.deserialize, headers);
    const current = stream;
    ended = new Promise((resolve) => current.on("status", resolve));
    // The status says the same.
    current.on("error", () => {});
    current.on("data", (response: Received) => {
      if (current === stream) receive(response);
    });
    void ended.then(() => wakeAll());
  }

  function send(message: RawDeltaRequest | RawSotwRequest): void {
    const node = greeted || message.node ? {} : { node: nodeOf(nodeId, options) };
    greeted = true;
    stream.write({ ...node, ...message });
  }

  function wakeAll(): void {
    for (const wake of waiting) wake();
  }

  function receive(response: Received): void {
    const type = typeOf(response.typeUrl);
    type.nonce = response.nonce;
    type.counts.responses += 1;
    type.counts.resources += response.resources.length;
    remember(responses, response, keep);
    remember(inbox, response, keep);
    wakeAll();
    if (mode === "manual") return;
    const refusal = options.judge?.(response);
    if (refusal === undefined) accept(response);
    if (follower) follower.answer(response, refusal);
    else answer(response, refusal);
  }

  /** Takes over what a response says. */
  function accept(response: Received): void {
    const type = typeOf(response.typeUrl);
    const full = protocol === "sotw" && (response.typeUrl === CDS || response.typeUrl === LDS);
    const before = type.known;
    if (full) type.known = new Map();
    for (const resource of response.resources) {
      type.known.set(resource.name, lean ? { ...resource, bytes: NO_BYTES } : resource);
    }
    for (const name of response.removed) type.known.delete(name);
    type.version = response.version;
    const removed = full ? [...before.keys()].filter((name) => !type.known.has(name)) : response.removed;
    follower?.accepted(response, removed);
  }

  function answer(response: Received, refusal: string | undefined): void {
    const type = typeOf(response.typeUrl);
    if (refusal !== undefined) type.counts.refused += 1;
    const error = refusal === undefined ? {} : { error_detail: { code: 13, message: refusal } };
    const head = { type_url: response.typeUrl, response_nonce: response.nonce, ...error };
    send(protocol === "delta" ? head : { ...head, version_info: type.version, resource_names: [...type.names] });
  }

  function subscribe(typeUrl: string, names: readonly string[] = []): void {
    const type = typeOf(typeUrl);
    if (names.length === 0) type.wildcard = true;
    for (const name of names) type.names.add(name);
    ask(typeUrl, { resource_names_subscribe: names });
  }

  function unsubscribe(typeUrl: string, names: readonly string[]): void {
    const type = typeOf(typeUrl);
    for (const name of names) {
      type.names.delete(name);
      if (!type.wildcard) type.known.delete(name);
    }
    ask(typeUrl, { resource_names_unsubscribe: names });
  }

  /** Delta says what changes; State-of-the-World says everything again. */
  function ask(typeUrl: string, change: RawDeltaRequest): void {
    const { version, nonce, names } = typeOf(typeUrl);
    if (protocol === "delta") send({ type_url: typeUrl, ...change });
    else send({ type_url: typeUrl, version_info: version, response_nonce: nonce, resource_names: [...names] });
  }

  /** On a new stream: for what was asked for, with what it has. */
  function askAnew(typeUrl: string): void {
    const { known, names, wildcard } = typeOf(typeUrl);
    if (!wildcard && names.size === 0) return;
    const versions = Object.fromEntries([...known].map(([name, { version }]) => [name, version]));
    ask(typeUrl, { resource_names_subscribe: [...names], initial_resource_versions: versions });
  }

  const follower: Follower | undefined =
    mode === "envoy"
      ? createFollower(wire, {
          subscribe,
          unsubscribe,
          answer,
          names: (typeUrl) => typeOf(typeUrl).names,
          askAgain: () => askAnew(CDS),
        })
      : undefined;

  open();
  if (follower) subscribe(CDS);

  return {
    nodeId,
    view: typeOf,
    responses,
    decoded(typeUrl, name) {
      const resource = types.get(typeUrl)?.known.get(name);
      return resource && wire.decode(resource.typeUrl, resource.bytes);
    },
    subscribe,
    unsubscribe,
    request: send,
    ack(response) {
      accept(response);
      answer(response, undefined);
    },
    nack: (response, reason = "refused by the test") => answer(response, reason),
    async next(typeUrl, limitMs = 5000) {
      const end = performance.now() + limitMs;
      for (;;) {
        const index = inbox.findIndex((response) => typeUrl === undefined || response.typeUrl === typeUrl);
        const [found] = index < 0 ? [] : inbox.splice(index, 1);
        if (found) return found;
        const left = end - performance.now();
        if (left <= 0) throw new Error(`${nodeId}: no ${typeUrl ?? "response"} within ${limitMs} ms`);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(done, left);
          waiting.add(done);
          function done(): void {
            clearTimeout(timer);
            waiting.delete(done);
            resolve();
          }
        });
      }
    },
    close() {
      stream.end();
      return ended;
    },
    reset: () => stream.cancel(),
    get ended() {
      return ended;
    },
    reconnect(order = [...types.keys()]) {
      stream.cancel();
      open();
      const asks = follower?.reconnected() ?? true;
      for (const typeUrl of order) {
        typeOf(typeUrl).nonce = "";
        if (asks || typeUrl !== CDS) askAnew(typeUrl);
      }
    },
    destroy() {
      stream.cancel();
      client.close();
    },
  };
}

const NO_BYTES = Buffer.alloc(0);

function remember(list: Received[], response: Received, keep: number): void {
  list.push(response);
  if (list.length > keep) list.shift();
}

function nodeOf(id: string, { version = "1.40.0", metadata }: FakeEnvoyOptions): RawNode {
  const [major = 0, minor = 0, patch = 0] = version.split(".").map(Number);
  return {
    id,
    cluster: "test",
    user_agent_name: "envoy",
    user_agent_build_version: { version: { major_number: major, minor_number: minor, patch } },
    ...(metadata ? { metadata: toStruct(metadata) } : {}),
  };
}

/** google.protobuf.Struct, of texts only. */
function toStruct(metadata: object): object {
  const fields = Object.entries(metadata).map(([name, value]) => [name, { string_value: String(value) }] as const);
  return { fields: Object.fromEntries(fields) };
}

type AnyMethod = Method<RawDeltaRequest | RawSotwRequest, Received>;

function deltaMethod(wire: Wire, service: string | undefined): AnyMethod {
  const { path, serialize, deserialize } = wire.delta(service);
  return { path, serialize, deserialize: (bytes) => fromDelta(deserialize(bytes)) };
}

function sotwMethod(wire: Wire, service: string | undefined): AnyMethod {
  const { path, serialize, deserialize } = wire.sotw(service);
  return { path, serialize, deserialize: (bytes) => fromSotw(wire, deserialize(bytes)) };
}

function fromDelta(response: RawDeltaResponse): Received {
  return {
    typeUrl: response.type_url,
    nonce: response.nonce,
    version: response.system_version_info,
    resources: response.resources.map(({ name, version, resource }) => ({
      name,
      version,
      typeUrl: resource?.type_url ?? "",
      bytes: resource?.value ?? NO_BYTES,
    })),
    removed: response.removed_resources,
  };
}

function fromSotw(wire: Wire, { type_url, nonce, version_info, resources }: RawSotwResponse): Received {
  return {
    typeUrl: type_url,
    nonce,
    version: version_info,
    resources: resources.map(({ type_url: typeUrl, value }) => ({
      name: wire.nameOf(typeUrl, value),
      version: "",
      typeUrl,
      bytes: value,
    })),
    removed: [],
  };
}

/** The xDS server: the discovery services of Envoy's API on grpc-js, over one snapshot cache. */
import {
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
  status as Code,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { type Clock, systemClock } from "../base/clock.ts";
import { HeddleError } from "../base/errors.ts";
import type { Admission, Authenticate } from "./admission.ts";
import type { SnapshotCache } from "./cache.ts";
import { type ClientStatus, sessionStatus, typeStatus, type TypeStatus } from "./client-status.ts";
import { csdsService } from "./csds.ts";
import { createDecoder, decodeDeltaRequest, decodeSotwRequest } from "./decode.ts";
import { createEncoder, encodeDeltaResponse, encodeSotwResponse } from "./encode.ts";
import { createFanout } from "./fanout.ts";
import { type NodeInfo, UNKNOWN_NODE } from "./node.ts";
import { createRefusals, type Refusals } from "./refusals.ts";
import { createDeltaSession } from "./session-delta.ts";
import { createSotwSession } from "./session-sotw.ts";
import {
  type Action,
  DEFAULT_LIMITS,
  DEFAULT_TIMING,
  type Missing,
  type SessionLimits,
  type SessionOptions,
  type SessionState,
  type Timing,
} from "./session-state.ts";
import { DISCOVERY_SERVICES, rawService } from "./services.ts";
import { type Codec, serveStream } from "./stream.ts";
import type { RawCall } from "./wire.ts";
import { ENDPOINT, ROUTE } from "./type-url.ts";
import type { RequestHead, Session } from "./session.ts";
import { listenTls, type ServerCertificate, type TlsListener, type TlsRefusal } from "./tls-listener.ts";

export interface XdsServerOptions {
  readonly cache: SnapshotCache;
  /**
   * What a client that names something missing is told. By default Delta clients hear `removed_resources` and SotW
   * clients nothing, until it exists. An Envoy wants an empty ClusterLoadAssignment and RouteConfiguration instead: it
   * keeps warming without.
   */
  readonly missing?: (typeUrl: string, name: string) => Missing;
  /** Types of which SotW responses hold only what changed (Envoy and gRPC accept it); EDS and RDS by default. */
  readonly sotwPartial?: Iterable<string>;
  readonly timing?: Partial<Timing>;
  readonly limits?: Partial<ServerLimits>;
  readonly clock?: Clock;
  /** Shared with other servers of the process, or for tests. */
  readonly refusals?: Refusals;
  /**
   * Decides on every stream before its first request is read. Without it whoever reaches the port is served. With it the
   * client status service is not: it would show every client what the others run.
   */
  readonly authenticate?: Authenticate;
  readonly onEvent?: (event: XdsEvent) => void;
}

export interface ServerLimits extends SessionLimits {
  /** Streams open at once; one more is refused with RESOURCE_EXHAUSTED. */
  readonly streams: number;
  /** Bytes of one request. A reconnect tells the version of every resource, so this grows with the mesh. */
  readonly requestBytes: number;
}

/** What happened on a stream. `bytes` is the size of what was sent. */
export type XdsEvent =
  | { readonly kind: "connect" | "disconnect" | "refused-stream"; readonly stream: number; readonly node: NodeInfo }
  /** The caller was not admitted; `node` is unknown. */
  | { readonly kind: "unauthenticated"; readonly stream: number; readonly node: NodeInfo; readonly reason: string }
  /** A connection failed before there was any stream: `stream` is 0. */
  | {
      readonly kind: "refused-connection";
      readonly stream: number;
      readonly node: NodeInfo;
      readonly reason: TlsRefusal;
    }
  | {
      readonly kind: "action";
      readonly stream: number;
      readonly node: NodeInfo;
      readonly action: Action;
      readonly bytes: number;
      /** Of the action's type, after the action. */
      status(typeUrl: string): TypeStatus | undefined;
    };

export interface XdsServer {
  /**
   * Listens on `host:port`; port 0 picks one. Plaintext unless credentials are given.
   *
   * @returns the port
   * @throws HeddleError XDS_LISTEN
   */
  listen(address: string, credentials?: ServerCredentials): Promise<number>;
  /**
   * Listens with TLS; clients must speak HTTP/2. `setCertificate` replaces the certificate for new connections.
   *
   * @returns the port
   * @throws HeddleError XDS_LISTEN
   */
  listenTls(
    address: { readonly host: string; readonly port: number },
    certificate: ServerCertificate,
  ): Promise<{ readonly port: number; setCertificate(certificate: ServerCertificate): void }>;
  /** Ends all streams and stops listening. Clients keep what they have. */
  close(): Promise<void>;
  /** Connected streams, oldest first. */
  clients(): readonly ClientStatus[];
  readonly refusals: Refusals;
}

const DEFAULT_SERVER_LIMITS: ServerLimits = { ...DEFAULT_LIMITS, streams: 20_000, requestBytes: 8 * 1024 * 1024 };

/**
 * Settings of the transport. Keepalive finds dead peers, the connection age spreads clients over replicas again (grpc-js
 * adds 10 % jitter), responses are as large as they must be.
 */
function transportOptions(limits: ServerLimits): ServerOptions {
  return {
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.max_connection_age_ms": 30 * 60_000,
    "grpc.max_connection_age_grace_ms": 10_000,
    "grpc.max_receive_message_length": limits.requestBytes,
    "grpc.max_send_message_length": -1,
    "grpc.max_concurrent_streams": 100,
  };
}

interface LiveStream {
  readonly id: number;
  readonly protocol: "delta" | "sotw";
  readonly state: Readonly<SessionState>;
  readonly connectedAt: number;
  node: NodeInfo;
}

/** Makes a server; it serves nothing before `listen`. */
export function createXdsServer(options: XdsServerOptions): XdsServer {
  const { cache, clock = systemClock, refusals = createRefusals(), onEvent = () => {} } = options;
  const limits = { ...DEFAULT_SERVER_LIMITS, ...options.limits };
  const fanout = createFanout();
  const live = new Map<number, LiveStream>();
  let streams = 0;
  /** Streams that wait to be admitted. */
  let admitting = 0;
  const server = new Server(transportOptions(limits));
  const listeners: TlsListener[] = [];

  const sessionOptions = (protocol: "delta" | "sotw"): SessionOptions => ({
    refusals,
    missing: options.missing ?? (() => (protocol === "delta" ? "removed" : "silent")),
    sotwPartial: new Set(options.sotwPartial ?? [ENDPOINT, ROUTE]),
    timing: { ...DEFAULT_TIMING, ...options.timing },
    limits,
  });
  const forDelta = sessionOptions("delta");
  const forSotw = sessionOptions("sotw");

  function open<Request extends RequestHead>(
    call: RawCall,
    typeUrl: string | undefined,
    session: Session<Request>,
    codec: Codec<Request>,
  ): void {
    const stream: LiveStream = {
      id: ++streams,
      protocol: session.state.protocol,
      state: session.state,
      connectedAt: clock.now(),
      node: UNKNOWN_NODE,
    };
    if (live.size + admitting >= limits.streams) {
      onEvent({ kind: "refused-stream", stream: stream.id, node: UNKNOWN_NODE });
      call.emit("error", { code: Code.RESOURCE_EXHAUSTED, details: `more than ${limits.streams} streams` });
      return;
    }
    if (!options.authenticate) return serve(call, typeUrl, session, codec, { stream });
    admitting++;
    void admit(options.authenticate, call).then((admission) => {
      admitting--;
      if (call.cancelled) return;
      if (admission.admitted) return serve(call, typeUrl, session, codec, { stream, ...admission });
      onEvent({ kind: "unauthenticated", stream: stream.id, node: UNKNOWN_NODE, reason: admission.reason });
      call.emit("error", { code: Code[admission.code], details: admission.reason });
    });
  }

  function serve<Request extends RequestHead>(
    call: RawCall,
    typeUrl: string | undefined,
    session: Session<Request>,
    codec: Codec<Request>,
    { stream, node, until }: { readonly stream: LiveStream; readonly node?: string; readonly until?: number },
  ): void {
    const status = (type: string): TypeStatus | undefined => {
      const state = stream.state.types.get(type);
      return state && typeStatus(state);
    };
    live.set(stream.id, stream);
    serveStream(call, session, codec, {
      cache,
      clock,
      fanout,
      typeUrl,
      node,
      until,
      maxNames: limits.namesPerType,
      maxBytes: limits.requestBytes,
      onAction: (action, bytes) =>
        onEvent({ kind: "action", stream: stream.id, node: stream.node, action, bytes, status }),
      onNode(node) {
        stream.node = node;
        onEvent({ kind: "connect", stream: stream.id, node });
      },
      onClose() {
        live.delete(stream.id);
        onEvent({ kind: "disconnect", stream: stream.id, node: stream.node });
      },
    });
  }

  const deltaCodec = { decode: createDecoder(decodeDeltaRequest), encode: createEncoder(encodeDeltaResponse) };
  const sotwCodec = { decode: createDecoder(decodeSotwRequest), encode: createEncoder(encodeSotwResponse) };

  for (const { service, typeUrl } of DISCOVERY_SERVICES) {
    const methods: UntypedServiceImplementation = {};
    for (const { name, methodKind } of service.methods) {
      if (methodKind === "unary") methods[name] = unimplemented;
      else if (name.startsWith("Delta")) {
        methods[name] = (call: RawCall) => open(call, typeUrl, createDeltaSession(forDelta), deltaCodec);
      } else methods[name] = (call: RawCall) => open(call, typeUrl, createSotwSession(forSotw), sotwCodec);
    }
    server.addService(rawService(service), methods);
  }
  const clients = (): readonly ClientStatus[] =>
    [...live.values()].map(({ id, protocol, node, connectedAt, state }) => ({
      stream: id,
      node,
      protocol,
      connectedAt,
      // Read off when it is looked at: of a thousand streams few are, as a rule.
      get types() {
        return sessionStatus(state);
      },
    }));
  if (!options.authenticate) {
    const csds = csdsService(() => live.values());
    server.addService(csds.definition, csds.implementation);
  }

  return {
    listen: (address, credentials = ServerCredentials.createInsecure()) => bind(server, address, credentials),
    async listenTls(address, certificate) {
      // The handshake is done: what is left is HTTP/2 as in plaintext.
      const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
      const listener = await listenTls({
        ...address,
        certificate,
        maxConnections: limits.streams,
        onConnection: (socket) => injector.injectConnection(socket),
        onRefused: (reason) => onEvent({ kind: "refused-connection", stream: 0, node: UNKNOWN_NODE, reason }),
      });
      listeners.push(listener);
      return listener;
    },
    close() {
      for (const listener of listeners) listener.close();
      return shutDown(server);
    },
    clients,
    refusals,
  };
}

/** Never rejects: what cannot be decided is "not now". */
function admit(authenticate: Authenticate, call: RawCall): Promise<Admission> {
  return authenticate({ metadata: call.metadata, peer: call.getPeer() }).catch(() => ({
    admitted: false,
    code: "UNAVAILABLE",
    reason: "failed",
  }));
}

/** The REST-like polling methods have no use for Envoys on streams. */
function unimplemented(_call: ServerUnaryCall<Buffer, Buffer>, respond: sendUnaryData<Buffer>): void {
  respond({ code: Code.UNIMPLEMENTED, details: "polling is not served; use the streaming methods" });
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error)
        reject(new HeddleError("XDS_LISTEN", `cannot listen on ${address}: ${error.message}`, { cause: error }));
      else resolve(port);
    });
  });
}

/** Streams never end by themselves, so a graceful shutdown would wait for ever: they are cut. */
function shutDown(server: Server): Promise<void> {
  server.forceShutdown();
  return Promise.resolve();
}

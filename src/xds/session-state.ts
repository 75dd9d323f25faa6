import { type NodeInfo, UNKNOWN_NODE } from "./node.ts";
import type { Refusals } from "./refusals.ts";
import type { Resource } from "./resource.ts";
import type { Snapshot, TypeSnapshot } from "./snapshot.ts";
import { inPushOrder } from "./type-url.ts";
import { createTypeState, type Outstanding, type Response, type TypeState } from "./type-state.ts";

/** What a client that asks by name for something that does not exist is told. */
export type Missing =
  /** This resource stands in, e.g. an empty ClusterLoadAssignment. */
  | Resource
  /** Delta: `removed_resources`. SotW has no word for it and stays silent. */
  | "removed"
  /** Nothing until it exists. */
  | "silent";

export interface SessionOptions {
  readonly refusals: Refusals;
  readonly missing: (typeUrl: string, name: string) => Missing;
  /** Types of which a SotW response may hold only what changed, though never the full-state types. */
  readonly sotwPartial: ReadonlySet<string>;
  readonly timing: Timing;
  readonly limits: SessionLimits;
}

/** All in milliseconds. */
export interface Timing {
  /** How long a response may stay unanswered before the next of its type, or what waits for it, goes out all the same. */
  readonly ackTimeout: number;
  /** How long clusters may stay unanswered before the last good ones are sent again: Envoy goes silent on some errors. */
  readonly silenceTimeout: number;
  /** How long a reconnected Envoy may leave out its request for clusters before it is sent them unasked. */
  readonly mutedAfter: number;
}

export interface SessionLimits {
  /** Names that one stream may ask for of one type, at once. */
  readonly namesPerType: number;
  readonly typesPerStream: number;
}

export const DEFAULT_TIMING: Timing = { ackTimeout: 5000, silenceTimeout: 20_000, mutedAfter: 1000 };
export const DEFAULT_LIMITS: SessionLimits = { namesPerType: 20_000, typesPerStream: 64 };

/** What a session wants done. */
export type Action =
  | { readonly kind: "send"; readonly response: Response }
  /** Give the session a `tick` at this time. Replaces an earlier wish; undefined takes it back. */
  | { readonly kind: "wake"; readonly at: number | undefined }
  | { readonly kind: "ack"; readonly typeUrl: string; readonly nonce: string; readonly version: string }
  | {
      readonly kind: "nack";
      readonly typeUrl: string;
      readonly nonce: string;
      readonly version: string;
      /** Resources that are refused from now on; empty while the culprit is still being looked for. */
      readonly culprits: readonly string[];
      /** Redacted. */
      readonly reason: string;
    }
  /** The client asks by name for resources that its view does not have: clusters on demand, as a rule. */
  | { readonly kind: "asked"; readonly typeUrl: string; readonly names: readonly string[] }
  /** A request with a nonce that answers nothing. */
  | { readonly kind: "stale"; readonly typeUrl: string; readonly nonce: string }
  /** Clusters were sent again to wake a client that had gone silent. */
  | { readonly kind: "cure"; readonly reason: "silent" | "muted"; readonly names: readonly string[] }
  | { readonly kind: "close"; readonly code: "INVALID_ARGUMENT" | "RESOURCE_EXHAUSTED"; readonly message: string };

/** The whole state of one stream's session. Only the functions of the session change it. */
export interface SessionState {
  readonly options: SessionOptions;
  readonly protocol: "delta" | "sotw";
  /** In push order. */
  readonly types: Map<string, TypeState>;
  /** When the first request came. */
  startedAt: number | undefined;
  node: NodeInfo;
  snapshot: Snapshot | undefined;
  /** Since when each traffic type, or the removals of the others, has been held back. */
  readonly heldBackSince: Map<string, number>;
  /** The client showed that it holds resources from an earlier stream. */
  reconnected: boolean;
  /** Endpoints of clusters that a client which came back was sent before it said which endpoints it has. */
  readonly warming: Set<string>;
  writable: boolean;
  closed: boolean;
  nonces: number;
  silence: Silence;
  wakeAt: number | undefined;
  /** Actions of the step under way. */
  actions: Action[];
}

/** What is known of a client that does not answer for its clusters. */
export interface Silence {
  /** 0: none; 1: changed clusters are back at their last good version; 2: new ones are taken back too. */
  stage: 0 | 1 | 2;
  since: number;
  /** When the clusters last waited for endpoints that were refused. */
  waitedUntil: number;
  /** Responses that were unanswered when the silence was noticed. They stay so: any answer ends it. */
  suspects: readonly Outstanding[];
  /** Grows with each silence that turned out to be plain slowness. */
  patience: number;
  /** Nonce of the clusters that a mute client was sent unasked. */
  wakeNonce: string | undefined;
}

export function createSessionState(protocol: "delta" | "sotw", options: SessionOptions): SessionState {
  return {
    options,
    protocol,
    types: new Map(),
    startedAt: undefined,
    node: UNKNOWN_NODE,
    snapshot: undefined,
    heldBackSince: new Map(),
    reconnected: false,
    warming: new Set(),
    writable: true,
    closed: false,
    nonces: 0,
    silence: { stage: 0, since: 0, waitedUntil: -Infinity, suspects: [], patience: 1, wakeNonce: undefined },
    wakeAt: undefined,
    actions: [],
  };
}

/** The client's type state, made on first use; undefined when the stream has too many types. */
export function typeStateOf(session: SessionState, typeUrl: string): TypeState | undefined {
  let state = session.types.get(typeUrl);
  if (!state && session.types.size < session.options.limits.typesPerStream) {
    state = createTypeState(typeUrl, session.snapshot && typeSnapshot(session.snapshot, typeUrl));
    insertInPushOrder(session.types, typeUrl, state);
  }
  return state;
}

/** Types are added a few times a stream and gone through at every step. */
function insertInPushOrder(types: Map<string, TypeState>, typeUrl: string, state: TypeState): void {
  const known = new Map(types).set(typeUrl, state);
  types.clear();
  for (const each of inPushOrder(known.keys())) types.set(each, known.get(each)!);
}

/** The snapshot's resources of a type; an empty set for a type that it does not have. */
export function typeSnapshot(snapshot: Snapshot, typeUrl: string): TypeSnapshot {
  return snapshot.types.get(typeUrl) ?? { typeUrl, version: "empty", byContent: true, resources: NOTHING };
}

const NOTHING: ReadonlyMap<string, Resource> = new Map();

/** The version of Envoy that refusals are remembered for. */
export function clientVersion({ node }: SessionState): string {
  return `${node.agent}/${node.version}`;
}

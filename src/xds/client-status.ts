import type { NodeInfo } from "./node.ts";
import type { SessionState } from "./session-state.ts";
import { knowsNothing } from "./knowledge.ts";
import { isDirty, type LastNack, type TypeState } from "./type-state.ts";

/**
 * - `NOT_SENT`: nothing to send, or nothing sent yet
 * - `SYNCED`: the client acknowledged everything that it is to have
 * - `STALE`: something is on its way, or waits for its turn
 * - `REJECTED`: the client refuses at least one resource and keeps the last good one
 */
export type SyncState = "NOT_SENT" | "SYNCED" | "STALE" | "REJECTED";

export interface TypeStatus {
  readonly typeUrl: string;
  readonly state: SyncState;
  /** Version of the snapshot that the client is to have. */
  readonly wanted: string;
  /** Version of the newest response; "" before the first. */
  readonly sent: string;
  readonly acked: string;
  readonly nack: LastNack | undefined;
  /** Why each refused resource is refused, by name. */
  readonly refused: Readonly<Record<string, string>>;
  /** Nothing is on its way to the client, and nothing waits; it may refuse some of it. */
  readonly settled: boolean;
  /** Everything that the client is to have of `wanted` was sent, answered or not. */
  readonly complete: boolean;
  /** Names that the client asked for; undefined with a wildcard. */
  readonly subscribed: number | undefined;
}

/** One connected stream. */
export interface ClientStatus {
  readonly stream: number;
  readonly node: NodeInfo;
  readonly protocol: "delta" | "sotw";
  /** Milliseconds of the server's clock. */
  readonly connectedAt: number;
  readonly types: readonly TypeStatus[];
}

/** The state of one type on one stream, read off its session. */
export function typeStatus(state: TypeState): TypeStatus {
  const complete = state.desired !== undefined && !isDirty(state) && !state.answerDue;
  return {
    typeUrl: state.typeUrl,
    state: syncState(state),
    wanted: state.desired?.version ?? "",
    sent: state.sentVersion,
    acked: state.ackedVersion,
    nack: state.lastNack,
    refused: state.refused.size === 0 ? NOTHING : Object.fromEntries(state.refused),
    settled: complete && state.outstanding.length === 0,
    complete,
    subscribed: state.subscription.wildcard ? undefined : state.subscription.names.size,
  };
}

const NOTHING: TypeStatus["refused"] = {};

function syncState(state: TypeState): SyncState {
  if (state.refused.size > 0) return "REJECTED";
  if (state.outstanding.length > 0) return "STALE";
  if (state.desired && (isDirty(state) || state.answerDue)) return "STALE";
  return state.lastNonce === "" && knowsNothing(state) ? "NOT_SENT" : "SYNCED";
}

export function sessionStatus(state: SessionState): readonly TypeStatus[] {
  return [...state.types.values()].map(typeStatus);
}

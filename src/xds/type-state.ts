/**
 * What one stream's session keeps of one resource type: what the client wants, what it knows, what is on its way.
 *
 * Invariants: a name is in `dirty` whenever what the client should have may differ from what it knows; `known` changes
 * when a response is composed, not when it is acknowledged; every unanswered response is in `outstanding`.
 */
import { type Accepted, createKnowledge, type Knowledge, knownNames, knownOf } from "./knowledge.ts";
import { moveNames, namesIn } from "./name-set.ts";
import type { Resource } from "./resource.ts";
import { changedNames, type TypeSnapshot } from "./snapshot.ts";
import { createSubscription, type Subscription, wants } from "./subscription.ts";

/** A response that was sent. */
export interface Response {
  readonly typeUrl: string;
  readonly nonce: string;
  readonly version: string;
  readonly resources: readonly Resource[];
  /** Delta only. */
  readonly removed: readonly string[];
}

/** A response that waits for its ACK or NACK. */
export interface Outstanding {
  readonly response: Response;
  readonly sentAt: number;
  /** Names whose content this response changed, or that it repeats in SotW before the client is known to have accepted it. */
  readonly changed: readonly string[];
  /** For each changed name what the client last accepted: what to go back to. */
  readonly accepted: ReadonlyMap<string, Accepted | undefined>;
}

export interface TypeState {
  readonly typeUrl: string;
  readonly subscription: Subscription;
  /** The client asked for the type on this stream; nothing is sent before. */
  requested: boolean;
  /** Undefined until the view has a snapshot: then nothing can be answered, not even "there is none". */
  desired: TypeSnapshot | undefined;
  readonly known: Knowledge;
  readonly dirty: Set<string>;
  /** Everything that is subscribed to is due, and nothing of it is in `dirty`: the client has been sent nothing yet. */
  whole: boolean;
  /** Dirty names to be sent even when the client knows their content. */
  readonly forced: Set<string>;
  /** The next response is due even with nothing in it: the first answer to a wildcard ends Envoy's initial fetch. */
  answerDue: boolean;
  /** Oldest first. */
  readonly outstanding: Outstanding[];
  /** Nonce of the newest response, also when it is answered. */
  lastNonce: string;
  /** Groups of names that are sent one group a response, to find which of them the client refuses. */
  readonly trials: string[][];
  /** Names whose last good version is served for the time being, since a response with them stays unanswered. */
  readonly held: Map<string, Resource | undefined>;
  /** Names of `desired` that this client cannot be sent, with the redacted reason. */
  readonly refused: Map<string, string>;
  /** Version of the newest response. */
  sentVersion: string;
  /** Version of the newest response that the client acknowledged. */
  ackedVersion: string;
  lastNack: LastNack | undefined;
}

export interface LastNack {
  readonly version: string;
  /** Empty where the client named none. */
  readonly culprits: readonly string[];
  /** Redacted. */
  readonly reason: string;
  /** Milliseconds of the server's clock. */
  readonly at: number;
}

export function createTypeState(typeUrl: string, desired: TypeSnapshot | undefined): TypeState {
  return {
    typeUrl,
    subscription: createSubscription(),
    requested: false,
    desired,
    known: createKnowledge(),
    dirty: new Set(),
    whole: false,
    forced: new Set(),
    answerDue: false,
    outstanding: [],
    lastNonce: "",
    trials: [],
    held: new Map(),
    refused: new Map(),
    sentVersion: "",
    ackedVersion: "",
    lastNack: undefined,
  };
}

/** Moves the type to a new snapshot and marks what changed for this client. */
export function setDesired(state: TypeState, desired: TypeSnapshot): void {
  const before = state.desired;
  if (before === desired) return;
  state.desired = desired;
  moveNames(state.subscription.names, desired);
  if (state.whole) return;
  for (const name of changedNames(before, desired)) {
    state.held.delete(name);
    state.refused.delete(name);
    if (wants(state.subscription, name)) state.dirty.add(name);
  }
  // What the client asked for or claims to have, and what is not there, has waited for this snapshot too.
  if (!before) for (const name of [...namesIn(state.subscription.names), ...knownNames(state)]) state.dirty.add(name);
}

/** Something may have to be sent. */
export function isDirty(state: TypeState): boolean {
  return state.whole || state.dirty.size > 0;
}

/** Marks one by one what is due as a whole: it cannot go out at once, or not all of it. */
export function dueOneByOne(state: TypeState): void {
  if (!state.whole) return;
  state.whole = false;
  for (const name of namesIn(state.subscription.names)) state.dirty.add(name);
  for (const name of state.desired?.resources.keys() ?? []) if (wants(state.subscription, name)) state.dirty.add(name);
}

/** Marks a name as in need of a look, and, if `force`, of being sent whatever the client knows. */
export function touch(state: TypeState, name: string, force = false): void {
  dueOneByOne(state);
  state.dirty.add(name);
  if (force) state.forced.add(name);
}

/** What the client last accepted under `name`; undefined where that is nothing, or not known. */
export function lastAccepted(state: TypeState, name: string): Accepted | undefined {
  for (const { accepted } of state.outstanding) if (accepted.has(name)) return accepted.get(name);
  const known = knownOf(state, name);
  if (known?.kind === "unknown") return known.accepted;
  return known?.kind === "absent" ? undefined : known;
}

/** The resource of what a client accepted, where the server has its content. */
export function contentOf(accepted: Accepted | undefined): Resource | undefined {
  return accepted?.kind === "resource" ? accepted.resource : undefined;
}

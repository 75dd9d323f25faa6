/**
 * What one stream's session keeps of one resource type: what the client wants, what it knows, what is on its way.
 *
 * Invariants: a name is in `dirty` whenever what the client should have may differ from what it knows; `known` changes
 * when a response is composed, not when it is acknowledged; every unanswered response is in `outstanding`.
 */
import type { Resource } from "./resource.ts";
import { changedNames, type TypeSnapshot } from "./snapshot.ts";
import { createSubscription, type Subscription, wants } from "./subscription.ts";

/**
 * What the client holds under one name, as far as the server can tell.
 * - `resource`: sent on this stream; `version`: the client said so when it connected
 * - `absent`: it was told that there is none
 * - `unknown`: a refusal leaves open what it holds, so it is told again; `accepted` is what it had before
 */
export type Known =
  Accepted | { readonly kind: "absent" } | { readonly kind: "unknown"; readonly accepted: Accepted | undefined };

/** What a client has accepted and still holds. */
export type Accepted =
  { readonly kind: "resource"; readonly resource: Resource } | { readonly kind: "version"; readonly version: string };

export const ABSENT: Known = { kind: "absent" };
export const UNKNOWN: Known = { kind: "unknown", accepted: undefined };

/** One object a resource, shared by all streams that were sent it: a memo of a pure function. */
const sent = new WeakMap<Resource, Known>();

/** "The client was sent this resource." */
export function knownResource(resource: Resource): Known {
  let known = sent.get(resource);
  if (!known) sent.set(resource, (known = { kind: "resource", resource }));
  return known;
}

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
  /** Names whose content this response changed, or that it repeats in SotW before the client has ever accepted it. */
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
  readonly known: Map<string, Known>;
  readonly dirty: Set<string>;
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
    known: new Map(),
    dirty: new Set(),
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
  const names = changedNames(state.desired, desired);
  const first = state.desired === undefined;
  state.desired = desired;
  for (const name of names) {
    state.held.delete(name);
    state.refused.delete(name);
    if (wants(state.subscription, name)) state.dirty.add(name);
  }
  // What the client asked for or claims to have, and what is not there, has waited for this snapshot too.
  if (first) for (const name of [...state.subscription.names, ...state.known.keys()]) state.dirty.add(name);
}

/** The snapshot's own string for a name: a thousand streams that ask for a name then hold it once. */
export function canonicalName(state: TypeState, name: string): string {
  return state.desired?.resources.get(name)?.name ?? name;
}

/** Marks a name as in need of a look, and, if `force`, of being sent whatever the client knows. */
export function touch(state: TypeState, name: string, force = false): void {
  state.dirty.add(name);
  if (force) state.forced.add(name);
}

/** The client's copy is the very content of `resource`. */
export function holds(known: Known | undefined, resource: Resource): boolean {
  if (known?.kind === "resource") return known.resource.hash === resource.hash;
  return known?.kind === "version" && known.version === resource.version;
}

/** What the client last accepted under `name`; undefined where that is nothing, or not known. */
export function lastAccepted(state: TypeState, name: string): Accepted | undefined {
  for (const { accepted } of state.outstanding) if (accepted.has(name)) return accepted.get(name);
  const known = state.known.get(name);
  if (known?.kind === "unknown") return known.accepted;
  return known?.kind === "absent" ? undefined : known;
}

/** The resource of what a client accepted, where the server has its content. */
export function contentOf(accepted: Accepted | undefined): Resource | undefined {
  return accepted?.kind === "resource" ? accepted.resource : undefined;
}

/**
 * One stream's side of the xDS protocol, as a pure state machine: events go in, actions come out, time is an argument.
 * The same events give the same actions. `session-delta.ts` and `session-sotw.ts` read the two kinds of request; all else is
 * common.
 */
import type { NodeInfo } from "./node.ts";
import { push, pushDeadline } from "./push.ts";
import { noteWaiting, silenceDeadline, wakeMuted, wakeSilent } from "./silence.ts";
import type { Snapshot } from "./snapshot.ts";
import {
  type Action,
  createSessionState,
  type SessionOptions,
  type SessionState,
  typeSnapshot,
  typeStateOf,
} from "./session-state.ts";
import type { SubscriptionChange } from "./subscription.ts";
import { forgetBeyond, forgetKnown, knownNames, setKnown, UNKNOWN } from "./knowledge.ts";
import { dueOneByOne, isDirty, setDesired, touch, type TypeState } from "./type-state.ts";
import { hasName, isAllOf } from "./name-set.ts";
import { wants } from "./subscription.ts";
import { judge } from "./verdict.ts";

/** A request as both protocols have it. */
export interface RequestHead {
  readonly typeUrl: string;
  /** Only on the first request of a stream, as a rule. */
  readonly node: NodeInfo | undefined;
  /** "" when it answers nothing. */
  readonly nonce: string;
  /** The client's error text of a NACK. */
  readonly error: string | undefined;
}

export type Event<Request extends RequestHead> =
  | { readonly kind: "request"; readonly request: Request }
  | { readonly kind: "snapshot"; readonly snapshot: Snapshot }
  /** The transport takes more, or does not for now. */
  | { readonly kind: "writable"; readonly writable: boolean }
  | { readonly kind: "tick" };

/** Reads the part of a request that differs between the protocols. */
export interface Protocol<Request extends RequestHead> {
  readonly name: "delta" | "sotw";
  /** Applies the subscription of a request; `first` is the first request for its type on the stream. */
  subscribe(session: SessionState, state: TypeState, request: Request, first: boolean): SubscriptionChange;
}

export interface Session<Request extends RequestHead> {
  /** Feeds one event; `now` in milliseconds of any clock that does not go back. */
  step(event: Event<Request>, now: number): readonly Action[];
  /** For status and tests; changed by `step` only. */
  readonly state: Readonly<SessionState>;
}

export function createSession<Request extends RequestHead>(
  protocol: Protocol<Request>,
  options: SessionOptions,
): Session<Request> {
  const session = createSessionState(protocol.name, options);

  function step(event: Event<Request>, now: number): readonly Action[] {
    if (session.closed) return [];
    session.actions = [];
    let quiet: string | undefined;
    noteWaiting(session, now);
    switch (event.kind) {
      case "request":
        quiet = onRequest(session, protocol, event.request, now);
        break;
      case "snapshot":
        onSnapshot(session, event.snapshot);
        break;
      case "writable":
        session.writable = event.writable;
        break;
      case "tick":
        // The wish is used up, also by a tick that comes a little early.
        session.wakeAt = undefined;
        wakeSilent(session, now);
        wakeMuted(session, now);
        break;
      default:
        event satisfies never;
    }
    push(session, now, quiet);
    askForTick(session, now);
    return session.actions;
  }

  return { step, state: session };
}

/** Subscriptions first, then the verdict: Envoy carries (un)subscribes on ACKs and NACKs and says them once. */
function onRequest<Request extends RequestHead>(
  session: SessionState,
  protocol: Protocol<Request>,
  request: Request,
  now: number,
): string | undefined {
  session.startedAt ??= now;
  if (request.node) session.node = request.node;
  if (request.typeUrl === "") return close(session, "INVALID_ARGUMENT", "type_url is missing");
  const state = typeStateOf(session, request.typeUrl);
  const { typesPerStream, namesPerType } = session.options.limits;
  if (!state) return close(session, "RESOURCE_EXHAUSTED", `more than ${typesPerStream} resource types on one stream`);

  const first = !state.requested;
  state.requested = true;
  const change = protocol.subscribe(session, state, request, first);
  if (first && isNew(state)) state.whole = true;
  else applyChange(state, change);
  askFor(session, state, change.added);
  if (state.subscription.names.size > namesPerType) {
    return close(session, "RESOURCE_EXHAUSTED", `more than ${namesPerType} resource names of one type on one stream`);
  }
  if (first || request.nonce === "" || request.nonce === answeredNonce(state)) return undefined;
  if (judge(session, state, request, now)) return undefined;
  session.actions.push({ kind: "stale", typeUrl: state.typeUrl, nonce: request.nonce });
  return state.typeUrl;
}

/** Nothing was sent of the type, the client has claimed nothing, and nothing else is under way. */
function isNew(state: TypeState): boolean {
  return state.lastNonce === "" && state.known.own.size === 0 && !isDirty(state);
}

/** Says which of the names that a client has asked for its view does not have. */
function askFor(session: SessionState, state: TypeState, names: readonly string[]): void {
  const { desired, subscription, typeUrl } = state;
  if (!desired || isAllOf(subscription.names, desired)) return;
  const absent = names.filter((name) => !desired.resources.has(name));
  if (absent.length > 0) session.actions.push({ kind: "asked", typeUrl, names: absent });
}

/** The newest nonce when it has been answered: SotW repeats it on every later request of the type. */
function answeredNonce(state: TypeState): string | undefined {
  return state.outstanding.at(-1)?.response.nonce === state.lastNonce ? undefined : state.lastNonce;
}

function applyChange(state: TypeState, change: SubscriptionChange): void {
  const { subscription } = state;
  const { wildcardAdded, wildcardDropped, dropped, added } = change;
  if (wildcardAdded || wildcardDropped || dropped.length + added.length > 0) dueOneByOne(state);
  if (wildcardDropped) {
    const touched = [...state.known.own.keys(), ...state.dirty, ...state.held.keys(), ...state.refused.keys()];
    for (const name of touched) if (!wants(subscription, name)) forget(state, name);
  }
  for (const name of dropped) {
    if (!wants(subscription, name)) forget(state, name);
    else {
      // Dropped by name and still covered by the wildcard: the client must hear what that has.
      setKnown(state, name, UNKNOWN);
      touch(state, name);
    }
  }
  for (const name of added) touch(state, name);
  if (wildcardAdded) {
    forgetBeyond(state, (name) => hasName(subscription.names, name));
    for (const name of state.desired?.resources.keys() ?? []) touch(state, name);
    for (const name of knownNames(state)) touch(state, name);
  }
}

function forget(state: TypeState, name: string): void {
  forgetKnown(state, name);
  state.dirty.delete(name);
  state.forced.delete(name);
  state.held.delete(name);
  state.refused.delete(name);
}

function onSnapshot(session: SessionState, snapshot: Snapshot): void {
  session.snapshot = snapshot;
  for (const state of session.types.values()) setDesired(state, typeSnapshot(snapshot, state.typeUrl));
}

function close(session: SessionState, code: "INVALID_ARGUMENT" | "RESOURCE_EXHAUSTED", message: string): undefined {
  session.closed = true;
  session.actions.push({ kind: "close", code, message });
}

/** Least time to the next tick when a deadline has passed and what it is for is still blocked. */
const MIN_TICK = 50;

function askForTick(session: SessionState, now: number): void {
  const next = Math.min(pushDeadline(session, now) ?? Infinity, silenceDeadline(session) ?? Infinity);
  let at = next < Infinity && !session.closed ? next : undefined;
  if (at !== undefined && at <= now) {
    at = session.wakeAt !== undefined && session.wakeAt > now ? session.wakeAt : now + MIN_TICK;
  }
  if (at === session.wakeAt) return;
  session.wakeAt = at;
  session.actions.push({ kind: "wake", at });
}

/**
 * Decides which type may be sent now: make before break.
 *
 * Order: clusters, then their endpoints and secrets at once (Envoy withholds the ACK of clusters until those are there,
 * so waiting for it is a deadlock), then listeners and routes when the clusters are acknowledged, removals last. Each wait
 * is bounded by the ack timeout.
 */
import { applyDraft, compose, type Draft, takesAway } from "./compose.ts";
import { referencesOf } from "./references.ts";
import type { Resource } from "./resource.ts";
import type { SessionState } from "./session-state.ts";
import { maybeMuted } from "./silence.ts";
import { CLUSTER, ENDPOINT, REMOVED_LAST, TRAFFIC_TYPES } from "./type-url.ts";
import { holds, knownOf } from "./knowledge.ts";
import { hasName } from "./name-set.ts";
import { isDirty, touch, type TypeState } from "./type-state.ts";

/** Most responses of one type that may be unanswered at once; a client that answers none gets no more. */
const MAX_OUTSTANDING = 8;
/** Removals are held back this many ack timeouts at the most, however busy the routes are. */
const REMOVAL_PATIENCE = 4;
const REMOVALS = "removals";

/**
 * Sends whatever is due.
 *
 * @param quiet a type that is to stay silent in this step, since its request was stale
 */
export function push(session: SessionState, now: number, quiet?: string): void {
  if (!session.writable || !session.snapshot || session.closed) return;
  // Most steps are an ACK after which nothing is left to say.
  if (!somethingDue(session)) return session.heldBackSince.clear();
  // Also when there is nothing to remove: the patience of removals counts from the first one that has to wait.
  removalsAllowed(session, now);
  for (const [typeUrl, state] of session.types) {
    if (isIdle(state)) session.heldBackSince.delete(typeUrl);
    if (typeUrl === quiet || !state.requested || isIdle(state)) continue;
    if (inFlight(session, state, now) || mustWaitForClusters(session, state, now)) continue;
    const mayRemove = !REMOVED_LAST.has(typeUrl) || removalsAllowed(session, now);
    const draft = compose(session, state, mayRemove);
    if (draft) send(session, state, draft, now);
  }
}

function somethingDue({ types }: SessionState): boolean {
  for (const state of types.values()) if (!isIdle(state)) return true;
  return false;
}

function isIdle(state: TypeState): boolean {
  return !isDirty(state) && !state.answerDue;
}

/** A response of the type is on its way and may still be answered; later changes coalesce behind it. */
function inFlight(session: SessionState, state: TypeState, now: number): boolean {
  if (state.outstanding.length >= MAX_OUTSTANDING) return true;
  const last = state.outstanding.at(-1);
  if (last === undefined) return false;
  // The response that is to wake a silent client must not wait for the answer it is to provoke.
  if (state.typeUrl === CLUSTER && session.silence.stage > 0 && last.sentAt < session.silence.since) return false;
  return now < last.sentAt + session.options.timing.ackTimeout;
}

/** Bounded: true for at most `limit` from the first time that `held` is true without a break. */
function holdBack(session: SessionState, what: string, held: boolean, limit: number, now: number): boolean {
  if (!held) {
    session.heldBackSince.delete(what);
    return false;
  }
  const since = session.heldBackSince.get(what) ?? now;
  session.heldBackSince.set(what, since);
  return now < since + limit;
}

/** Listeners and routes wait for clusters that are new or changed, so that no request finds a cluster missing. */
function mustWaitForClusters(session: SessionState, state: TypeState, now: number): boolean {
  if (!TRAFFIC_TYPES.has(state.typeUrl)) return false;
  const clusters = session.types.get(CLUSTER);
  const pending =
    maybeMuted(session) ||
    (clusters?.requested === true &&
      (clusters.outstanding.some((o) => o.changed.length > 0) || hasUnsentResource(clusters)));
  return holdBack(session, state.typeUrl, pending, session.options.timing.ackTimeout, now);
}

function hasUnsentResource(state: TypeState): boolean {
  if (state.whole) return state.desired !== undefined && state.desired.resources.size > 0;
  for (const name of state.dirty) if (state.desired?.resources.has(name)) return true;
  return false;
}

/** A client that reconnects asks for its routes after its clusters: what they lead to shows a moment later. */
function comingBack({ reconnected, startedAt = 0, options }: SessionState, now: number): boolean {
  return reconnected && now < startedAt + options.timing.mutedAfter;
}

/** Nothing that a route may still point to is taken away while listeners or routes are on their way. */
function removalsAllowed(session: SessionState, now: number): boolean {
  let busy = comingBack(session, now);
  for (const typeUrl of TRAFFIC_TYPES) {
    const state = session.types.get(typeUrl);
    if (state?.requested && (isDirty(state) || state.outstanding.length > 0)) busy = true;
  }
  return !holdBack(
    session,
    REMOVALS,
    busy && hasRemoval(session),
    session.options.timing.ackTimeout * REMOVAL_PATIENCE,
    now,
  );
}

function hasRemoval({ types }: SessionState): boolean {
  for (const typeUrl of REMOVED_LAST) {
    const state = types.get(typeUrl);
    if (!state?.requested || !state.desired) continue;
    for (const name of state.dirty) if (takesAway(state, name)) return true;
  }
  return false;
}

function send(session: SessionState, state: TypeState, draft: Draft, now: number): void {
  const news = state.typeUrl === CLUSTER && mayWarm(session) ? newToClient(state, draft) : [];
  const unproven = applyDraft(state, draft);
  const nonce = String(++session.nonces);
  const response = {
    typeUrl: state.typeUrl,
    nonce,
    version: state.desired!.version,
    resources: draft.resources,
    removed: draft.removed,
  };
  state.outstanding.push({ response, sentAt: now, ...unproven });
  state.lastNonce = nonce;
  state.sentVersion = response.version;
  session.heldBackSince.delete(state.typeUrl);
  session.actions.push({ kind: "send", response });
  sendEndpointsAgain(session, news);
}

/** Resources of a draft that the client may not hold as they are; SotW repeats others. */
function newToClient(state: TypeState, { resources, changed }: Draft): readonly Resource[] {
  const names = new Set(changed);
  return resources.filter((resource) => names.has(resource.name) || !holds(knownOf(state, resource.name), resource));
}

/** Endpoints may have been sent, or be at the client from an earlier stream. */
function mayWarm({ types, reconnected }: SessionState): boolean {
  return types.get(ENDPOINT)?.requested === true || reconnected;
}

/** A cluster that changed warms again, and Envoy does not ask for its endpoints again: they are due all the same. */
function sendEndpointsAgain(session: SessionState, clusters: readonly Resource[]): void {
  const endpoints = session.types.get(ENDPOINT);
  const requested = endpoints?.requested === true;
  for (const { name } of clusters.flatMap(referencesOf)) {
    // A client that comes back asks for its clusters first. It will say that it has these endpoints: the old cluster has them.
    if (!requested) session.warming.add(name);
    else if (endpoints && hasName(endpoints.subscription.names, name)) touch(endpoints, name, true);
  }
}

/** When waiting alone lets something go out. */
export function pushDeadline(session: SessionState, now: number): number | undefined {
  const { ackTimeout, mutedAfter } = session.options.timing;
  let next = Infinity;
  const consider = (since: number | undefined, wait: number): void => {
    if (since !== undefined && since + wait > now) next = Math.min(next, since + wait);
  };
  for (const state of session.types.values()) {
    if (!isIdle(state)) consider(state.outstanding.at(-1)?.sentAt, ackTimeout);
    consider(session.heldBackSince.get(state.typeUrl), ackTimeout);
  }
  if (session.reconnected) consider(session.startedAt ?? 0, mutedAfter);
  consider(session.heldBackSince.get(REMOVALS), ackTimeout * REMOVAL_PATIENCE);
  return next === Infinity ? undefined : next;
}

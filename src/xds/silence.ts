/**
 * Envoys that stop answering for their clusters. Two ways into it were measured (Envoy 1.36 and 1.40): a cluster that
 * fails late, after warming, is refused without a word when it came together with a new one; and after a reconnect such an
 * Envoy no longer asks for clusters at all. An unsolicited response with the last good content, or the removal, cures
 * both.
 */
import { referencesOf } from "./references.ts";
import { clientVersion, type SessionState, typeStateOf } from "./session-state.ts";
import { CLUSTER, ENDPOINT, LISTENER, SECRET } from "./type-url.ts";
import { changedResources } from "./suspects.ts";
import { knownOf, setKnown, UNKNOWN } from "./knowledge.ts";
import { namesIn } from "./name-set.ts";
import { contentOf, isDirty, lastAccepted, type Outstanding, touch, type TypeState } from "./type-state.ts";

/** When `wakeSilent` or `wakeMuted` has something to do next, if nothing else happens. */
export function silenceDeadline(session: SessionState): number | undefined {
  const clusters = session.types.get(CLUSTER);
  const { silence, options } = session;
  const times: number[] = [];
  const oldest = clusters?.outstanding[0];
  if (clusters && oldest && silence.stage < 2 && !owesParts(session, clusters)) {
    times.push(silentSince(session, oldest) + options.timing.silenceTimeout * silence.patience);
  }
  if (maybeMuted(session)) times.push(session.startedAt! + options.timing.mutedAfter);
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** Goes back to last good clusters when an answer is overdue although all endpoints and secrets were sent. */
export function wakeSilent(session: SessionState, now: number): void {
  const clusters = session.types.get(CLUSTER);
  const { silence } = session;
  const oldest = clusters?.outstanding[0];
  if (!clusters || !oldest || silence.stage === 2) return;
  if (now < silentSince(session, oldest) + session.options.timing.silenceTimeout * silence.patience) return;
  if (owesParts(session, clusters)) return;

  if (silence.stage === 0) silence.suspects = [...clusters.outstanding];
  const suspects = new Set(Array.from(changedResources(silence.suspects), ({ name }) => name));
  const back = [...suspects].filter((name) => !clusters.held.has(name));
  const changed = back.filter((name) => contentOf(lastAccepted(clusters, name)));
  const added = back.filter((name) => !lastAccepted(clusters, name));
  // Taking a new cluster back may break a route that uses it: first try without.
  const names = silence.stage === 0 && changed.length > 0 ? changed : added;
  silence.stage = names === changed ? 1 : 2;
  silence.since = now;
  for (const name of names) {
    clusters.held.set(name, contentOf(lastAccepted(clusters, name)));
    touch(clusters, name, true);
  }
  session.actions.push({ kind: "cure", reason: "silent", names });
}

/** To be called before anything changes: silence counts from when there was nothing left that the clusters waited for. */
export function noteWaiting(session: SessionState, now: number): void {
  const clusters = session.types.get(CLUSTER);
  if (clusters && waitsForRefused(session, clusters)) session.silence.waitedUntil = now;
}

/** Endpoints or secrets are due that were not sent: the clusters wait for them, and are not to blame. */
function owesParts(session: SessionState, clusters: TypeState): boolean {
  const unsent = [ENDPOINT, SECRET].some((type) => session.types.has(type) && isDirty(session.types.get(type)!));
  return unsent || waitsForRefused(session, clusters);
}

/** Endpoints of an unanswered cluster are refused, and nothing can be sent for them: only the client knows what it had before. */
function waitsForRefused({ types }: SessionState, { outstanding }: TypeState): boolean {
  const endpoints = types.get(ENDPOINT);
  if (!endpoints || endpoints.refused.size === 0) return false;
  for (const cluster of changedResources(outstanding)) {
    for (const { name } of referencesOf(cluster)) {
      const known = knownOf(endpoints, name)?.kind;
      if (endpoints.refused.has(name) && known !== "resource" && known !== "absent") return true;
    }
  }
  return false;
}

function silentSince({ silence }: SessionState, oldest: Outstanding): number {
  return Math.max(silence.stage === 0 ? oldest.sentAt : silence.since, silence.waitedUntil);
}

/**
 * The client has answered for its clusters. Content that was held back and is not to blame goes out again; if nothing was
 * to blame, the client was only slow, and more patience is due.
 *
 * @param culprits names that were refused, undefined when the answer was an ACK
 */
export function endSilence(session: SessionState, clusters: TypeState, culprits?: ReadonlySet<string>): void {
  const { silence } = session;
  if (silence.stage === 0) return;
  if (!culprits) silence.patience = Math.min(silence.patience * 2, 8);
  silence.stage = 0;
  silence.suspects = [];
  for (const name of clusters.held.keys()) touch(clusters, name);
  clusters.held.clear();
}

/** A reconnected Envoy that asks for endpoints or listeners and not for clusters. gRPC clients ask in another order. */
export function maybeMuted(session: SessionState): boolean {
  const { types, node } = session;
  if (!session.reconnected || node.agent !== "envoy" || session.startedAt === undefined) return false;
  const asked = types.get(ENDPOINT)?.requested === true || types.get(LISTENER)?.requested === true;
  return asked && types.get(CLUSTER)?.requested !== true;
}

/** Sends a muted Envoy all its clusters unasked, and the removal of everything that it may be stuck on. */
export function wakeMuted(session: SessionState, now: number): void {
  if (!session.snapshot || !maybeMuted(session)) return;
  if (now < session.startedAt! + session.options.timing.mutedAfter) return;
  const clusters = typeStateOf(session, CLUSTER);
  if (!clusters?.desired) return;
  clusters.requested = true;
  clusters.subscription.wildcard = true;
  clusters.subscription.legacy = true;
  clusters.answerDue = true;
  const refused = session.options.refusals.names(clientVersion(session), CLUSTER);
  const stray = orphans(session, clusters);
  // A stray cluster may be what a route still leads to: it goes like any other that is gone, when the routes have moved.
  for (const name of stray) setKnown(clusters, name, { kind: "version", version: "" });
  for (const name of [...clusters.desired.resources.keys(), ...refused]) setKnown(clusters, name, UNKNOWN);
  for (const name of [...clusters.desired.resources.keys(), ...refused, ...stray]) touch(clusters, name);
  session.silence.wakeNonce = String(session.nonces + 1);
  session.actions.push({ kind: "cure", reason: "muted", names: [...refused, ...stray] });
}

/** Endpoints that the client asks for and no cluster of the snapshot names: their cluster is one it should not have. */
function orphans(session: SessionState, clusters: TypeState): readonly string[] {
  const served = new Set<string>();
  for (const cluster of clusters.desired!.resources.values()) {
    for (const { name } of referencesOf(cluster)) served.add(name);
  }
  const endpoints = session.types.get(ENDPOINT);
  return endpoints ? [...namesIn(endpoints.subscription.names)].filter((name) => !served.has(name)) : [];
}

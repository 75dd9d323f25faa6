/** Makes the next response of one type out of what is dirty. */
import type { Resource } from "./resource.ts";
import { clientVersion, type SessionState } from "./session-state.ts";
import { FULL_STATE } from "./type-url.ts";
import { ABSENT, holds, knownOf, knownNames, knownResource, knowWhole, moveKnowledge, setKnown } from "./knowledge.ts";
import { hasName, namesIn } from "./name-set.ts";
import { contentOf, dueOneByOne, lastAccepted, type Outstanding, type TypeState } from "./type-state.ts";
import { wants } from "./subscription.ts";
import { nothingAccepted, wholeDraft } from "./whole.ts";

/** A response that is not numbered yet. */
export interface Draft {
  readonly resources: readonly Resource[];
  readonly removed: readonly string[];
  /** Names whose content or existence the response changes for the client. */
  readonly changed: readonly string[];
  /** Names that the response deals with; the others stay dirty. */
  readonly settled: readonly string[];
}

/**
 * The next response of a type, or undefined when there is nothing to say.
 *
 * @param mayRemove whether something may be taken away now; what may not stays dirty
 */
export function compose(session: SessionState, state: TypeState, mayRemove: boolean): Draft | undefined {
  if (!state.desired) return undefined;
  const whole = wholeDraft(session, state);
  if (whole) return whole;
  dueOneByOne(state);
  const make = session.protocol === "delta" ? composeDelta : composeSotw;
  for (;;) {
    const names = dueNames(state);
    if (names.length === 0 && !state.answerDue) return undefined;
    const onTrial = state.trials.length > 0;
    const draft = make(session, state, names, mayRemove);
    if (draft.changed.length > 0 || draft.resources.length > 0 || state.answerDue) return draft;
    for (const name of draft.settled) settle(state, name);
    condense(state);
    // A trial group in which nothing is left to say makes room for the next one.
    if (!onTrial || names.every((name) => state.dirty.has(name))) return undefined;
  }
}

/** The name needs no look any more, until it is touched again. */
export function settle(state: TypeState, name: string): void {
  state.dirty.delete(name);
  state.forced.delete(name);
}

/** Dirty names whose turn it is: while a culprit is looked for, those of one trial group. */
function dueNames(state: TypeState): readonly string[] {
  while (state.trials.length > 0) {
    const due = state.trials[0]!.filter((name) => state.dirty.has(name));
    if (due.length > 0) return due;
    state.trials.shift();
  }
  return [...state.dirty];
}

/** What a client should hold under a name. */
type Target =
  | { readonly kind: "resource"; readonly resource: Resource }
  /** Nothing, and it is to be told so. */
  | { readonly kind: "none" }
  /** Whatever it has. */
  | { readonly kind: "keep" };

const NONE: Target = { kind: "none" };
const KEEP: Target = { kind: "keep" };

function target(session: SessionState, state: TypeState, name: string): Target {
  if (state.held.has(name)) {
    const resource = state.held.get(name);
    return resource ? { kind: "resource", resource } : NONE;
  }
  const desired = state.desired!.resources.get(name);
  if (!desired) return standIn(session, state, name);
  const refusal = session.options.refusals.find(clientVersion(session), desired);
  if (!refusal) return { kind: "resource", resource: desired };
  state.refused.set(name, refusal.reason);
  return substitute(session, state, name, desired, refusal.lastGood);
}

/** What to serve instead of content that this client, or another of its version, has refused. */
function substitute(
  session: SessionState,
  state: TypeState,
  name: string,
  refused: Resource,
  lastGood: Resource | undefined,
): Target {
  for (const resource of [lastGood, contentOf(lastAccepted(state, name))]) {
    if (!resource || resource.hash === refused.hash) continue;
    if (!session.options.refusals.find(clientVersion(session), resource)) return { kind: "resource", resource };
  }
  const accepted = lastAccepted(state, name);
  if (accepted?.kind === "version" && accepted.version !== refused.version) return KEEP;
  return standIn(session, state, name);
}

/** What a client is told of a name under which there is nothing. */
function standIn(session: SessionState, state: TypeState, name: string): Target {
  const known = knownOf(state, name);
  const missing = hasName(state.subscription.names, name) ? session.options.missing(state.typeUrl, name) : "silent";
  if (typeof missing === "object") return { kind: "resource", resource: missing };
  if (missing === "removed") return NONE;
  return known && known.kind !== "absent" ? NONE : KEEP;
}

/** The client has something under this name that is not in the snapshot any more, or might have. */
export function takesAway(state: TypeState, name: string): boolean {
  const known = knownOf(state, name);
  if (!known || known.kind === "absent") return false;
  // Nothing that the client has accepted: what it may be stuck on must not wait.
  if (known.kind === "unknown" && !known.accepted) return false;
  return !state.desired!.resources.has(name) && !state.held.has(name);
}

function composeDelta(session: SessionState, state: TypeState, names: readonly string[], mayRemove: boolean): Draft {
  const resources: Resource[] = [];
  const removed: string[] = [];
  const settled: string[] = [];
  for (const name of names) {
    if (wants(state.subscription, name)) {
      if (!mayRemove && takesAway(state, name)) continue;
      const wanted = target(session, state, name);
      const known = knownOf(state, name);
      if (wanted.kind === "resource") {
        if (state.forced.has(name) || !holds(known, wanted.resource)) resources.push(wanted.resource);
        // A version that the client claimed, and whose content turns out to be at hand: now it can be gone back to.
        else if (known?.kind === "version") setKnown(state, name, knownResource(wanted.resource));
      } else if (wanted.kind === "none" && known?.kind !== "absent") removed.push(name);
      else if (wanted.kind === "keep") {
        // Nothing can be sent for now; what was to be sent whatever the client knows still is, when there is something.
        state.dirty.delete(name);
        continue;
      }
    }
    settled.push(name);
  }
  return { resources, removed, changed: [...resources.map((r) => r.name), ...removed], settled };
}

function composeSotw(session: SessionState, state: TypeState, names: readonly string[], mayRemove: boolean): Draft {
  const changes = composeDelta(session, state, names, mayRemove);
  const partial = !FULL_STATE.has(state.typeUrl) && session.options.sotwPartial.has(state.typeUrl);
  // Only a full-state response can take something away; elsewhere the parent's removal does.
  const removed = FULL_STATE.has(state.typeUrl) ? changes.removed : [];
  if (partial || (changes.resources.length === 0 && removed.length === 0 && !state.answerDue)) {
    return { ...changes, removed: [], changed: changes.resources.map((r) => r.name) };
  }
  const changed = new Map(changes.resources.map((r) => [r.name, r]));
  const gone = new Set(removed);
  const resources: Resource[] = [];
  for (const name of heldNames(state)) {
    if (gone.has(name) || !wants(state.subscription, name)) continue;
    const resource = changed.get(name) ?? unchanged(session, state, name, mayRemove);
    if (resource) resources.push(resource);
  }
  return { resources, removed: [], changed: [...changed.keys(), ...gone], settled: changes.settled };
}

/** All names that a whole-state response may have to list, sorted. */
function heldNames(state: TypeState): readonly string[] {
  const { subscription, desired } = state;
  return [...new Set([...desired!.resources.keys(), ...namesIn(subscription.names), ...knownNames(state)])].sort();
}

/** What a whole-state response repeats for a name that it does not change. */
function unchanged(session: SessionState, state: TypeState, name: string, mayRemove: boolean): Resource | undefined {
  const known = knownOf(state, name);
  if (known?.kind === "resource") {
    if (state.dirty.has(name) || !mayRemove || state.desired!.resources.has(name)) return known.resource;
  }
  // It was taken away, and nothing has come in its place that is due now.
  if (known?.kind === "absent") return undefined;
  // Not known and not due: its trial comes later, or it was never sent because it is refused.
  if (state.dirty.has(name)) return contentOf(lastAccepted(state, name));
  const wanted = target(session, state, name);
  return wanted.kind === "resource" ? wanted.resource : undefined;
}

/** What a refusal of a response leaves open, and what the client had accepted of it before. */
type Unproven = Pick<Outstanding, "changed" | "accepted">;

/** Records that a draft goes out: what the client will know, and what it last accepted of all that is not proven yet. */
export function applyDraft(state: TypeState, draft: Draft): Unproven {
  state.answerDue = false;
  if (state.whole) {
    state.whole = false;
    knowWhole(state, state.desired!);
    return { changed: draft.changed, accepted: nothingAccepted(state.desired!) };
  }
  const accepted: Unproven["accepted"] = new Map(
    unproven(state, draft).map((name) => [name, lastAccepted(state, name)]),
  );
  const sent = new Set<string>();
  for (const resource of draft.resources) {
    setKnown(state, resource.name, knownResource(resource));
    sent.add(resource.name);
  }
  for (const name of draft.changed) if (!sent.has(name)) setKnown(state, name, ABSENT);
  for (const name of draft.settled) settle(state, name);
  condense(state);
  return { changed: [...accepted.keys()], accepted };
}

/** A client that has everything is held as such, and what it had before is let go of. */
function condense(state: TypeState): void {
  const { desired, subscription, dirty } = state;
  if (!desired || dirty.size > 0) return;
  const all = (): number => {
    if (subscription.wildcard) return desired.resources.size;
    let count = 0;
    for (const name of namesIn(subscription.names)) if (desired.resources.has(name)) count++;
    return count;
  };
  moveKnowledge(state, desired, all);
}

/**
 * Names of which a refusal of the draft leaves open what the client holds: what it changes, and what it repeats before it was accepted
 * or while it is not known to be there.
 */
function unproven(state: TypeState, { changed, resources }: Draft): readonly string[] {
  const repeated = resources.filter((resource) => {
    const accepted = contentOf(lastAccepted(state, resource.name));
    return accepted?.hash !== resource.hash || !holds(knownOf(state, resource.name), resource);
  });
  return [...new Set([...changed, ...repeated.map(({ name }) => name)])];
}

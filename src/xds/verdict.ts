/** What an ACK or a NACK means for a type. */
import { blamed, redact } from "./blame.ts";
import { endSilence } from "./silence.ts";
import { clientVersion, type SessionState } from "./session-state.ts";
import { CLUSTER } from "./type-url.ts";
import { type Accepted, setKnown } from "./knowledge.ts";
import { type Suspects, suspectsOf } from "./suspects.ts";
import { contentOf, type Outstanding, touch, type TypeState } from "./type-state.ts";

/** An ACK, or with an error text a NACK. */
interface Answer {
  readonly nonce: string;
  readonly error: string | undefined;
}

/**
 * Judges the answer to one response.
 *
 * @returns false when the nonce answers nothing that is outstanding: the answer is stale
 */
export function judge(session: SessionState, state: TypeState, { nonce, error: detail }: Answer, now: number): boolean {
  const index = state.outstanding.findIndex((o) => o.response.nonce === nonce);
  if (index < 0) return false;
  // SotW answers the newest response only; Delta answers each.
  const first = session.protocol === "sotw" ? 0 : index;
  const answered = state.outstanding.slice(first, index + 1);
  const { version } = answered.at(-1)!.response;
  if (detail === undefined) {
    state.outstanding.splice(first, answered.length);
    accept(state, answered, first);
    state.ackedVersion = version;
    session.actions.push({ kind: "ack", typeUrl: state.typeUrl, nonce, version });
    if (state.typeUrl === CLUSTER) endSilence(session, state);
    return true;
  }
  const culprits = refuse(session, state, answered, detail);
  state.outstanding.splice(first, answered.length);
  const reason = redact(state.typeUrl, detail);
  state.lastNack = { version, culprits, reason, at: now };
  session.actions.push({ kind: "nack", typeUrl: state.typeUrl, nonce, version, culprits, reason });
  if (state.typeUrl === CLUSTER) endSilence(session, state, new Set(culprits));
  return true;
}

/** What the client has accepted now is what later responses, which are not answered yet, would go back to. */
function accept(state: TypeState, answered: readonly Outstanding[], from: number): void {
  if (state.outstanding.length <= from) return;
  const news = new Map<string, Accepted | undefined>();
  for (const { response, changed } of answered) {
    const resources = new Map(response.resources.map((resource) => [resource.name, resource]));
    for (const name of changed) {
      const resource = resources.get(name);
      news.set(name, resource && { kind: "resource", resource });
    }
  }
  for (const [i, later] of state.outstanding.entries()) {
    if (i < from) continue;
    const accepted = new Map(later.accepted);
    for (const name of later.changed) if (news.has(name)) accepted.set(name, news.get(name));
    state.outstanding[i] = { ...later, accepted };
  }
}

/**
 * Takes a refused response apart: the culprits are remembered, or looked for by trial; everything else of it counts as
 * unknown and goes out again, since Envoy may have applied any part of it.
 */
function refuse(
  session: SessionState,
  state: TypeState,
  answered: readonly Outstanding[],
  detail: string,
): readonly string[] {
  const before = new Map<string, Accepted | undefined>();
  for (const { accepted } of answered) {
    for (const [name, known] of accepted) if (!before.has(name)) before.set(name, known);
  }
  const suspects = suspectsOf(session, state, answered);

  const culprits = findCulprits(session, answered, suspects, detail);
  const reason = redact(state.typeUrl, detail);
  for (const name of culprits ?? []) {
    const lastGood = contentOf(before.get(name)) ?? state.held.get(name);
    session.options.refusals.add(clientVersion(session), suspects.contents.get(name)!, { reason, lastGood });
  }
  for (const { changed } of answered) {
    for (const name of changed) {
      setKnown(state, name, { kind: "unknown", accepted: before.get(name) });
      touch(state, name);
    }
  }
  if (culprits?.length === 0) splitTrials(state, suspects.names);
  for (const name of culprits ?? []) restore(state, name, before.get(name));
  return culprits ?? [];
}

/**
 * Names that are to blame; none when they have to be looked for, undefined when it cannot be told before everything was sent
 * again: the answer to what woke a mute client is the refusal that it had kept to itself, of content from an earlier stream, and one
 * answer to several responses may be meant for any of them.
 */
function findCulprits(
  session: SessionState,
  answered: readonly Outstanding[],
  { contents, names }: Suspects,
  detail: string,
): readonly string[] | undefined {
  if (contents.size === 0 || answered.at(-1)?.response.nonce === session.silence.wakeNonce) return undefined;
  // SotW repeats what did not change: that may be what is named, and its refusal is known already.
  const repeated = answered.flatMap(({ response }) => response.resources).filter(({ name }) => !contents.has(name));
  const named = blamed(detail, new Set([...contents.keys(), ...repeated.map(({ name }) => name)]));
  const culprits = named.filter((name) => contents.has(name));
  if (named.length > 0) return culprits.length > 0 ? culprits : undefined;
  const refused = repeated.some((resource) => session.options.refusals.find(clientVersion(session), resource));
  if (refused || (answered.length > 1 && repeated.length > 0)) return undefined;
  if (names.length === 0) return undefined;
  return names.length === 1 ? names : [];
}

/** Halves the suspects; names of other groups keep their turn. */
function splitTrials(state: TypeState, names: readonly string[]): void {
  const suspects = new Set(names);
  const others = state.trials.map((group) => group.filter((name) => !suspects.has(name)));
  const middle = Math.ceil(names.length / 2);
  state.trials.length = 0;
  state.trials.push(names.slice(0, middle), names.slice(middle), ...others.filter((group) => group.length > 0));
}

/**
 * A culprit goes back to what the client had, or is left alone where only the client knows what that was. It is not known to have it
 * still: what was sent in between may have been applied beside what was refused.
 */
function restore(state: TypeState, name: string, accepted: Accepted | undefined): void {
  setKnown(state, name, { kind: "unknown", accepted });
  touch(state, name, contentOf(accepted) !== undefined);
}

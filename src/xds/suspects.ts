/**
 * Which content a refusal may be for.
 *
 * Invariant: content is blamed only where the answer can be about no other under its name. What the client had accepted before does not
 * count beside other content; where there are two contents still, neither is blamed: the name counts as unknown, what is wanted of it
 * goes out again, and is judged alone.
 */
import type { Resource } from "./resource.ts";
import type { SessionState } from "./session-state.ts";
import { contentOf, type Outstanding, type TypeState } from "./type-state.ts";
import { CLUSTER } from "./type-url.ts";

export interface Suspects {
  /** The content to blame under each name, if the client names that. */
  readonly contents: ReadonlyMap<string, Resource>;
  /** Names to look among when the client names none: those of content that it has never accepted, if there is any. */
  readonly names: readonly string[];
}

/** What a refusal may be for, among all that the answer may be about. */
export function suspectsOf(session: SessionState, state: TypeState, answered: readonly Outstanding[]): Suspects {
  const responses = meant(session, state, answered);
  const sent = new Map<string, Map<string, Resource>>();
  for (const resource of changedResources(responses)) {
    const { name, hash } = resource;
    sent.set(name, (sent.get(name) ?? new Map<string, Resource>()).set(hash, resource));
  }
  const contents = new Map<string, Resource>();
  const names: string[] = [];
  let allAccepted = true;
  for (const [name, byHash] of sent) {
    const before = responses.find(({ accepted }) => accepted.has(name))?.accepted.get(name);
    const good = contentOf(before)?.hash;
    if (byHash.size > 1 && good !== undefined) byHash.delete(good);
    const [content] = byHash.values();
    const isGood = content?.hash === good;
    allAccepted &&= isGood;
    if (!content || byHash.size > 1) continue;
    contents.set(name, content);
    if (!isGood) names.push(name);
  }
  return { contents, names: allAccepted ? [...contents.keys()] : names };
}

/**
 * What an answer may be about. In SotW it is all that it answers, since a late refusal of an earlier response comes as one of the
 * newest. In Delta each response has its own answer, but for the cure of a silent client: that is refused for what went before.
 */
function meant(
  { protocol, silence }: SessionState,
  { typeUrl }: TypeState,
  answered: readonly Outstanding[],
): readonly Outstanding[] {
  if (protocol === "sotw" || typeUrl !== CLUSTER || silence.stage === 0) return answered;
  return answered.some((response) => silence.suspects.includes(response))
    ? answered
    : [...silence.suspects, ...answered];
}

/** What responses gave the client that it may refuse, oldest first. */
export function* changedResources(responses: readonly Outstanding[]): Generator<Resource> {
  for (const { response, changed } of responses) {
    const names = new Set(changed);
    for (const resource of response.resources) if (names.has(resource.name)) yield resource;
  }
}

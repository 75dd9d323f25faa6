import { addName, createNameSet, dropName, fillFrom, hasName, type NameSet, namesIn } from "./name-set.ts";
import type { TypeSnapshot } from "./snapshot.ts";

/**
 * Which names of one type a client wants, on one stream.
 *
 * Source of the rules: "xDS REST and gRPC protocol", sections "How the client specifies what resources to return" and
 * "Wildcard".
 */
export interface Subscription {
  /** Wants everything: `*`, or the legacy form, an empty first request. */
  wildcard: boolean;
  /** The wildcard is of the legacy form: on SotW, empty names then keep meaning everything. */
  legacy: boolean;
  /** Names asked for one by one; may be there beside the wildcard. */
  readonly names: NameSet;
}

export function createSubscription(): Subscription {
  return { wildcard: false, legacy: false, names: createNameSet() };
}

export function wants(subscription: Subscription, name: string): boolean {
  return subscription.wildcard || hasName(subscription.names, name);
}

/** What a request changed. */
export interface SubscriptionChange {
  /** Asked for in this request, even when they were before: a client that asks again has forgotten. */
  readonly added: readonly string[];
  readonly dropped: readonly string[];
  /** The wildcard was not there before this request. */
  readonly wildcardAdded: boolean;
  readonly wildcardDropped: boolean;
}

/**
 * Applies a Delta request. `first` is the first request for the type on the stream: with no names in it, it is the
 * legacy wildcard.
 *
 * @param desired what there is: names that are asked for are told by how they differ from its names
 */
export function applyDelta(
  subscription: Subscription,
  request: { readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[]; readonly first: boolean },
  desired?: TypeSnapshot,
): SubscriptionChange {
  const had = subscription.wildcard;
  if (request.first && request.subscribe.length === 0) subscription.wildcard = true;
  const dropped: string[] = [];
  for (const name of request.unsubscribe) {
    if (name === "*") subscription.wildcard = false;
    else if (dropName(subscription.names, name)) dropped.push(name);
    // A client may drop by name what it knows by wildcard; it must then hear that the wildcard still has it.
    else if (subscription.wildcard) dropped.push(name);
  }
  if (request.subscribe.includes("*")) subscription.wildcard = true;
  const special = request.subscribe.some((name) => name === "*" || name === "");
  const added = special ? request.subscribe.filter((name) => name !== "*" && name !== "") : request.subscribe;
  if (!fillFrom(subscription.names, desired, added)) {
    for (const name of added) addName(subscription.names, canonicalName(desired, name));
  }
  return {
    added,
    dropped,
    wildcardAdded: subscription.wildcard && !had,
    wildcardDropped: had && !subscription.wildcard,
  };
}

/**
 * Applies a State-of-the-World request, which always carries all names. Empty names are the legacy wildcard for as long
 * as the stream has never named a resource of the type; afterwards they unsubscribe from everything.
 */
export function applySotw(
  subscription: Subscription,
  request: { readonly names: readonly string[]; readonly first: boolean },
  desired?: TypeSnapshot,
): SubscriptionChange {
  const had = subscription.wildcard;
  const next = new Set(request.names);
  subscription.legacy = next.size === 0 && (request.first || subscription.legacy);
  subscription.wildcard = next.delete("*") || subscription.legacy;
  next.delete("");
  const { names } = subscription;
  const added = [...next].filter((name) => !hasName(names, name));
  const gone = names.size + added.length === next.size ? [] : [...namesIn(names)].filter((name) => !next.has(name));
  for (const name of gone) dropName(names, name);
  if (!fillFrom(names, desired, added)) for (const name of added) addName(names, canonicalName(desired, name));
  return {
    added,
    // Under a wildcard a client that drops a name still gets it: nothing changes for it.
    dropped: subscription.wildcard ? [] : gone,
    wildcardAdded: subscription.wildcard && !had,
    wildcardDropped: had && !subscription.wildcard,
  };
}

/** The snapshot's own string for a name: a thousand streams that ask for a name then hold it once. */
function canonicalName(desired: TypeSnapshot | undefined, name: string): string {
  return desired?.resources.get(name)?.name ?? name;
}

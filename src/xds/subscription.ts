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
  readonly names: Set<string>;
}

export function createSubscription(): Subscription {
  return { wildcard: false, legacy: false, names: new Set() };
}

export function wants(subscription: Subscription, name: string): boolean {
  return subscription.wildcard || subscription.names.has(name);
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
 */
export function applyDelta(
  subscription: Subscription,
  request: { readonly subscribe: readonly string[]; readonly unsubscribe: readonly string[]; readonly first: boolean },
): SubscriptionChange {
  const had = subscription.wildcard;
  if (request.first && request.subscribe.length === 0) subscription.wildcard = true;
  const dropped: string[] = [];
  for (const name of request.unsubscribe) {
    if (name === "*") subscription.wildcard = false;
    else if (subscription.names.delete(name)) dropped.push(name);
    // A client may drop by name what it knows by wildcard; it must then hear that the wildcard still has it.
    else if (subscription.wildcard) dropped.push(name);
  }
  const added: string[] = [];
  for (const name of request.subscribe) {
    if (name === "*") subscription.wildcard = true;
    else if (name !== "") {
      subscription.names.add(name);
      added.push(name);
    }
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
): SubscriptionChange {
  const had = subscription.wildcard;
  const next = new Set(request.names);
  subscription.legacy = next.size === 0 && (request.first || subscription.legacy);
  subscription.wildcard = next.delete("*") || subscription.legacy;
  next.delete("");
  const added = [...next].filter((name) => !subscription.names.has(name));
  // Under a wildcard a client that drops a name still gets it: nothing changes for it.
  const dropped = subscription.wildcard ? [] : [...subscription.names].filter((name) => !next.has(name));
  subscription.names.clear();
  for (const name of next) subscription.names.add(name);
  return {
    added,
    dropped,
    wildcardAdded: subscription.wildcard && !had,
    wildcardDropped: had && !subscription.wildcard,
  };
}

/**
 * The first answer to a client that asks for everything there is: the same for all of them, so it is made once a snapshot. A thousand
 * sidecars that connect at once are then sent a thousand resources each without a look at any of them.
 */
import type { Accepted } from "./knowledge.ts";
import type { Draft } from "./compose.ts";
import { isAllOf } from "./name-set.ts";
import type { SessionState } from "./session-state.ts";
import type { TypeSnapshot } from "./snapshot.ts";
import type { TypeState } from "./type-state.ts";

interface Whole {
  readonly draft: Draft;
  readonly accepted: ReadonlyMap<string, undefined>;
}

/** A memo of a pure function. */
const made = new WeakMap<TypeSnapshot, Whole>();

/** Undefined where something must be looked at one by one. */
export function wholeDraft({ options }: SessionState, state: TypeState): Draft | undefined {
  const { whole, desired, subscription } = state;
  if (!whole || !desired || desired.resources.size === 0 || options.refusals.size > 0) return undefined;
  if (subscription.wildcard ? subscription.names.size > 0 : !isAllOf(subscription.names, desired)) return undefined;
  return wholeOf(desired).draft;
}

/** Before its first answer a client has accepted nothing under any name of it. */
export function nothingAccepted(snapshot: TypeSnapshot): ReadonlyMap<string, Accepted | undefined> {
  return wholeOf(snapshot).accepted;
}

function wholeOf(snapshot: TypeSnapshot): Whole {
  let whole = made.get(snapshot);
  if (!whole) {
    const names = [...snapshot.resources.keys()];
    whole = {
      draft: { resources: [...snapshot.resources.values()], removed: [], changed: names, settled: [] },
      accepted: new Map(names.map((name) => [name, undefined])),
    };
    made.set(snapshot, whole);
  }
  return whole;
}

/**
 * What a client holds of one type, as far as the server can tell, as the differences from a snapshot that it was sent: a thousand
 * clients that hold all of a thousand resources then cost next to nothing each.
 */
import type { Resource } from "./resource.ts";
import { changedNames, type TypeSnapshot } from "./snapshot.ts";
import { type Subscription, wants } from "./subscription.ts";

/**
 * What the client holds under one name.
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

/**
 * Invariant: of a name that is subscribed to, `own` says what the client holds; where it says nothing, the client holds the `base`'s
 * resource. Undefined in `own`: nothing is known, whatever the base has.
 */
export interface Knowledge {
  base: TypeSnapshot | undefined;
  readonly own: Map<string, Known | undefined>;
}

/** What of a type's state decides about what its client holds. */
export interface Holder {
  readonly known: Knowledge;
  readonly subscription: Subscription;
}

export function createKnowledge(): Knowledge {
  return { base: undefined, own: new Map() };
}

/** One object a resource, shared by all streams that were sent it: a memo of a pure function. */
const sent = new WeakMap<Resource, Known>();

/** "The client was sent this resource." */
export function knownResource(resource: Resource): Known {
  let known = sent.get(resource);
  if (!known) sent.set(resource, (known = { kind: "resource", resource }));
  return known;
}

/** Undefined where nothing is known. */
export function knownOf({ known: { base, own }, subscription }: Holder, name: string): Known | undefined {
  if (own.size > 0) {
    const known = own.get(name);
    if (known || own.has(name)) return known;
  }
  const resource = base?.resources.get(name);
  return resource && wants(subscription, name) ? knownResource(resource) : undefined;
}

export function setKnown({ known }: Holder, name: string, value: Known): void {
  known.own.set(name, value);
}

export function forgetKnown({ known: { base, own } }: Holder, name: string): void {
  if (base?.resources.has(name)) own.set(name, undefined);
  else own.delete(name);
}

/** Names of which something is known. */
export function* knownNames(holder: Holder): Generator<string> {
  const { base, own } = holder.known;
  for (const [name, known] of own) if (known) yield name;
  for (const name of base?.resources.keys() ?? []) if (!own.has(name) && wants(holder.subscription, name)) yield name;
}

export function knowsNothing(holder: Holder): boolean {
  return knownNames(holder).next().done === true;
}

/** Forgets whatever the client holds under names that it is about to be subscribed to by a wildcard. */
export function forgetBeyond(holder: Holder, subscribed: (name: string) => boolean): void {
  for (const name of holder.known.base?.resources.keys() ?? []) if (!subscribed(name)) forgetKnown(holder, name);
}

/** The client was sent the whole of a snapshot, and nothing before it. */
export function knowWhole({ known }: Holder, snapshot: TypeSnapshot): void {
  known.base = snapshot;
  known.own.clear();
}

/**
 * Holds the same knowledge as differences from `next`, where the client has every resource of that which it is subscribed to; does
 * nothing otherwise. Work in proportion to what differs, but for the first time.
 *
 * @param count how many of the names of `next` the client is subscribed to
 */
export function moveKnowledge(holder: Holder, next: TypeSnapshot, count: () => number): void {
  const { known, subscription } = holder;
  const { base, own } = known;
  if (base === next ? own.size === 0 : !base && own.size < next.resources.size / 2) return;
  const held = countHeld(holder, next);
  if (held === undefined || (!base && held < count())) return;
  const silent = (name: string): boolean => !own.has(name) && wants(subscription, name);
  if (base && changedNames(base, next).some(silent)) return;
  for (const [name, value] of own) {
    const there = next.resources.has(name);
    if (there ? wants(subscription, name) : value === undefined) own.delete(name);
  }
  known.base = next;
}

/** How many of its own differences are resources of `next`; undefined where one of them is another version. */
function countHeld({ known: { own }, subscription }: Holder, next: TypeSnapshot): number | undefined {
  let held = 0;
  for (const [name, value] of own) {
    const resource = next.resources.get(name);
    if (!resource || !wants(subscription, name)) continue;
    if (!holds(value, resource)) return undefined;
    held++;
  }
  return held;
}

/** The client's copy is the very content of `resource`. */
export function holds(known: Known | undefined, resource: Resource): boolean {
  if (known?.kind === "resource") return known.resource.hash === resource.hash;
  return known?.kind === "version" && known.version === resource.version;
}

/** How an Envoy reacts to what it accepts: what it asks for next, and when it keeps its acknowledgements back. */
import type { Received } from "./fake-envoy.ts";
import { CDS, EDS, LDS, RDS, type Wire } from "./fake-envoy-wire.ts";

export interface Follower {
  /** A response was taken over; `removed` went with it. */
  accepted(response: Received, removed: readonly string[]): void;
  /** Answers a response, now or when it may. */
  answer(response: Received, refusal: string | undefined): void;
  /** A new stream: what was kept back is void. False while clusters warm: until then an Envoy does not ask for clusters. */
  reconnected(): boolean;
}

export interface FollowerActions {
  subscribe(typeUrl: string, names: readonly string[]): void;
  unsubscribe(typeUrl: string, names: readonly string[]): void;
  answer(response: Received, refusal: string | undefined): void;
  names(typeUrl: string): ReadonlySet<string>;
  /** Asks for clusters on a new stream, which was to wait until they are warm. */
  askAgain(): void;
}

/** What refers to what. */
const REFERS: Readonly<Record<string, string>> = { [CDS]: EDS, [LDS]: RDS };

/**
 * Clusters of EDS warm until their endpoints come; meanwhile no CDS response is answered. Listeners are asked for when the
 * first clusters are warm.
 */
export function createFollower(wire: Wire, actions: FollowerActions): Follower {
  /** References by the resource that holds them, by type. */
  const held = new Map<string, Map<string, readonly string[]>>([
    [CDS, new Map()],
    [LDS, new Map()],
  ]);
  const warming = new Set<string>();
  /** Digests of clusters as last accepted: an unchanged one does not warm again. */
  const digests = new Map<string, string>();
  let kept: { response: Received; refusal: string | undefined }[] = [];
  let listening = false;
  /** Clusters are to be asked for on the new stream. */
  let muted = false;

  function follow(response: Received, removed: readonly string[]): void {
    const target = REFERS[response.typeUrl];
    const references = held.get(response.typeUrl);
    if (target === undefined || !references) return;
    for (const name of removed) {
      references.delete(name);
      if (target === EDS) digests.delete(name);
    }
    for (const { name, bytes } of response.resources) {
      const { digest, names } = wire.look(response.typeUrl, bytes);
      references.set(name, names);
      if (target !== EDS || digests.get(name) === digest) continue;
      for (const each of names) warming.add(each);
      digests.set(name, digest);
    }
    const wanted = new Set([...references.values()].flat());
    const asked = actions.names(target);
    const fresh = [...wanted].filter((name) => !asked.has(name));
    const gone = [...asked].filter((name) => !wanted.has(name));
    if (target === EDS) for (const name of gone) warming.delete(name);
    if (fresh.length > 0) actions.subscribe(target, fresh);
    if (gone.length > 0) actions.unsubscribe(target, gone);
  }

  function whenWarm(): void {
    if (warming.size > 0) return;
    for (const { response, refusal } of kept) actions.answer(response, refusal);
    kept = [];
    if (!muted) return;
    muted = false;
    actions.askAgain();
  }

  return {
    accepted(response, removed) {
      follow(response, removed);
      if (response.typeUrl !== EDS) return;
      for (const { name } of response.resources) warming.delete(name);
      for (const name of response.removed) warming.delete(name);
    },
    answer(response, refusal) {
      if (response.typeUrl === CDS) kept.push({ response, refusal });
      else actions.answer(response, refusal);
      whenWarm();
      if (listening || warming.size > 0 || (response.typeUrl !== CDS && response.typeUrl !== EDS)) return;
      listening = true;
      actions.subscribe(LDS, []);
    },
    reconnected() {
      kept = [];
      muted = warming.size > 0;
      return !muted;
    },
  };
}

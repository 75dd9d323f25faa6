import type { Protocol, RequestHead } from "./session.ts";
import { createSession, type Session } from "./session.ts";
import type { SessionOptions } from "./session-state.ts";
import { applySotw } from "./subscription.ts";
import { canonicalName } from "./type-state.ts";

/** A DiscoveryRequest, reduced to what the protocol needs. */
export interface SotwRequest extends RequestHead {
  readonly names: readonly string[];
  /** The version that the client runs; not empty on a first request says that it comes from an earlier stream. */
  readonly version: string;
}

const sotw: Protocol<SotwRequest> = {
  name: "sotw",
  subscribe(session, state, request, first) {
    const names = request.names.map((name) => canonicalName(state, name));
    const change = applySotw(state.subscription, { names, first });
    if (first && request.version !== "") session.reconnected = true;
    for (const name of change.added) state.known.delete(name);
    state.answerDue ||= change.wildcardAdded;
    return change;
  },
};

/** The server's side of one State-of-the-World stream. */
export function createSotwSession(options: SessionOptions): Session<SotwRequest> {
  return createSession(sotw, options);
}

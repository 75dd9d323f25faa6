import type { Protocol, RequestHead } from "./session.ts";
import { createSession, type Session } from "./session.ts";
import type { SessionOptions } from "./session-state.ts";
import { forgetKnown } from "./knowledge.ts";
import { applySotw } from "./subscription.ts";

/** A DiscoveryRequest, reduced to what the protocol needs. */
export interface SotwRequest extends RequestHead {
  readonly names: readonly string[];
  /** The version that the client runs; not empty on a first request says that it comes from an earlier stream. */
  readonly version: string;
}

const sotw: Protocol<SotwRequest> = {
  name: "sotw",
  subscribe(session, state, request, first) {
    const change = applySotw(state.subscription, { names: request.names, first }, state.desired);
    if (first && request.version !== "") session.reconnected = true;
    for (const name of change.added) forgetKnown(state, name);
    state.answerDue ||= change.wildcardAdded;
    return change;
  },
};

/** The server's side of one State-of-the-World stream. */
export function createSotwSession(options: SessionOptions): Session<SotwRequest> {
  return createSession(sotw, options);
}

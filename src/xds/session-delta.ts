import type { Protocol, RequestHead } from "./session.ts";
import { createSession, type Session } from "./session.ts";
import type { SessionOptions } from "./session-state.ts";
import { forgetKnown, setKnown, UNKNOWN } from "./knowledge.ts";
import { applyDelta } from "./subscription.ts";
import { ENDPOINT } from "./type-url.ts";

/** A DeltaDiscoveryRequest, reduced to what the protocol needs. */
export interface DeltaRequest extends RequestHead {
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  /** What the client holds from an earlier stream; counts on the first request of a type. */
  readonly initialVersions: Readonly<Record<string, string>>;
}

const delta: Protocol<DeltaRequest> = {
  name: "delta",
  subscribe(session, state, request, first) {
    const { subscribe, unsubscribe } = request;
    const change = applyDelta(state.subscription, { subscribe, unsubscribe, first }, state.desired);
    const claimed = first ? Object.entries(request.initialVersions) : [];
    for (const [name, version] of claimed) {
      const warms = state.typeUrl === ENDPOINT && session.warming.has(name);
      setKnown(state, name, warms ? UNKNOWN : { kind: "version", version });
    }
    if (state.typeUrl === ENDPOINT) session.warming.clear();
    if (claimed.length > 0) session.reconnected = true;
    // Asking again for a name is how a client says that it has forgotten.
    else for (const name of change.added) forgetKnown(state, name);
    state.answerDue ||= change.wildcardAdded && claimed.length === 0;
    return change;
  },
};

/** The server's side of one incremental stream. */
export function createDeltaSession(options: SessionOptions): Session<DeltaRequest> {
  return createSession(delta, options);
}

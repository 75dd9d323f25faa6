/** Which listener takes a connection, and which of its filter chains. */
import type { FilterChain, FilterChainMatch } from "../gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { Listener } from "../gen/envoy/config/listener/v3/listener_pb.ts";

export interface Connection {
  /** Where the application wants to go. */
  readonly address: string;
  readonly port: number;
  /** What the first bytes tell: `http/1.1`, or "" for anything that is not HTTP. */
  readonly protocol: string;
}

export interface Found<T> {
  readonly found: T;
  /** Why this one. */
  readonly how: string;
}

/** The listener that is bound to the very address; undefined where nothing listens. */
export function boundListener(listeners: readonly Listener[], { address, port }: Connection): Listener | undefined {
  return listeners.find((listener) => isAt(listener, address, port) && listener.bindToPort !== false);
}

/** Captured connections are handed on from the listener that took them, to the one of the address they were going to. */
export function capturedBy(listeners: readonly Listener[], { address, port }: Connection): Found<Listener> | undefined {
  const capture = listeners.find(({ useOriginalDst }) => useOriginalDst);
  const exact = listeners.find((listener) => isAt(listener, address, port));
  if (exact) return { found: exact, how: `has the address ${address}:${port}` };
  const any = listeners.find((listener) => isAt(listener, "0.0.0.0", port));
  if (any) return { found: any, how: `takes port ${port} of every address that has no listener of its own` };
  return capture && { found: capture, how: `takes what no listener has the address of` };
}

function isAt({ address }: Listener, host: string, port: number): boolean {
  if (address?.address.case !== "socketAddress") return false;
  const { address: own, portSpecifier } = address.address.value;
  return own === host && portSpecifier.value === port;
}

/** Narrows the chains down by one property after the other and never goes back, as Envoy does. */
export function matchChain(listener: Listener, connection: Connection): Found<FilterChain> | undefined {
  let left: readonly FilterChain[] = listener.filterChains;
  const reasons: string[] = [];
  for (const criterion of CRITERIA) {
    const asking = left.filter((chain) => criterion.asks(matchOf(chain)));
    const fitting = asking.filter((chain) => criterion.fits(matchOf(chain), connection));
    if (fitting.length > 0) reasons.push(criterion.words(connection));
    left = fitting.length > 0 ? fitting : left.filter((chain) => !asking.includes(chain));
  }
  const [found] = left;
  if (found) return { found, how: reasons.join(", ") || "takes every connection" };
  const { defaultFilterChain } = listener;
  return defaultFilterChain && { found: defaultFilterChain, how: "takes what no other chain takes" };
}

type Match = Pick<FilterChainMatch, "destinationPort" | "transportProtocol" | "applicationProtocols">;

interface Criterion {
  readonly asks: (match: Match) => boolean;
  readonly fits: (match: Match, connection: Connection) => boolean;
  readonly words: (connection: Connection) => string;
}

/** In Envoy's order. Addresses, server names and sources are properties that no chain asks for. */
const CRITERIA: readonly Criterion[] = [
  {
    asks: ({ destinationPort }) => destinationPort !== undefined,
    fits: ({ destinationPort }, { port }) => destinationPort === port,
    words: ({ port }) => `goes to port ${port}`,
  },
  {
    asks: ({ transportProtocol }) => transportProtocol !== "",
    fits: ({ transportProtocol }) => transportProtocol === "raw_buffer",
    words: () => "is not TLS",
  },
  {
    asks: ({ applicationProtocols }) => applicationProtocols.length > 0,
    fits: ({ applicationProtocols }, { protocol }) => applicationProtocols.includes(protocol),
    words: ({ protocol }) => `speaks ${protocol}`,
  },
];

const NO_MATCH: Match = { transportProtocol: "", applicationProtocols: [] };

function matchOf({ filterChainMatch }: FilterChain): Match {
  return filterChainMatch ?? NO_MATCH;
}

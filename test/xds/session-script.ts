/**
 * Runs scripted xDS sessions, in the manner of etcd raft's data-driven tests: a command, `----`, and what the session did.
 * The scripts in test/golden/xds are meant to be read; their header explains the commands.
 *
 *   open delta|sotw [agent=envoy] [missing=removed|silent|empty] [partial=no] [refusals=keep]
 *   snapshot [CDS a=1 b=1] [EDS a=1] …      the whole snapshot; a name's content is its number
 *   request TYPE [+name] [-name] [=name] [init:name=content] [nonce=N] [version=V] ["error text"]
 *                                            +/- on delta, = for every name on sotw
 *   ack TYPE N            nack TYPE N "error text"
 *   blocked | drained     what the transport says
 *   wait MS               time passes; the session gets the ticks that it asked for
 *   status TYPE
 */
import { create, toBinary } from "@bufbuild/protobuf";
import { Cluster_DiscoveryType, ClusterSchema } from "../../src/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { type Action, createRefusals, createResource, type Resource, shortType } from "../../src/xds/index.ts";
import { typeStatus } from "../../src/xds/client-status.ts";
import { namesIn } from "../../src/xds/name-set.ts";
import type { DeltaRequest } from "../../src/xds/session-delta.ts";
import { createDeltaSession } from "../../src/xds/session-delta.ts";
import type { Event, Session } from "../../src/xds/session.ts";
import { DEFAULT_LIMITS, type SessionOptions } from "../../src/xds/session-state.ts";
import { buildSnapshot } from "../../src/xds/snapshot.ts";
import { createSotwSession, type SotwRequest } from "../../src/xds/session-sotw.ts";
import * as types from "../../src/xds/type-url.ts";

const TYPES: Readonly<Record<string, string>> = {
  CDS: types.CLUSTER,
  EDS: types.ENDPOINT,
  LDS: types.LISTENER,
  RDS: types.ROUTE,
  SDS: types.SECRET,
  VHDS: types.VIRTUAL_HOST,
};

/** `script` with every output replaced by what the session really did. */
export function runScript(script: string): string {
  const run = createRunner();
  return script
    .trim()
    .split(/\n\n+/)
    .map((block) => {
      const lines = block.split("\n");
      const commands = lines.slice(0, lines.includes("----") ? lines.indexOf("----") : lines.length);
      if (commands.every((line) => line.startsWith("#"))) return commands.join("\n");
      const output = commands.filter((line) => !line.startsWith("#")).flatMap(run);
      return [...commands, "----", ...(output.length > 0 ? output : ["(nothing)"])].join("\n");
    })
    .join("\n\n")
    .concat("\n");
}

type AnySession = Session<DeltaRequest> | Session<SotwRequest>;

function createRunner(): (line: string) => readonly string[] {
  let protocol = "delta";
  let session: AnySession | undefined;
  let refusals = createRefusals();
  let now = 0;
  let wakeAt: number | undefined;
  let first = true;
  let agent = "envoy";

  function step(event: Event<DeltaRequest & SotwRequest>): readonly string[] {
    if (!session) throw new Error("the script must open a session first");
    const actions = session.step(event, now);
    for (const action of actions) if (action.kind === "wake") wakeAt = action.at;
    return actions.filter((action) => action.kind !== "wake").map(formatAction);
  }

  function open(words: readonly string[]): readonly string[] {
    const settings = Object.fromEntries(words.slice(2).map((word) => word.split("=") as [string, string]));
    protocol = words[1]!;
    agent = settings["agent"] ?? "envoy";
    if (settings["refusals"] !== "keep") refusals = createRefusals();
    const missing = settings["missing"] ?? (protocol === "delta" ? "removed" : "silent");
    const options: SessionOptions = {
      refusals,
      missing: (typeUrl, name) =>
        missing === "empty" ? resourceOf(typeUrl, name, "empty") : missing === "removed" ? "removed" : "silent",
      sotwPartial: new Set(settings["partial"] === "no" ? [] : [types.ENDPOINT, types.ROUTE]),
      timing: { ackTimeout: 5000, silenceTimeout: 20_000, mutedAfter: 1000 },
      limits: DEFAULT_LIMITS,
    };
    session = protocol === "delta" ? createDeltaSession(options) : createSotwSession(options);
    first = true;
    now = 0;
    wakeAt = undefined;
    return [`${protocol} session`];
  }

  function request(words: readonly string[], error: string | undefined): readonly string[] {
    const of = (prefix: string): string[] =>
      words.slice(2).flatMap((word) => (word.startsWith(prefix) ? [word.slice(prefix.length)] : []));
    const typeUrl = TYPES[words[1]!] ?? words[1]!;
    const claimed = of("init:").map((claim) => {
      const [name = "", content = ""] = claim.split("=");
      return [name, resourceOf(typeUrl, name, content).version];
    });
    const event = {
      typeUrl,
      node: first ? { id: "n", cluster: "c", region: "", zone: "", agent, version: "1.40.0" } : undefined,
      nonce: of("nonce=")[0] ?? "",
      version: of("version=")[0] ?? "",
      error,
      subscribe: of("+"),
      unsubscribe: of("-"),
      names: of("="),
      initialVersions: Object.fromEntries(claimed) as Record<string, string>,
    };
    first = false;
    return step({ kind: "request", request: event });
  }

  /** An answer as a client of the protocol gives it: SotW repeats its names. */
  function answer(words: readonly string[], error: string | undefined): readonly string[] {
    const state = session!.state.types.get(TYPES[words[1]!]!);
    const names = protocol === "sotw" && state ? [...namesIn(state.subscription.names)].map((name) => `=${name}`) : [];
    const wildcard = protocol === "sotw" && state?.subscription.wildcard && !state.subscription.legacy ? ["=*"] : [];
    return request(["request", words[1]!, `nonce=${words[2]}`, ...names, ...wildcard], error);
  }

  function wait(ms: number): readonly string[] {
    const until = now + ms;
    const output: string[] = [];
    while (wakeAt !== undefined && wakeAt <= until) {
      now = wakeAt;
      wakeAt = undefined;
      output.push(...step({ kind: "tick" }).map((line) => `at ${now}: ${line}`));
    }
    now = until;
    return output;
  }

  return (line) => {
    const error = /"((?:[^"\\]|\\.)*)"/.exec(line)?.[1]?.replaceAll('\\"', '"');
    const words = line
      .replace(/"(?:[^"\\]|\\.)*"/, "")
      .trim()
      .split(/\s+/);
    switch (words[0]) {
      case "open":
        return open(words);
      case "snapshot":
        return step({ kind: "snapshot", snapshot: buildSnapshot({ resources: readResources(words.slice(1)) }) });
      case "request":
        return request(words, error);
      case "ack":
      case "nack":
        return answer(words, error);
      case "blocked":
      case "drained":
        return step({ kind: "writable", writable: words[0] === "drained" });
      case "wait":
        return wait(Number(words[1]));
      case "status": {
        const { state, nack, refused } = typeStatus(session!.state.types.get(TYPES[words[1]!]!)!);
        return [`${state} refused=[${Object.keys(refused).join(" ")}] nack=${nack ? `"${nack.reason}"` : "none"}`];
      }
      default:
        throw new Error(`unknown command: ${line}`);
    }
  };
}

function readResources(words: readonly string[]): Resource[] {
  let typeUrl = "";
  return words.flatMap((word) => {
    const named = TYPES[word];
    if (named) typeUrl = named;
    const [name, content] = word.split("=");
    return named || !name ? [] : [resourceOf(typeUrl, name, content ?? "")];
  });
}

/** A resource whose content stands for itself; clusters are real ones, since the session reads their references. */
function resourceOf(typeUrl: string, name: string, content: string): Resource {
  const bytes =
    typeUrl === types.CLUSTER
      ? toBinary(
          ClusterSchema,
          create(ClusterSchema, {
            name,
            altStatName: content,
            clusterDiscoveryType: { case: "type", value: Cluster_DiscoveryType.EDS },
          }),
        )
      : new TextEncoder().encode(content);
  return { ...createResource(typeUrl, name, bytes), version: content };
}

function formatAction(action: Action): string {
  switch (action.kind) {
    case "send": {
      const { typeUrl, nonce, resources, removed } = action.response;
      const list = resources.map((r) => `${r.name}=${r.version}`).join(" ");
      return `send ${shortType(typeUrl)} ${nonce} [${list}]${removed.length > 0 ? ` removed [${removed.join(" ")}]` : ""}`;
    }
    case "ack":
      return `acked ${shortType(action.typeUrl)} ${action.nonce}`;
    case "nack":
      return `nacked ${shortType(action.typeUrl)} ${action.nonce} culprits [${action.culprits.join(" ")}] "${action.reason}"`;
    case "asked":
      return `asked ${shortType(action.typeUrl)} ${action.names.join(" ")}`;
    case "stale":
      return `stale ${shortType(action.typeUrl)} ${action.nonce}`;
    case "cure":
      return `cure ${action.reason} [${action.names.join(" ")}]`;
    case "wake":
      return `wake ${action.at}`;
    case "close":
      return `close ${action.code}: ${action.message}`;
    default:
      return action satisfies never;
  }
}

/**
 * A model of Envoy's side of one discovery stream, for property tests: it keeps what it was sent, asks for the endpoints of its
 * clusters and the tables of its listeners, withholds the answer to clusters while one of them warms, and refuses contents whose
 * version starts with "bad" in the ways that were measured on Envoy.
 */
import { referencesOf } from "../../src/xds/references.ts";
import type { Resource } from "../../src/xds/index.ts";
import type { Action } from "../../src/xds/session-state.ts";
import type { DeltaRequest } from "../../src/xds/session-delta.ts";
import type { SotwRequest } from "../../src/xds/session-sotw.ts";
import { CLUSTER, ENDPOINT, LISTENER, ROUTE } from "../../src/xds/type-url.ts";

export type Sent = Extract<Action, { kind: "send" }>["response"];
/** A request of either protocol; each reads its own part. */
export type ModelRequest = DeltaRequest & SotwRequest;

export interface EnvoyModel {
  /** The first requests of a stream. */
  connect(): readonly ModelRequest[];
  /** Takes a response in and says what it answers at once; answers to clusters may come later, from `settle`. */
  receive(response: Sent): readonly ModelRequest[];
  /** What it runs, as `name=version`, by type. */
  contents(typeUrl: string): readonly string[];
  readonly warming: readonly string[];
  /** Everything of the model's that must never have happened. */
  readonly faults: readonly string[];
}

const ASKED = [CLUSTER, ENDPOINT, LISTENER, ROUTE];
const HEAD = {
  node: undefined,
  nonce: "",
  error: undefined,
  subscribe: [],
  unsubscribe: [],
  initialVersions: {},
  names: [],
  version: "",
};

export function createEnvoyModel(): EnvoyModel {
  const held = new Map(ASKED.map((typeUrl) => [typeUrl, new Map<string, Resource>()]));
  const asked = new Map<string, Set<string>>([ENDPOINT, ROUTE].map((typeUrl) => [typeUrl, new Set<string>()]));
  const warming = new Set<string>();
  const withheld: ModelRequest[] = [];
  const faults: string[] = [];
  let listening = false;
  /** The request for clusters that could not be made when the stream began. */
  let owed = false;

  const of = (typeUrl: string): Map<string, Resource> => held.get(typeUrl)!;

  function request(typeUrl: string, more: Partial<ModelRequest> = {}): ModelRequest {
    return { ...HEAD, typeUrl, ...more };
  }

  function initial(typeUrl: string): Record<string, string> {
    return Object.fromEntries([...of(typeUrl).values()].map(({ name, version }) => [name, version]));
  }

  /** Asks for what its resources name, and gives up what they no longer do. */
  function follow(parent: string, child: string): ModelRequest[] {
    const wanted = new Set([...of(parent).values()].flatMap(referencesOf).map(({ name }) => name));
    const names = asked.get(child)!;
    const subscribe = [...wanted].filter((name) => !names.has(name));
    const unsubscribe = [...names].filter((name) => !wanted.has(name));
    for (const name of subscribe) names.add(name);
    for (const name of unsubscribe) {
      names.delete(name);
      of(child).delete(name);
    }
    return subscribe.length + unsubscribe.length > 0 ? [request(child, { subscribe, unsubscribe })] : [];
  }

  /** Clusters are answered for when none is warming; listeners are asked for after the first time. */
  function settle(): ModelRequest[] {
    if (warming.size > 0) return [];
    const answers = withheld.splice(0);
    if (owed) {
      owed = false;
      answers.push(request(CLUSTER, { initialVersions: initial(CLUSTER) }));
    }
    if (listening || answers.length === 0) return answers;
    listening = true;
    return [...answers, request(LISTENER)];
  }

  function apply({ typeUrl, resources, removed }: Sent): readonly string[] {
    const bad = resources.filter(({ version }) => version.startsWith("bad"));
    // A broken rule refuses the whole response; other errors only what they are in.
    if (bad.some(({ version }) => version.startsWith("bad-rule"))) return bad.map(({ name }) => name);
    for (const resource of resources) {
      if (bad.includes(resource)) continue;
      if (typeUrl === CLUSTER && of(CLUSTER).get(resource.name)?.version !== resource.version)
        warming.add(resource.name);
      if (typeUrl === ENDPOINT) warming.delete(resource.name);
      const known = typeUrl === CLUSTER || typeUrl === LISTENER || asked.get(typeUrl)!.has(resource.name);
      if (known) of(typeUrl).set(resource.name, resource);
    }
    for (const name of removed) {
      of(typeUrl).delete(name);
      warming.delete(name);
    }
    return bad.map(({ name }) => name);
  }

  /** Routes name the cluster that they lead to in their version, after `to-`. */
  function checkRoutes(): void {
    for (const { name, version } of of(ROUTE).values()) {
      const [, target] = /to-([a-z]+)/.exec(version) ?? [];
      if (target !== undefined && !of(CLUSTER).has(target))
        faults.push(`${name} leads to ${target}, which is not there`);
    }
  }

  return {
    faults,
    get warming() {
      return [...warming];
    },
    contents: (typeUrl) => [...of(typeUrl).values()].map(({ name, version }) => `${name}=${version}`).sort(),
    connect() {
      // Also when all its clusters were taken back: it has its listeners and routes still.
      const reconnects = ASKED.some((typeUrl) => of(typeUrl).size > 0);
      withheld.length = 0;
      listening = reconnects;
      if (!reconnects) return [request(CLUSTER)];
      // While a cluster warms, clusters are not asked for: measured, and the reason why a server has to look for mute clients.
      owed = warming.size > 0;
      return [
        request(ENDPOINT, { subscribe: [...asked.get(ENDPOINT)!], initialVersions: initial(ENDPOINT) }),
        request(CLUSTER, { initialVersions: initial(CLUSTER) }),
        request(LISTENER, { initialVersions: initial(LISTENER) }),
        request(ROUTE, { subscribe: [...asked.get(ROUTE)!], initialVersions: initial(ROUTE) }),
      ].filter(({ typeUrl, subscribe }) =>
        typeUrl === CLUSTER ? !owed : typeUrl === LISTENER || subscribe.length > 0,
      );
    },
    receive(response) {
      const { typeUrl, nonce } = response;
      const refused = apply(response);
      checkRoutes();
      const error =
        refused.length === 0
          ? undefined
          : typeUrl === ENDPOINT
            ? "malformed IP address"
            : `Error adding/updating cluster(s) ${refused.map((name) => `${name}: why`).join(", ")}`;
      const answer = request(typeUrl, { nonce, error });
      if (typeUrl === CLUSTER) {
        withheld.push(answer);
        return [...follow(CLUSTER, ENDPOINT), ...settle()];
      }
      const next = typeUrl === LISTENER ? follow(LISTENER, ROUTE) : [];
      return [answer, ...next, ...settle()];
    },
  };
}

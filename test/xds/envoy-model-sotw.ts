/**
 * The model of Envoy on a State-of-the-World stream: every request repeats all names and the newest nonce, what a full-state
 * response leaves out is gone, and of several withheld answers only the newest is given, as a refusal if any of them was one.
 */
import { createEnvoyModel, type EnvoyModel, type ModelRequest, type Sent } from "./envoy-model.ts";
import { FULL_STATE } from "../../src/xds/type-url.ts";

interface TypeState {
  readonly names: Set<string>;
  /** Of the newest response on this stream. */
  nonce: string;
  /** Of the newest accepted response, on any stream. */
  version: string;
}

export function createSotwEnvoyModel(): EnvoyModel {
  const model = createEnvoyModel();
  const types = new Map<string, TypeState>();
  const versions = new Map<string, string>();

  function typeOf(typeUrl: string): TypeState {
    let type = types.get(typeUrl);
    if (!type) types.set(typeUrl, (type = { names: new Set(), nonce: "", version: "" }));
    return type;
  }

  function translate(requests: readonly ModelRequest[]): ModelRequest[] {
    const refused = new Map(requests.flatMap((r) => (r.error === undefined ? [] : [[r.typeUrl, r.error] as const])));
    const out: ModelRequest[] = [];
    for (const [i, request] of requests.entries()) {
      const type = typeOf(request.typeUrl);
      for (const name of request.subscribe) type.names.add(name);
      for (const name of request.unsubscribe) type.names.delete(name);
      const answers = request.nonce !== "";
      const newer = requests.slice(i + 1).some((r) => r.typeUrl === request.typeUrl && r.nonce !== "");
      if (answers && newer) continue;
      const error = answers ? refused.get(request.typeUrl) : undefined;
      if (answers && error === undefined) type.version = versions.get(request.nonce) ?? type.version;
      const nonce = answers ? request.nonce : type.nonce;
      out.push({ ...request, nonce, error, names: [...type.names], version: type.version });
    }
    return out;
  }

  return {
    ...model,
    get warming() {
      return model.warming;
    },
    connect() {
      for (const type of types.values()) type.nonce = "";
      versions.clear();
      return translate(model.connect());
    },
    receive(response: Sent) {
      typeOf(response.typeUrl).nonce = response.nonce;
      versions.set(response.nonce, response.version);
      const kept = new Set(response.resources.map(({ name }) => name));
      const held = model.contents(response.typeUrl).map((line) => line.slice(0, line.indexOf("=")));
      const removed = FULL_STATE.has(response.typeUrl) ? held.filter((name) => !kept.has(name)) : [];
      return translate(model.receive({ ...response, removed }));
    },
  };
}

import type { KubeClient, KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";

export interface FakeSecret {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
}

export interface FakeSecrets extends Pick<KubeClient, "request"> {
  /** As it is stored. */
  secret: FakeSecret | undefined;
  /** Writes that were done. */
  readonly writes: string[];
  /** What is thrown before a request is looked at. */
  failure: Error | undefined;
}

/**
 * The one Secret of a namespace, as an API server keeps it: creation and updates with an old resource version are conflicts.
 *
 * @param pause called before a request takes effect and before its answer comes; what it throws is the client's failure
 */
export function fakeSecrets(pause: (request: KubeRequest) => Promise<void> = () => Promise.resolve()): FakeSecrets {
  let version = 0;
  const fake: FakeSecrets = {
    secret: undefined,
    writes: [],
    failure: undefined,
    async request<T>(request: KubeRequest): Promise<T> {
      await pause(request);
      if (fake.failure) throw fake.failure;
      const answer = JSON.stringify(apply(request));
      await pause(request);
      return JSON.parse(answer) as T;
    },
  };

  function apply({ method, path, body }: KubeRequest): FakeSecret {
    const { secret } = fake;
    const sent = structuredClone(body) as FakeSecret;
    if (method === "POST") {
      if (path !== "/api/v1/namespaces/heddle-system/secrets") throw new KubeError("no such path", { status: 404 });
      if (secret) throw new KubeError("it exists", { status: 409, reason: "AlreadyExists" });
      return keep(method, sent);
    }
    if (path !== "/api/v1/namespaces/heddle-system/secrets/heddle-ca" || !secret) {
      throw new KubeError("it is not there", { status: 404, reason: "NotFound" });
    }
    if (method === "GET") return secret;
    if (sent.metadata.resourceVersion !== secret.metadata.resourceVersion) {
      throw new KubeError("it has changed", { status: 409, reason: "Conflict" });
    }
    return keep(method, sent);
  }

  function keep(method: string, sent: FakeSecret): FakeSecret {
    fake.writes.push(method);
    fake.secret = { ...sent, metadata: { ...sent.metadata, resourceVersion: String(++version) } };
    return fake.secret;
  }

  return fake;
}

/** Who gets in, by the tokens of a real API server: nobody but pods, each as itself. */
import { createHmac, createPrivateKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import { credentials, status } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectDelta, type FakeEnvoy } from "../support/fake-envoy.ts";
import { CDS, loadWire } from "../support/fake-envoy-wire.ts";
import { type ApiServer, startApiServer } from "../support/kubernetes/api-server.ts";
import {
  createPod,
  prepare,
  type RunningControlPlane,
  startControlPlane,
  trustBundle,
} from "../support/kubernetes/control-plane.ts";
import { selfSigned } from "../support/self-signed.ts";
import { until } from "../support/until.ts";

const wire = loadWire();
const NAME = "heddle.heddle-system.svc";
let api: ApiServer;
let controlPlane: RunningControlPlane;
let ca: string;
let web: { readonly name: string; readonly uid: string };
let other: { readonly name: string; readonly uid: string };
const clients: FakeEnvoy[] = [];

beforeAll(async () => {
  api = await startApiServer();
  await prepare(api);
  for (const namespace of ["shop", "bank"]) {
    await api.kubectl(["create", "namespace", namespace]);
    await api.kubectl(["create", "serviceaccount", "default", `--namespace=${namespace}`]);
  }
  web = await createPod(api, { namespace: "shop", name: "web", address: "10.1.0.1" });
  other = await createPod(api, { namespace: "bank", name: "vault", address: "10.1.0.2" });
  controlPlane = await startControlPlane(api);
  ca = await trustBundle(api);
}, 2_700_000);

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
});

afterAll(async () => {
  await controlPlane?.stop();
  await api?.close();
}, 60_000);

interface Attempt {
  readonly token?: string;
  readonly ca?: string;
  readonly nodeId?: string;
  readonly plaintext?: boolean;
}

function attempt({ token, ca: trusted = ca, nodeId = "web.shop", plaintext = false }: Attempt): FakeEnvoy {
  const client = connectDelta({
    wire,
    port: controlPlane.xdsPort,
    nodeId,
    mode: "manual",
    ...(!plaintext && { credentials: credentials.createSsl(Buffer.from(trusted)), serverName: NAME }),
    ...(token !== undefined && { authorization: () => `Bearer ${token}` }),
  });
  clients.push(client);
  client.subscribe(CDS);
  return client;
}

const tokenOf = (namespace: string, pod: typeof web | undefined, audience = "heddle"): Promise<string> =>
  api.tokenFor({ namespace, serviceAccount: "default", audience, seconds: 600, ...(pod && { pod }) });

async function refused(made: FakeEnvoy, reason: string, code = status.UNAUTHENTICATED): Promise<void> {
  const before = await controlPlane.metric("heddle_xds_unauthenticated_total", `reason="${reason}"`);
  expect((await made.ended).code).toBe(code);
  expect(made.responses).toEqual([]);
  await until("it is counted", 5000, async () => {
    return (await controlPlane.metric("heddle_xds_unauthenticated_total", `reason="${reason}"`)) >= Math.max(before, 1);
  });
}

async function proxies(): Promise<string[]> {
  const { proxies: shown } = JSON.parse(await controlPlane.admin("/debug/proxies")) as { proxies: { id: string }[] };
  return shown.map(({ id }) => id);
}

/** A token as the API server would sign it, with claims of the test's own. */
function forge(claims: object, key: "own" | "api" = "api"): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const head = `${part({ alg: "RS256", typ: "JWT" })}.${part(claims)}`;
  if (key === "own") return `${head}.${createHmac("sha256", "own").update(head).digest("base64url")}`;
  const signature = sign("sha256", Buffer.from(head), createPrivateKey(readFileSync(api.signingKeyPath)));
  return `${head}.${signature.toString("base64url")}`;
}

describe("nobody gets in", () => {
  test("without a token", () => refused(attempt({}), "no-token"));

  test("with a token for somebody else", async () => {
    await refused(attempt({ token: await tokenOf("shop", web, "https://kubernetes.default.svc") }), "audience");
  });

  test("with a token that has expired", async () => {
    const token = await tokenOf("shop", web);
    const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as object;
    await refused(attempt({ token: forge({ ...claims, exp: Math.floor(Date.now() / 1000) - 10 }) }), "expired");
  });

  test("with a token that nobody signed", async () => {
    const token = await tokenOf("shop", web);
    const claims = JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as object;
    await refused(attempt({ token: forge(claims, "own") }), "unauthenticated");
    await refused(attempt({ token: "rubbish" }), "malformed");
  });

  test("with a token that is bound to no pod", async () => {
    await refused(attempt({ token: await tokenOf("shop", undefined) }), "not-bound");
  });

  test("with the token of a pod that is gone", async () => {
    const gone = await createPod(api, { namespace: "shop", name: "gone", address: "10.1.0.3" });
    const token = await tokenOf("shop", gone);
    await api.kubectl(["delete", "pod", "gone", "--namespace=shop", "--force", "--grace-period=0"]);
    await refused(attempt({ token }), "unauthenticated");
  });

  test("in plaintext", async () => {
    const made = attempt({ token: await tokenOf("shop", web), plaintext: true });
    expect((await made.ended).code).toBe(status.UNAVAILABLE);
    await until("it is counted", 5000, async () => {
      return (await controlPlane.metric("heddle_xds_refused_connections_total", 'reason="plaintext"')) > 0;
    });
  });

  test("that trusts another CA", async () => {
    const made = attempt({ token: await tokenOf("shop", web), ca: selfSigned(NAME).certificate });
    expect((await made.ended).code).toBe(status.UNAVAILABLE);
    expect(made.responses).toEqual([]);
  });
});

describe("a pod gets in", () => {
  test("as itself", async () => {
    const made = attempt({ token: await tokenOf("shop", web) });
    expect((await made.next(CDS)).resources.length).toBeGreaterThan(0);
    expect(await proxies()).toEqual(["web.shop"]);
  });

  test("as itself only: with another namespace's token and this pod's id it is the other pod", async () => {
    const made = attempt({ token: await tokenOf("bank", other), nodeId: "web.shop" });
    await made.next(CDS);
    expect(await proxies()).toEqual(["vault.bank"]);
  });

  test("while the API server is away, with a token that was seen, and not with a new one", async () => {
    const [known, unseen] = [await tokenOf("shop", web), await tokenOf("bank", other)];
    await attempt({ token: known }).next(CDS);
    await api.stopApi();
    await attempt({ token: known }).next(CDS);
    await refused(attempt({ token: unseen }), "unavailable", status.UNAVAILABLE);
    await api.startApi();
    await until("a new one is admitted again", 30_000, async () => {
      const made = attempt({ token: unseen });
      return (await Promise.race([made.next(CDS).then(() => "served"), made.ended.then(() => "")])) === "served";
    });
  });
});

test("neither the admin interface nor the log shows a secret", async () => {
  const token = await tokenOf("shop", web);
  await attempt({ token }).next(CDS);
  await refused(attempt({ token: await tokenOf("shop", web, "somebody") }), "audience");
  const pages = [
    "/",
    "/metrics",
    "/debug/proxies",
    "/debug/config?proxy=web.shop",
    "/debug/diagnostics",
    "/debug/sidecars",
  ];
  const texts = [
    ...(await Promise.all(pages.map((page) => controlPlane.admin(page)))),
    controlPlane.log.lines().join("\n"),
  ];
  for (const text of texts) {
    expect(text).not.toContain("PRIVATE KEY");
    expect(text).not.toContain(token.split(".")[2]);
    expect(text).not.toMatch(/eyJ[A-Za-z0-9_-]{20}/);
  }
});

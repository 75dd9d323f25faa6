import { inspect } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createTokenReviewer, type ReviewOutcome } from "../../src/identity/token-review.ts";
import type { KubeClient, KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { manualClock } from "../support/manual-clock.ts";

const NOW = Date.parse("2030-01-31T12:00:00Z");
const MINUTE = 60_000;
const OK = { ok: true, pod: { namespace: "shop", name: "cart-1", uid: "u-1" }, serviceAccount: "cart" };
const VOUCHED = status({});
const REFUSED = { authenticated: false, error: "no" };

/** A token as the API server makes them; `id` tells tokens apart. */
function token(given: { id?: string; lives?: number; aud?: unknown; exp?: unknown } = {}): string {
  const { id = "a", lives = 60 * MINUTE, aud = ["heddle"], exp = (NOW + lives) / 1000 } = given;
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "RS256" })}.${part({ aud, exp, iss: "api" })}.${Buffer.from(`signed ${id}`).toString("base64url")}`;
}

function status({ username = "system:serviceaccount:shop:cart", uid = ["u-1"], audiences = ["heddle"] }): object {
  const extra = {
    "authentication.kubernetes.io/pod-name": ["cart-1"],
    "authentication.kubernetes.io/pod-uid": uid,
    "authentication.kubernetes.io/node-name": ["node-1"],
  };
  return {
    authenticated: true,
    audiences,
    user: { username, uid: "sa-uid", groups: ["system:serviceaccounts"], extra },
  };
}

/** A reviewer, and an API server that answers as `answer` says. */
function reviewing(answer: (token: string) => object | Promise<object> = () => VOUCHED) {
  const clock = manualClock();
  const outcomes: ReviewOutcome[] = [];
  const requests: KubeRequest[] = [];
  const api = { answer, failing: false };
  const request = async (sent: KubeRequest): Promise<unknown> => {
    requests.push(sent);
    const { spec } = sent.body as { spec: { token: string } };
    if (api.failing) throw new KubeError(`no answer for ${spec.token}`, {});
    return { kind: "TokenReview", status: await api.answer(spec.token) };
  };
  const review = createTokenReviewer({
    client: { request } as unknown as KubeClient,
    audience: "heddle",
    clock,
    wallClock: () => NOW + clock.now(),
    onReview: (outcome) => void outcomes.push(outcome),
  });
  return { review, clock, outcomes, requests, api };
}

test("a token stands for the pod that the API server says", async () => {
  const { review, requests, outcomes } = reviewing();
  expect(await review(token())).toEqual({ ...OK, expiresAt: NOW + 60 * MINUTE });
  expect(requests).toEqual([
    expect.objectContaining({
      method: "POST",
      path: "/apis/authentication.k8s.io/v1/tokenreviews",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        spec: { token: token(), audiences: ["heddle"] },
      },
    }),
  ]);
  expect(outcomes).toEqual(["ok"]);
});

test("who is refused, and why", async () => {
  const cases: [string, object, string][] = [
    [token(), REFUSED, "unauthenticated"],
    [token(), {}, "unauthenticated"],
    [token({ aud: "other" }), REFUSED, "audience"],
    [token({ aud: [] }), REFUSED, "audience"],
    [token(), status({ audiences: ["other"] }), "audience"],
    [token(), status({ audiences: [] }), "audience"],
    [token(), status({ username: "system:node:node-1" }), "not-bound"],
    [token(), status({ uid: [] }), "not-bound"],
    [token(), { ...VOUCHED, user: undefined }, "not-bound"],
    [token(), { authenticated: "yes" }, "unavailable"],
  ];
  for (const [given, answer, reason] of cases) {
    const { review, outcomes } = reviewing(() => answer);
    expect(await review(given)).toEqual({ ok: false, reason });
    expect(outcomes).toEqual([reason]);
  }
});

test("what cannot be a good token is not even asked about", async () => {
  const { review, requests } = reviewing();
  for (const [given, reason] of [
    ["", "malformed"],
    ["opaque", "malformed"],
    ["a.b.c", "malformed"],
    [`${token()}.more`, "malformed"],
    [token().replace(/[^.]+$/, ""), "malformed"],
    [token({ exp: "soon" }), "malformed"],
    [token({ id: "x".repeat(16 * 1024) }), "malformed"],
    [token({ lives: 0 }), "expired"],
  ] as const) {
    expect(await review(given)).toEqual({ ok: false, reason });
  }
  await fc.assert(
    fc.asyncProperty(fc.string(), async (text) => {
      expect(await review(text)).toEqual({ ok: false, reason: "malformed" });
      expect(await review(`a.${Buffer.from(text).toString("base64url")}.c`)).toMatchObject({ ok: false });
    }),
  );
  expect(requests).toEqual([]);
});

test("a yes is good for a minute, a no for five seconds", async () => {
  const { review, clock, requests, api, outcomes } = reviewing();
  await review(token());
  clock.advance(MINUTE - 1);
  await review(token());
  expect(requests).toHaveLength(1);
  clock.advance(1);
  // The pod is gone.
  api.answer = () => REFUSED;
  expect(await review(token())).toEqual({ ok: false, reason: "unauthenticated" });
  clock.advance(4999);
  expect(await review(token())).toEqual({ ok: false, reason: "unauthenticated" });
  expect(requests).toHaveLength(2);
  clock.advance(1);
  api.answer = () => VOUCHED;
  expect(await review(token())).toMatchObject(OK);
  expect(outcomes).toEqual(["ok", "cached", "unauthenticated", "cached", "ok"]);
});

test("a yes ends with its token", async () => {
  const { review, clock, requests } = reviewing();
  const short = token({ lives: 10_000 });
  await review(short);
  clock.advance(9999);
  expect(await review(short)).toMatchObject(OK);
  clock.advance(1);
  expect(await review(short)).toEqual({ ok: false, reason: "expired" });
  expect(requests).toHaveLength(1);
});

test("a token that expires while it is reviewed is refused", async () => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const { review, clock } = reviewing(() => promise);
  const reviewed = review(token({ lives: 1000 }));
  clock.advance(1000);
  resolve(VOUCHED);
  expect(await reviewed).toEqual({ ok: false, reason: "expired" });
});

test("while the API server is away, who was vouched for comes in until the token expires; nobody else", async () => {
  const { review, clock, api, outcomes } = reviewing((given) => (given === token({ id: "bad" }) ? REFUSED : VOUCHED));
  const short = token({ lives: 5 * MINUTE });
  await review(short);
  await review(token({ id: "bad" }));
  api.failing = true;
  clock.advance(4 * MINUTE);
  expect(await review(short)).toMatchObject(OK);
  expect(await review(token({ id: "bad" }))).toEqual({ ok: false, reason: "unavailable" });
  expect(await review(token({ id: "new" }))).toEqual({ ok: false, reason: "unavailable" });
  clock.advance(MINUTE);
  expect(await review(short)).toEqual({ ok: false, reason: "expired" });
  expect(outcomes).toEqual(["ok", "unauthenticated", "stale", "unavailable", "unavailable", "expired"]);
  // Nothing is remembered of a failure.
  api.failing = false;
  expect(await review(token({ id: "new" }))).toMatchObject(OK);
});

test("a no is not undone by the yes before it", async () => {
  const { review, clock, api } = reviewing();
  await review(token());
  clock.advance(MINUTE);
  api.answer = () => REFUSED;
  await review(token());
  clock.advance(MINUTE);
  api.failing = true;
  expect(await review(token())).toEqual({ ok: false, reason: "unavailable" });
});

test("one token is reviewed once at a time, and 32 tokens at once; 1000 wait, for ten seconds", async () => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const { review, clock, requests, api } = reviewing(() => promise);
  const reviews = Array.from({ length: 1100 }, (_, index) => review(token({ id: String(index) })));
  const same = Array.from({ length: 100 }, () => review(token({ id: "0" })));
  expect(requests).toHaveLength(32);
  const unavailable = { ok: false, reason: "unavailable" };
  expect(await Promise.all(reviews.slice(1032))).toEqual(Array.from({ length: 68 }, () => unavailable));
  clock.advance(10_000);
  expect(await Promise.all(reviews.slice(32, 1032))).toEqual(Array.from({ length: 1000 }, () => unavailable));
  resolve(VOUCHED);
  for (const reviewed of await Promise.all([...reviews.slice(0, 32), ...same])) expect(reviewed).toMatchObject(OK);
  expect(requests).toHaveLength(32);
  api.answer = () => VOUCHED;
  expect(await review(token({ id: "99" }))).toMatchObject(OK);
});

test("made-up tokens do not push out those of sidecars", async () => {
  const { review, requests, api } = reviewing((given) => (given === token() ? VOUCHED : REFUSED));
  await review(token());
  for (let index = 0; index < 11_000; index++) await review(token({ id: `made up ${index}` }));
  api.failing = true;
  expect(await review(token())).toMatchObject(OK);
  expect(requests).toHaveLength(11_001);
});

test("the least recently used of 10 000 is forgotten", async () => {
  const { review, requests } = reviewing();
  await review(token({ id: "used" }));
  await review(token({ id: "unused" }));
  for (let index = 0; index < 9_999; index++) {
    await review(token({ id: `other ${index}` }));
    if (index === 9_000) await review(token({ id: "used" }));
  }
  const before = requests.length;
  await review(token({ id: "used" }));
  expect(requests).toHaveLength(before);
  await review(token({ id: "unused" }));
  expect(requests).toHaveLength(before + 1);
});

test("no answer holds the token, whatever the API server's error says", async () => {
  const { review, api, outcomes } = reviewing();
  api.failing = true;
  expect(inspect([await review(token()), outcomes])).not.toContain(token().split(".")[2]);
});

import { describe, expect, test } from "vitest";
import type { KubeRequest } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { listAll } from "../../src/kube/list.ts";
import { isOlder } from "../../src/kube/object.ts";

type Answer = object | KubeError | null;

/** A client that gives these answers in turn. */
function answering(...answers: readonly Answer[]) {
  const queries: KubeRequest["query"][] = [];
  const rest = [...answers];
  return {
    queries,
    client: {
      async request<T>(request: KubeRequest): Promise<T> {
        queries.push(request.query);
        const answer = rest.shift();
        if (answer instanceof KubeError) throw answer;
        return answer as T;
      },
      open: () => Promise.reject(new Error("no watch was expected")),
      close() {},
    },
  };
}

function page(names: readonly string[], next?: string, version = "7"): object {
  const items = names.map((name) => ({ metadata: { name, managedFields: [{ manager: "x" }] } }));
  return { apiVersion: "v1", kind: "ServiceList", metadata: { resourceVersion: version, continue: next }, items };
}

const expired = new KubeError("the provided continue parameter is too old", { status: 410, reason: "Expired" });

describe("a list", () => {
  test("is read in pages; its items get the kind that typed lists leave out", async () => {
    const { client, queries } = answering(page(["a", "b"], "two"), page(["c"]));
    const { items, resourceVersion } = await listAll(client, {
      path: "/api/v1/services",
      query: { labelSelector: "x=y" },
      pageSize: 2,
    });
    expect(items.map(({ kind, apiVersion, metadata }) => ({ kind, apiVersion, metadata }))).toEqual(
      ["a", "b", "c"].map((name) => ({ kind: "Service", apiVersion: "v1", metadata: { name } })),
    );
    expect(resourceVersion).toBe("7");
    expect(queries).toEqual([
      { labelSelector: "x=y", limit: "2" },
      { labelSelector: "x=y", limit: "2", continue: "two" },
    ]);
  });

  test("that expires between two pages is read in one piece; nothing of the first try is left", async () => {
    const { client, queries } = answering(page(["a", "gone"], "two"), expired, page(["a", "b"], undefined, "9"));
    const { items, resourceVersion } = await listAll(client, { path: "/api/v1/services" });
    expect([items.map(({ metadata }) => metadata.name), resourceVersion]).toEqual([["a", "b"], "9"]);
    expect(queries.at(-1)).toEqual({});
  });

  test("that expires even so fails, and does not try for ever", async () => {
    const { client, queries } = answering(expired, expired, page(["a"]));
    await expect(listAll(client, { path: "/api/v1/services" })).rejects.toBe(expired);
    expect(queries).toHaveLength(2);
  });

  test("another failure between two pages is not hidden", async () => {
    const { client } = answering(page(["a"], "two"), new KubeError("reset", {}));
    await expect(listAll(client, { path: "/x" })).rejects.toMatchObject({ code: "KUBE_UNREACHABLE" });
  });

  test("may be empty", async () => {
    const { client } = answering({ kind: "ServiceList", metadata: { resourceVersion: "1" }, items: null });
    expect(await listAll(client, { path: "/x" })).toEqual({ items: [], resourceVersion: "1" });
  });

  test.each([
    null,
    {},
    { kind: "Status" },
    { kind: "ServiceList", metadata: {} },
    { metadata: { resourceVersion: "1" } },
  ])("is not %j", async (answer) => {
    await expect(listAll(answering(answer).client, { path: "/x" })).rejects.toMatchObject({ code: "KUBE_API" });
  });
});

test.each([
  ["9", "10", true],
  ["10", "9", false],
  ["10", "10", false],
  ["19", "20", true],
  ["", "20", false],
  ["0", "20", false],
  ["abc", "b", false],
  ["99999999999999999998", "99999999999999999999", true],
])("version %s is older than %s: %s", (a, b, older) => expect(isOlder(a, b)).toBe(older));

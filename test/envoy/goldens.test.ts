/** Every golden translation is accepted by real Envoys, of the newest and the oldest supported version. */
import { describe, expect, test } from "vitest";
import { DEFAULT_VERSION, OLDEST_VERSION } from "../../scripts/envoy.ts";
import { validateBootstrap } from "../support/envoy.ts";
import { goldenCases, translateCase } from "../support/golden-case.ts";
import { staticBootstrap } from "../support/static-bootstrap.ts";

describe.each([DEFAULT_VERSION, OLDEST_VERSION])("Envoy %s accepts", (version) => {
  test.each(goldenCases().map((c) => [c.name, c] as const))("%s", async (_, golden) => {
    const { sections } = await translateCase(golden);
    expect(await validateBootstrap(staticBootstrap(sections), version)).toBeUndefined();
  });
});

test("and would refuse a table in which a domain stands twice", async () => {
  const host = (name: string) => ({ name, domains: ["same"], routes: [] });
  const routes = [{ name: "table", virtual_hosts: [host("a"), host("b")] }];
  expect(await validateBootstrap(staticBootstrap({ routes }))).toContain("same");
});

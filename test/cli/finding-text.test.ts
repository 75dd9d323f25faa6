import { afterEach, expect, test, vi } from "vitest";
import { countText, findingText } from "../../src/cli/finding-text.ts";
import { diagnostic } from "../../src/base/diagnostic-codes.ts";

const finding = diagnostic("HED1302", {
  ref: { kind: "TrafficPolicy", namespace: "shop", name: "a" },
  path: "spec.targetRefs[0].name",
  message: "there is no Service",
  place: { file: "shop.yaml", line: 7 },
});

afterEach(() => vi.unstubAllEnvs());

test("one line for programs, a paragraph with advice for people", () => {
  vi.stubEnv("NO_COLOR", "1");
  expect(findingText(finding, { isTTY: false })).toBe(
    "shop.yaml:7: HED1302 error: TrafficPolicy shop/a: spec.targetRefs[0].name: there is no Service\n",
  );
  expect(findingText(finding, { isTTY: true })).toBe(
    "shop.yaml:7  error HED1302  TrafficPolicy shop/a\n" +
      "    spec.targetRefs[0].name: there is no Service\n" +
      "    → Create the Service or ExternalService, or correct kind and name in targetRefs.\n\n",
  );
});

test("colour only where nobody has forbidden it", () => {
  vi.stubEnv("NO_COLOR", "");
  expect(findingText(finding, { isTTY: true })).toContain("\u001B[31merror HED1302\u001B[39m");
  expect(findingText(finding, { isTTY: false })).not.toContain("\u001B");
});

test("findings are counted by level", () => {
  expect(countText([])).toBe("nothing found");
  expect(countText([finding])).toBe("1 finding (1 error)");
  const warning = diagnostic("HED1303", { message: "x" });
  expect(countText([finding, warning, warning])).toBe("3 findings (1 error, 2 warnings)");
});

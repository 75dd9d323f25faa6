import { afterAll, beforeAll, expect, test } from "vitest";
import { captureRules, DEFAULT_CAPTURE } from "../../src/inject/iptables.ts";
import { createNet, type TestNet } from "../support/netns.ts";

let net: TestNet;

beforeAll(() => {
  net = createNet({ pod: "10.77.0.10" });
});

afterAll(() => net.close());

/** The nat table without the counters and dates that differ from call to call. */
function natTable(): string {
  const saved = net.host("pod").run(["iptables-save", "-t", "nat"]);
  return saved.replaceAll(/^#.*\n/gm, "").replaceAll(/\[\d+:\d+\]/g, "");
}

test("iptables takes the rules, and to apply them twice is the same as once", () => {
  const rules = captureRules({
    ...DEFAULT_CAPTURE,
    excludeInboundPorts: [15_021],
    excludeOutboundPorts: [3306],
    excludeOutboundCidrs: ["10.1.0.0/16"],
  });
  net.host("pod").run(["iptables-restore"], rules);
  const once = natTable();
  expect(once).toContain("-A HEDDLE_OUTPUT -p tcp -j REDIRECT --to-ports 15001");
  net.host("pod").run(["iptables-restore"], rules);
  expect(natTable()).toBe(once);
});

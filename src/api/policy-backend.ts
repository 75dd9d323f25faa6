/** Where the traffic of a TrafficPolicy goes. */
import { z } from "zod";
import { dnsLabel } from "./object-meta.ts";
import * as rules from "./policy-rules.ts";
import { withRules } from "./rule.ts";
import { percent, port, serviceName } from "./scalar.ts";

/** Where traffic goes: a subset of the target, or another Service with its port. */
const backend = {
  subset: dnsLabel.optional().describe("A subset of the target, or of `service` where that is given."),
  service: serviceName.optional().describe("Another Service: its name in the policy's namespace, or name.namespace."),
  port: port.optional().describe("The port of `service`."),
};
const weight = z.int().min(0).max(1_000_000).optional().describe("Share of the requests, relative to the sum of all.");
export const split = withRules(z.strictObject({ ...backend, weight }), rules.backend);
export const mirror = withRules(
  z.strictObject({ ...backend, percent: percent.default(100).describe("Share of the requests that are copied.") }),
  rules.backend,
);

export const tcp = withRules(
  z.strictObject({
    split: z
      .array(split)
      .min(1)
      .max(16)
      .describe(
        "Where new connections go; open ones stay. The share of an entry is divided over its ready endpoints, near or far; one without any leaves its share to the others.",
      ),
  }),
  rules.splitting,
);

export type Split = z.output<typeof split>;
export type Backend = Pick<Split, "subset" | "service" | "port">;
export type Mirror = z.output<typeof mirror>;

/** What must hold between the fields of a rate limit. The shapes here are what a rule looks at, not whole types. */
import { repeated, type Breach, type Rule } from "./rule.ts";

const HERE: readonly Breach[] = [{ path: [] }];

/** Envoy fills its buckets no more often. */
export const refill: Rule<number> = {
  code: "HED1208",
  message: "must be at least 50ms",
  cel: "duration(self) >= duration('50ms')",
  check: (ms) => (ms >= 50 ? [] : HERE),
};

interface Key {
  readonly header?: string | undefined;
  readonly caller?: true | undefined;
}

export const distinctKeys: Rule<{ readonly by?: readonly Key[] | undefined }> = {
  code: "HED1204",
  message: "must not name a key twice in by",
  cel:
    "!has(self.by) || self.by.all(a, self.by.exists_one(b, has(a.header) == has(b.header) && " +
    "(!has(a.header) || a.header.lowerAscii() == b.header.lowerAscii())))",
  check: ({ by = [] }) => repeated(by, ({ header }) => header?.toLowerCase() ?? "").map((i) => ({ path: ["by", i] })),
};

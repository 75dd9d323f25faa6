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

interface Shape {
  readonly requests?: number | undefined;
  readonly burst?: number | undefined;
  readonly scope?: string | undefined;
  readonly by?: readonly { readonly header?: string | undefined }[] | undefined;
  readonly service?: { readonly descriptors?: unknown } | undefined;
}

export const rateLimit: readonly Rule<Shape>[] = [
  {
    code: "HED1204",
    message: "must not name a key twice in by",
    cel:
      "!has(self.by) || self.by.all(a, self.by.exists_one(b, has(a.header) == has(b.header) && " +
      "(!has(a.header) || a.header.lowerAscii() == b.header.lowerAscii())))",
    check: ({ by = [] }) => repeated(by, ({ header }) => header?.toLowerCase() ?? "").map((i) => ({ path: ["by", i] })),
  },
  {
    code: "HED1230",
    message: "must have requests, service or both",
    cel: "has(self.requests) || has(self.service)",
    check: ({ requests, service }) => (requests === undefined && service === undefined ? HERE : []),
  },
  {
    code: "HED1230",
    message: "must have burst and scope only with requests",
    cel: "has(self.requests) || (!has(self.burst) && (!has(self.scope) || self.scope == 'Sidecar'))",
    check({ requests, burst, scope }) {
      if (requests !== undefined) return [];
      return [
        ...(burst === undefined ? [] : [{ path: ["burst"] }]),
        ...(scope === "Fleet" ? [{ path: ["scope"] }] : []),
      ];
    },
  },
  {
    code: "HED1231",
    message: "must tell the service something: have descriptors or by",
    cel: "!has(self.service) || has(self.service.descriptors) || has(self.by)",
    check: ({ service, by }) =>
      service && service.descriptors === undefined && by === undefined ? [{ path: ["service"] }] : [],
  },
];

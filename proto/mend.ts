/**
 * Mends the protos of the npm package `@grpc/grpc-js-xds` so that a proto compiler accepts them, and adds the few
 * fields that Heddle uses and that are newer than the package. Each mend names what it expects to find and throws when
 * it is not there, so that an update of the package cannot silently undo one.
 */

/** A text mend of one file: `find` must occur; `insert` goes right behind it. */
interface Mend {
  readonly file: string;
  readonly find: RegExp;
  readonly insert: string;
  readonly why: string;
}

const VALIDATE = "validate/validate.proto";
const LOCAL_RATE_LIMIT = "envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit.proto";

/**
 * `ignore_empty` of protoc-gen-validate's rule messages, by field number, as of its v1.3.3. The package's Envoy protos
 * use it; the package's own validate.proto is too old to know it.
 */
const IGNORE_EMPTY: Readonly<Record<string, number>> = {
  FloatRules: 8,
  DoubleRules: 8,
  Int32Rules: 8,
  Int64Rules: 8,
  UInt32Rules: 8,
  UInt64Rules: 8,
  SInt32Rules: 8,
  SInt64Rules: 8,
  Fixed32Rules: 8,
  Fixed64Rules: 8,
  SFixed32Rules: 8,
  SFixed64Rules: 8,
  StringRules: 26,
  BytesRules: 14,
  RepeatedRules: 5,
  MapRules: 6,
};

const mends: readonly Mend[] = [
  ...Object.entries(IGNORE_EMPTY).map(([message, field]) => ({
    file: VALIDATE,
    find: new RegExp(`message ${message} \\{\\n`),
    insert: `    optional bool ignore_empty = ${field};\n`,
    why: `validate.proto is older than the Envoy protos beside it: ${message}.ignore_empty`,
  })),
  {
    file: "envoy/config/route/v3/route_components.proto",
    find: /oneof random_value_specifier \{\n/,
    insert: "    google.protobuf.BoolValue use_hash_policy = 5;\n",
    why: "WeightedCluster.use_hash_policy (Envoy 1.36) keeps a user on one side of a split",
  },
  {
    file: LOCAL_RATE_LIMIT,
    find: /import "envoy\/config\/core\/v3\/base.proto";\n/,
    insert: 'import "envoy/config/route/v3/route_components.proto";\n',
    why: "LocalRateLimit.rate_limits is of its type RateLimit",
  },
  {
    file: LOCAL_RATE_LIMIT,
    find: /bool rate_limited_as_resource_exhausted = 15;\n/,
    insert:
      "  repeated config.route.v3.RateLimit rate_limits = 17;\n" +
      "  google.protobuf.UInt32Value max_dynamic_descriptors = 18 [(validate.rules).uint32 = {gte: 1}];\n",
    why: "what a bucket is kept for, and of how many values (Envoy 1.34)",
  },
  {
    file: "envoy/extensions/common/ratelimit/v3/ratelimit.proto",
    find: /string value = 2 \[\(validate.rules\).string = \{/,
    insert: "ignore_empty: true, ",
    why: "a descriptor without a value stands for every value (Envoy 1.34)",
  },
];

/**
 * Returns `text` of the proto at import path `file` with LF line ends and all mends for that file applied.
 *
 * @throws Error when a mend's place is not found, or is mended upstream already.
 */
export function mend(file: string, text: string): string {
  let mended = text.replaceAll("\r\n", "\n");
  for (const { find, insert, why } of mends.filter((m) => m.file === file)) {
    const place = find.exec(mended);
    if (!place) throw new Error(`proto/mend.ts: ${file}: nothing matches ${find} (${why}); has the package changed?`);
    const end = place.index + place[0].length;
    mended = mended.slice(0, end) + insert + mended.slice(end);
  }
  return mended;
}

/** The text of all mends, so that a cache key covers them. */
export const mendsFingerprint = JSON.stringify(mends.map((m) => [m.file, m.find.source, m.insert]));

/** Small pieces of Envoy messages that many files need. */
import { create, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { type Any, anyPack, type Duration, DurationSchema } from "@bufbuild/protobuf/wkt";
import { type Address, AddressSchema } from "../gen/envoy/config/core/v3/address_pb.ts";
import { ApiVersion, type ConfigSource, ConfigSourceSchema } from "../gen/envoy/config/core/v3/config_source_pb.ts";
import { type FractionalPercent, FractionalPercent_DenominatorType } from "../gen/envoy/type/v3/percent_pb.ts";
import { FractionalPercentSchema } from "../gen/envoy/type/v3/percent_pb.ts";

/** A message packed into an Any. */
export function pack<Desc extends DescMessage>(schema: Desc, init: MessageInitShape<Desc>): Any {
  return anyPack(schema, create(schema, init));
}

/** A duration of milliseconds. */
export function duration(ms: number): Duration {
  return create(DurationSchema, { seconds: BigInt(Math.floor(ms / 1000)), nanos: Math.round((ms % 1000) * 1e6) });
}

/** A TCP socket address; IPv4 and IPv6 alike. */
export function socketAddress(address: string, port: number): Address {
  return create(AddressSchema, {
    address: { case: "socketAddress", value: { address, portSpecifier: { case: "portValue", value: port } } },
  });
}

/** A percentage of 0 to 100 with four decimals. */
export function fraction(percent: number): FractionalPercent {
  return create(FractionalPercentSchema, {
    numerator: Math.round(percent * 10_000),
    denominator: FractionalPercent_DenominatorType.MILLION,
  });
}

/**
 * "Ask on the stream that this came on." Without a limit to the initial fetch: the server answers every endpoint and route
 * name that is asked for, so a limit could only make a sidecar ready with half of its configuration.
 */
export function ads(): ConfigSource {
  return create(ConfigSourceSchema, {
    configSourceSpecifier: { case: "ads", value: {} },
    resourceApiVersion: ApiVersion.V3,
    initialFetchTimeout: duration(0),
  });
}

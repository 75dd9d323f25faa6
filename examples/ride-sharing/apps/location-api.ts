/** The location service's gRPC interface. Messages are JSON, so that there is nothing to generate. */
import { type MethodDefinition, type ServiceDefinition } from "@grpc/grpc-js";

export interface Position {
  readonly driver: string;
  readonly latitude: number;
  readonly longitude: number;
}

/** Who answered, and how many positions it knows. */
export interface Answer {
  readonly region: string;
  readonly known: number;
}

function method<Request, Reply>(name: string, streams: boolean): MethodDefinition<Request, Reply> {
  const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
  return {
    path: `/rides.Location/${name}`,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: encode,
    requestDeserialize: (bytes) => JSON.parse(bytes.toString()) as Request,
    responseSerialize: encode,
    responseDeserialize: (bytes) => JSON.parse(bytes.toString()) as Reply,
  };
}

/** A stream of a driver's positions, each answered. */
export const report = method<Position, Answer>("Report", true);
/** Drivers that are near, for one rider. */
export const nearby = method<Position, Answer>("Nearby", false);

export const locationService = { report, nearby } satisfies ServiceDefinition;

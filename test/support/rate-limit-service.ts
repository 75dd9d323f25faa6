/** A rate-limit service that speaks Envoy's protocol: a bucket of tokens for each descriptor. Its codec is not the one under test. */
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Server, ServerCredentials, type ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

interface Asked {
  readonly domain: string;
  readonly descriptors: readonly { readonly entries: readonly { readonly key: string; readonly value: string }[] }[];
}

export interface RateLimitService {
  readonly port: number;
  /** What was asked, as `domain key=value,key=value`, with how often. */
  readonly asked: ReadonlyMap<string, number>;
  stop(): void;
}

/** Lets `rate` requests a second through for each descriptor, and `burst` at once. */
export async function startRateLimitService(address: string, rate: number, burst: number): Promise<RateLimitService> {
  const deps = join(dirname(createRequire(import.meta.url).resolve("@grpc/grpc-js-xds/package.json")), "deps");
  const includeDirs = ["envoy-api", "xds", "protoc-gen-validate", "googleapis"].map((name) => join(deps, name));
  const definitions = loadSync("envoy/service/ratelimit/v3/rls.proto", { includeDirs, keepCase: true, defaults: true });
  const definition = definitions["envoy.service.ratelimit.v3.RateLimitService"] as ServiceDefinition;
  const buckets = new Map<string, { tokens: number; at: number }>();
  const asked = new Map<string, number>();
  const take = (name: string): boolean => {
    const now = performance.now();
    const bucket = buckets.get(name) ?? { tokens: burst, at: now };
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) * rate) / 1000);
    bucket.at = now;
    buckets.set(name, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  };
  const server = new Server();
  server.addService(definition, {
    shouldRateLimit(call: { readonly request: Asked }, done: (error: null, answer: object) => void) {
      const names = call.request.descriptors.map(
        ({ entries }) => `${call.request.domain} ${entries.map(({ key, value }) => `${key}=${value}`).join()}`,
      );
      for (const name of names) asked.set(name, (asked.get(name) ?? 0) + 1);
      const taken = names.map(take);
      done(null, {
        overall_code: taken.every(Boolean) ? "OK" : "OVER_LIMIT",
        statuses: taken.map((ok) => ({
          code: ok ? "OK" : "OVER_LIMIT",
          current_limit: { requests_per_unit: rate, unit: "SECOND" },
          limit_remaining: 0,
          duration_until_reset: { seconds: 1 },
        })),
      });
    },
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync(`${address}:0`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { port, asked, stop: () => server.forceShutdown() };
}

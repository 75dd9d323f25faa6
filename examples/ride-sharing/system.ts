/** Who takes part: a gateway, two versions of pricing, driver assignment, and the location service in two regions. */
import { join } from "node:path";
import type { Running, Step, System } from "../harness/run.ts";
import { type Assignment, startAssignment } from "./apps/assignment.ts";
import { startGateway } from "./apps/gateway.ts";
import { type Location, startLocation } from "./apps/location.ts";
import { type Pricing, startPricing } from "./apps/pricing.ts";

export interface Apps extends AsyncDisposable {
  readonly pricing: Readonly<Record<"v1" | "v2", Pricing>>;
  readonly location: Readonly<Record<"west" | "east", Location>>;
  readonly assignment: Assignment;
}

export type Rides = Running<Apps>;
export type RidesStep = Step<Apps>;

/** Where the gateway's sidecar takes what its application calls. */
export const OUTBOUND = { address: "127.0.40.1", port: 15080 } as const;
/** Where riders reach the gateway. */
export const GATEWAY = { address: "127.0.41.1", port: 8080 } as const;
export const POLICY_FILES = ["pricing-policy.yaml", "location-policy.yaml", "assignment-policy.yaml"] as const;

const HTTP = 8080;

async function startApps(): Promise<Apps> {
  await using stack = new AsyncDisposableStack();
  const keep = <T extends { close(): Promise<void> }>(app: T): T => {
    stack.defer(() => app.close());
    return app;
  };
  const location = async (region: string, address: string): Promise<Location> =>
    keep(await startLocation({ region, address, httpPort: HTTP, grpcPort: 9090 }));
  const pricing = async (name: string, address: string, factor: number): Promise<Pricing> =>
    keep(await startPricing({ name, address, port: HTTP, factor }));
  const apps = {
    pricing: { v1: await pricing("v1", "127.0.41.11", 1), v2: await pricing("v2", "127.0.41.12", 1.1) },
    location: { west: await location("west", "127.0.41.21"), east: await location("east", "127.0.41.22") },
    assignment: keep(await startAssignment({ address: "127.0.41.31", port: HTTP, atOnce: 10, takes: 100 })),
  };
  keep(await startGateway({ ...GATEWAY, workers: 40, upstream: OUTBOUND }));
  const running = stack.move();
  return { ...apps, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

export const rideSharing: System<Apps> = {
  manifests: join(import.meta.dirname, "manifests"),
  without: POLICY_FILES,
  xds: "127.0.40.100:18000",
  admin: "127.0.40.100:18001",
  sidecars: ["gateway", "pricing-v1", "pricing-v2", "location-west", "location-east", "assignment"].map(
    (pod) => `${pod}.rides`,
  ),
  firstAdminPort: 18210,
  startApps,
};

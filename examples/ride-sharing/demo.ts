/** Ride-sharing, as a demonstration that checks itself: riders are matched with drivers, whatever happens to a service or a region. */
import { runDemo } from "../harness/run.ts";
import { steps } from "./steps.ts";
import { rideSharing } from "./system.ts";

await runDemo(rideSharing, steps);

/** What the demonstration shows, in its order. */
import { pricing } from "./steps/pricing.ts";
import { region } from "./steps/region.ts";
import { streams } from "./steps/streams.ts";
import { surge } from "./steps/surge.ts";
import type { RidesStep } from "./system.ts";

export const steps: readonly RidesStep[] = [pricing, streams, surge, region];

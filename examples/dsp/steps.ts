/** What the demonstration shows, in its order. */
import { brownOut } from "./steps/brown-out.ts";
import { burst } from "./steps/burst.ts";
import { closest } from "./steps/closest.ts";
import { deadlines } from "./steps/deadlines.ts";
import { leastLoaded } from "./steps/least-loaded.ts";
import type { DspStep } from "./system.ts";

export const steps: readonly DspStep[] = [closest, leastLoaded, deadlines, brownOut, burst];

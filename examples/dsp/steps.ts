/** What the demonstration shows, in its order. */
import { closest } from "./steps/closest.ts";
import { slowBidder } from "./steps/slow-bidder.ts";
import type { DspStep } from "./system.ts";

export const steps: readonly DspStep[] = [closest, slowBidder];

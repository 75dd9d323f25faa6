/** A demand-side platform, as a demonstration that checks itself: bids within 100 ms, whatever happens to bidders. */
import { runDemo } from "../harness/run.ts";
import { steps } from "./steps.ts";
import { dsp } from "./system.ts";

await runDemo(dsp, steps);

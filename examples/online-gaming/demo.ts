/** Online gaming, as a demonstration that checks itself: players are matched near them, and stay where they play. */
import { runDemo } from "../harness/run.ts";
import { steps } from "./steps.ts";
import { onlineGaming } from "./system.ts";

await runDemo(onlineGaming, steps);

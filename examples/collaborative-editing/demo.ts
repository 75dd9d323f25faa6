/** Collaborative editing, as a demonstration that checks itself: all editors of a document meet on one server. */
import { runDemo } from "../harness/run.ts";
import { steps } from "./steps.ts";
import { collaborativeEditing } from "./system.ts";

await runDemo(collaborativeEditing, steps);

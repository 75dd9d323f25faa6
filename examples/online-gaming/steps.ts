/** What the demonstration shows, in its order. */
import { closest } from "./steps/closest.ts";
import { flood } from "./steps/flood.ts";
import { games } from "./steps/games.ts";
import { leastLoaded } from "./steps/least-loaded.ts";
import { lobbies } from "./steps/lobbies.ts";
import { mirror } from "./steps/mirror.ts";
import type { ArenaStep } from "./system.ts";

export const steps: readonly ArenaStep[] = [closest, leastLoaded, flood, mirror, lobbies, games];

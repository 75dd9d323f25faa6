/** What a user would apply, and versions of it that the demonstration saves over the files. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { variant } from "../harness/policy-file.ts";
import { onlineGaming } from "./system.ts";

const read = (file: string): string => readFileSync(join(onlineGaming.manifests, file), "utf8");

const matchmaking = read("matchmaker-policy.yaml");
const route = ["spec", "routes", 0] as const;

export const MATCHMAKING_POLICIES = {
  whole: matchmaking,
  /** Whoever is next in turn, whatever that one has to do. */
  inTurn: variant(matchmaking, [
    [["spec", "loadBalancing", "policy"], "RoundRobin"],
    [[...route, "rateLimit"], undefined],
    [[...route, "mirror"], undefined],
  ]),
  /** Whoever asks gets as much as there is. */
  unlimited: variant(matchmaking, [
    [[...route, "rateLimit"], undefined],
    [[...route, "mirror"], undefined],
  ]),
  /** Tried on players: one in four gets the next version's answer. */
  tried: variant(matchmaking, [
    [[...route, "mirror"], undefined],
    [
      [...route, "split"],
      [
        { subset: "current", weight: 75 },
        { subset: "next", weight: 25 },
      ],
    ],
  ]),
} as const;

export const lobbyPolicy = read("lobby-policy.yaml");

/** The second lobby of the region. */
export const secondLobby = read("lobby-west-2.yaml");

export const gamePolicy = read("game-policy.yaml");

/** The third game server of the region. */
export const thirdServer = read("game-west-3.yaml");

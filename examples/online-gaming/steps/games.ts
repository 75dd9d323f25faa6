/** Games by UDP: a player's session stays with its server, whatever comes and goes. */
import { quantile } from "../../harness/statistics.ts";
import { sleep, until } from "../../harness/wait.ts";
import { joinGame, type Player } from "../apps/player.ts";
import { type Match, playersOf, startMatch } from "../match.ts";
import { gamePolicy, MATCHMAKING_POLICIES, thirdServer } from "../policy.ts";
import { type Arena, GAME, GAME_DIRECT } from "../system.ts";

const PLAYERS = 40;
const CLUSTER = "outbound|7777/udp||game";
const ROUND_TRIPS = 300;

export async function games(arena: Arena): Promise<void> {
  const { report, apps } = arena;
  report.heading(`${PLAYERS} players in games, by UDP, 20 datagrams a second each`);
  const strangers = startMatch("stranger", PLAYERS);
  await strangers.settled();
  strangers.leave();
  const without = playersOf(strangers, "game-east").length;
  await change(arena, "game-policy.yaml", gamePolicy);
  const match = startMatch("player", PLAYERS);
  await match.settled();
  report.row({
    what: "players on the other region's server",
    expected: "about a third → none",
    measured: `${without} of ${PLAYERS} → ${playersOf(match, "game-east").length} of ${PLAYERS}`,
    ok: without > PLAYERS / 6 && playersOf(match, "game-east").length === 0,
  });
  await change(arena, "game-west-3.yaml", thirdServer);
  await arena.apply("matchmaker-policy.yaml", MATCHMAKING_POLICIES.tried);
  await sleep(arena.lasting(3000));
  const late = startMatch("late", PLAYERS);
  await late.settled();
  await match.stop();
  const serversOf = ({ name }: Player): number =>
    Object.values(apps.games).filter(({ heard }) => heard.has(name)).length;
  const stayed = match.players.filter((player) => serversOf(player) === 1).length;
  report.row({
    what: "a server joins: players that one server heard",
    expected: "all",
    measured: `${stayed} of ${PLAYERS}`,
    ok: stayed === PLAYERS,
  });
  report.row({
    what: "their datagrams that are answered",
    expected: "all",
    measured: answeredOf(match),
    ok: match.players.every(({ sent, answered }) => answered === sent && sent > 0),
  });
  const [moving, staying] = [
    playersOf(late, "game-west-3"),
    late.players.filter(({ servers: [s] }) => s !== "game-west-3"),
  ];
  report.row({
    what: "who joins now plays on the new server, too",
    expected: "about a third",
    measured: `${moving.length} of ${PLAYERS}`,
    ok: moving.length > PLAYERS / 6 && moving.length < PLAYERS / 2,
  });
  await change(arena, "game-west-3.yaml", "# gone\n");
  await late.settled();
  await until("nobody plays on the server that is gone", 5000, () => playersOf(late, "game-west-3").length === 0);
  const moved = staying.filter((player) => player.servers.length > 1);
  report.row({
    what: "it goes again: players that change servers",
    expected: "its own, and no other",
    measured: `${late.players.filter((player) => player.servers.length > 1).length}: its ${moving.length}, ${moved.length} others`,
    ok: moved.length === 0 && moving.every((player) => player.servers.length === 2),
  });
  match.leave();
  late.leave();
  await hop(arena);
}

/** What a datagram's way through the sidecar costs. For information: how long it takes says as much about the machine. */
async function hop({ report }: Arena): Promise<void> {
  const direct = await pingPong(joinGame({ ...GAME_DIRECT, name: "direct" }));
  const through = await pingPong(joinGame({ ...GAME, name: "through" }));
  const told = (q: number): string =>
    `p${q * 100} ${quantile(direct.took, q).toFixed(2)} → ${quantile(through.took, q).toFixed(2)} ms`;
  report.row({
    what: "there and back: direct → through the sidecar",
    expected: `all ${ROUND_TRIPS} answered`,
    measured: `${told(0.5)}, ${told(0.99)}`,
    ok: direct.answered === ROUND_TRIPS && through.answered === ROUND_TRIPS,
  });
}

async function pingPong(player: Player): Promise<Player> {
  for (let n = 1; n <= ROUND_TRIPS; n++) {
    player.send();
    await until("a datagram is answered", 2000, () => player.answered === n, 1);
  }
  player.leave();
  return player;
}

/** Saves a manifest that concerns the game alone, and waits until the edge's sidecar has other endpoints of it. */
async function change(arena: Arena, file: string, text: string): Promise<void> {
  const endpoints = async (): Promise<string> =>
    (await arena.adminOf("edge.games", "/clusters"))
      .split("\n")
      .filter((line) => line.startsWith(CLUSTER) && /::(?:priority|weight|health_flags)::/.test(line))
      .join("\n");
  const before = await endpoints();
  arena.mesh.write(file, text);
  await until(`the sidecar knows ${file}`, 10_000, async () => (await endpoints()) !== before);
}

function answeredOf({ players }: Match): string {
  const sum = (of: (player: Player) => number): number => players.reduce((total, player) => total + of(player), 0);
  return `${sum(({ answered }) => answered)} of ${sum(({ sent }) => sent)}`;
}

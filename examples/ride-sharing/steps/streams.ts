/** Drivers' WebSockets and gRPC streams, while policies change under them. */
import { sleep, until } from "../../harness/wait.ts";
import { type Drivers, startDrivers } from "../apps/drivers.ts";
import { canary, tries } from "../policy.ts";
import { OUTBOUND, type Rides } from "../system.ts";

/** Drivers of each kind. */
const DRIVERS = 40;
const CHANGES = 10;

export async function streams(rides: Rides): Promise<void> {
  const { report, apps } = rides;
  report.heading(`${2 * DRIVERS} drivers' streams: by WebSocket and by gRPC`);
  await rides.apply("location-policy.yaml", tries(3));
  const drivers = startDrivers({
    count: DRIVERS,
    host: "location",
    grpcPort: 9090,
    via: `${OUTBOUND.address}:${OUTBOUND.port}`,
  });
  try {
    await until("every driver is connected", 10_000, () => drivers.open === 2 * DRIVERS);
    const opened = apps.location.west.opened + apps.location.east.opened;
    for (let change = 0; change < CHANGES; change++) {
      await rides.apply("pricing-policy.yaml", canary(10 + change));
      await rides.apply("location-policy.yaml", tries(change % 2 === 0 ? 2 : 3));
      await sleep(rides.lasting(100));
    }
    const before = drivers.confirmed;
    await until("every stream still moves", 10_000, () => drivers.confirmed >= before + 4 * DRIVERS);
    const again = apps.location.west.opened + apps.location.east.opened - opened;
    report.row({
      what: `open streams after ${2 * CHANGES} changes of policies`,
      expected: `${2 * DRIVERS}, none opened anew`,
      measured: `${openAt(rides)} at the servers, ${again} anew, ${drivers.lost} lost`,
      ok: openAt(rides) === 2 * DRIVERS && drivers.lost === 0 && again === 0,
    });
    report.row(await drained(rides, drivers));
    report.row({
      what: "drivers' region",
      expected: "west, their own",
      measured: `${apps.location.west.sockets + apps.location.west.streams} west, ${apps.location.east.sockets + apps.location.east.streams} east`,
      ok: apps.location.east.sockets + apps.location.east.streams === 0,
    });
  } finally {
    drivers.close();
  }
}

const openAt = ({ apps: { location } }: Rides): number =>
  Object.values(location).reduce((sum, { sockets, streams: grpc }) => sum + sockets + grpc, 0);

/** No connection was drained, which is what a changed listener would do; and positions were confirmed all the while. */
async function drained(rides: Rides, { sent, confirmed }: Drivers) {
  const text = await rides.adminOf("gateway.rides", "/stats?filter=downstream_cx_drain_close");
  const counts = text.split("\n").flatMap((line) => (line === "" ? [] : [Number(line.split(": ")[1])]));
  const drains = counts.reduce((a, b) => a + b, 0);
  return {
    what: "connections drained; positions confirmed",
    expected: "0; all but those on the way",
    measured: `${drains}; ${confirmed} of ${sent}`,
    ok: counts.length > 0 && drains === 0 && confirmed >= sent - 2 * DRIVERS,
  };
}

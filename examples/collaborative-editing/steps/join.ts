/** One more server: its share of the documents moves to it, and no other does. */
import { type Crowd, placesOf } from "../crowd.ts";
import { joined } from "../policy.ts";
import type { Office } from "../system.ts";

const NEW = "documents-4";

export async function join(office: Office, crowd: Crowd): Promise<void> {
  const { report, apps } = office;
  report.heading("A fourth server joins");
  const [before, moves, dropped] = [placesOf(crowd), apps.library.moves, droppedBy(crowd)];
  await office.apply(`${NEW}.yaml`, joined);
  report.row({
    what: "open sessions at the change itself",
    expected: "none ends",
    measured: `${droppedBy(crowd) - dropped} of ${crowd.editors.length} ended`,
    ok: droppedBy(crowd) === dropped,
  });
  await crowd.reconnectAll();
  await crowd.settled();
  const after = placesOf(crowd);
  const moved = [...after].filter(([document, place]) => place?.server !== before.get(document)?.server);
  const elsewhere = moved.filter(([, place]) => place?.server !== NEW);
  report.row({
    what: "documents that move as pages are reloaded",
    expected: "about 1/4, most to the new one",
    measured: `${moved.length} of ${after.size}, ${elsewhere.length} elsewhere`,
    ok: moved.length > after.size / 10 && moved.length < after.size / 2 && elsewhere.length < moved.length / 2,
  });
  report.row({
    what: "documents taken out of somebody's hands",
    expected: "no more than move",
    measured: String(apps.library.moves - moves),
    ok: apps.library.moves - moves <= moved.length,
  });
}

export function droppedBy({ editors }: Crowd): number {
  return editors.reduce((sum, { dropped }) => sum + dropped, 0);
}

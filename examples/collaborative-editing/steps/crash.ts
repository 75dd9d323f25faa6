/** A server dies with its sidecar: its documents go on elsewhere, all others do not notice. */
import { until } from "../../harness/wait.ts";
import { type Crowd, placesOf } from "../crowd.ts";
import { EDITORS, type Office } from "../system.ts";
import { droppedBy } from "./join.ts";

const VICTIM = "documents-2";

export async function crash(office: Office, crowd: Crowd): Promise<void> {
  const { report, apps, sidecars } = office;
  report.heading("A server dies");
  const before = placesOf(crowd);
  const its = new Set([...before].flatMap(([document, place]) => (place?.server === VICTIM ? [document] : [])));
  const theirs = crowd.editors.filter(({ document }) => !its.has(document));
  const [dropped, others] = [droppedBy(crowd), theirs.reduce((sum, editor) => sum + editor.dropped, 0)];
  const [id, died] = [`${VICTIM}.office`, performance.now()];
  await Promise.all([sidecars.get(id)!.kill(), apps.servers.find(({ server }) => server === VICTIM)!.close()]);
  await until("its editors are elsewhere", 15_000, () =>
    crowd.editors.every(({ at }) => at !== undefined && at.server !== VICTIM),
  );
  const seconds = (performance.now() - died) / 1000;
  await crowd.settled();
  const after = placesOf(crowd);
  const moved = [...after].filter(([document, place]) => place?.server !== before.get(document)?.server);
  const strays = moved.filter(([document, place]) => !its.has(document) || place === undefined);
  report.row({
    what: "documents that move",
    expected: `its ${its.size}, whole; no other`,
    measured: `${moved.length} of ${after.size}; ${strays.length} others or split`,
    ok: its.size > 0 && moved.length === its.size && strays.length === 0,
  });
  const cut = theirs.reduce((sum, editor) => sum + editor.dropped, 0) - others;
  report.row({
    what: "sessions that end",
    expected: `its ${its.size * EDITORS}; none of the others`,
    measured: `${droppedBy(crowd) - dropped - cut}; ${cut}; all back in ${seconds.toFixed(1)} s`,
    ok: cut === 0,
  });
}

/** Version 2 for a share of the documents, and never for a part of one. */
import { fitsShare } from "../../harness/statistics.ts";
import { sleep } from "../../harness/wait.ts";
import { type Crowd, neverApart, placesOf } from "../crowd.ts";
import { bySession, policy, rollOut } from "../policy.ts";
import { type Office, POLICY } from "../system.ts";
import { FEW } from "./together.ts";

export async function rollOutByDocument(office: Office, crowd: Crowd): Promise<void> {
  const { report } = office;
  report.heading("Version 2 for 10 %, then for 50 % of the documents");
  let before: ReadonlySet<string> = new Set();
  for (const percent of [10, 50]) {
    await office.apply(POLICY, rollOut(percent));
    await crowd.reconnectAll();
    await crowd.settled();
    const places = [...placesOf(crowd)];
    const split = places.filter(([, place]) => place === undefined).length;
    const v2 = new Set(places.flatMap(([document, place]) => (place?.version === "v2" ? [document] : [])));
    const back = [...before].filter((document) => !v2.has(document)).length;
    report.row({
      what: `${percent} %: with v2; split; gone back to v1`,
      expected: `about ${Math.round((places.length * percent) / 100)}; none; none`,
      measured: `${v2.size} of ${places.length}; ${split}; ${back}`,
      ok: fitsShare(v2.size, places.length, percent / 100) && split === 0 && back === 0,
    });
    before = v2;
  }
}

export async function rollOutBySession(office: Office): Promise<void> {
  const { report, apps } = office;
  report.heading("Version 2 for half of the sessions, whatever their document");
  await office.apply(POLICY, bySession);
  const crowd = apps.crowd({ documents: FEW, typing: 0 });
  await sleep(office.lasting(3000));
  crowd.close();
  const whole = neverApart(crowd, "version");
  report.row({
    what: "without `sticky`: documents of one version",
    expected: "few",
    measured: `${whole} of ${FEW}`,
    ok: whole < FEW / 2,
  });
  await office.apply(POLICY, policy);
}

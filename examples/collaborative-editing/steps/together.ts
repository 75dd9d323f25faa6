/** All editors of a document on one server: without the policy, and with it. */
import { sleep } from "../../harness/wait.ts";
import { type Crowd, neverApart } from "../crowd.ts";
import { policy } from "../policy.ts";
import { type Office, POLICY } from "../system.ts";

/** Documents of the control runs. */
export const FEW = 30;

export async function control(office: Office): Promise<void> {
  const { report, apps } = office;
  report.heading("Editors find each other: by chance, and by their document");
  const crowd = apps.crowd({ documents: FEW, typing: 0 });
  await sleep(office.lasting(3000));
  crowd.close();
  const together = neverApart(crowd, "server");
  report.row({
    what: "without the policy: documents on one server",
    expected: "few, they are taken to and fro",
    measured: `${together} of ${FEW}; taken ${apps.library.moves} times`,
    ok: together < FEW / 2 && apps.library.moves > FEW,
  });
  await office.apply(POLICY, policy);
}

export async function together(office: Office, crowd: Crowd): Promise<void> {
  const { report, apps } = office;
  const before = apps.library.moves;
  await crowd.settled();
  await sleep(office.lasting(3000));
  const documents = crowd.documents.size;
  const met = neverApart(crowd, "server");
  const moves = apps.library.moves - before;
  report.row({
    what: "with it, by way of two sidecars",
    expected: `all ${documents}; never taken`,
    measured: `${met} of ${documents}; taken ${moves} times`,
    ok: met === documents && moves === 0,
  });
  const spread = apps.servers.slice(0, 3).map(({ editors }) => editors.size);
  report.row({
    what: "documents of the three servers",
    expected: "a good part each",
    measured: spread.join(", "),
    ok: spread.every((size) => size > documents / 6),
  });
}

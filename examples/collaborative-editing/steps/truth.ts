/** After all that: what was typed is there, once, and the same for everybody. */
import { until } from "../../harness/wait.ts";
import type { Crowd } from "../crowd.ts";
import { addressOf, EDITORS, type Office } from "../system.ts";

export async function truth(office: Office, crowd: Crowd): Promise<void> {
  const { report } = office;
  report.heading("The texts, at the end");
  report.row(await metrics(office, crowd));
  crowd.stopTyping();
  const documents = [...crowd.documents.values()];
  const equal = (): number =>
    documents.filter((editors) => editors.every(({ text }) => text === editors[0]?.text)).length;
  await until("texts are equal", 10_000, () => equal() === documents.length).catch(() => undefined);
  report.row({
    what: "documents with one text for all editors",
    expected: `all ${documents.length}`,
    measured: `${equal()} of ${documents.length}`,
    ok: equal() === documents.length,
  });
  const length = documents.reduce((sum, [first]) => sum + (first?.text.length ?? 0), 0);
  report.row({
    what: "characters typed; in the texts",
    expected: "all of them, once",
    measured: `${crowd.typed}; ${length}`,
    ok: length === crowd.typed && crowd.typed > 0,
  });
}

/** What Prometheus would read at the servers. */
async function metrics({ apps }: Office, crowd: Crowd) {
  const living = apps.servers.filter(({ server }) => crowd.editors.some(({ at }) => at?.server === server));
  const texts = await Promise.all(
    living.map(async ({ server }) => (await fetch(`http://${addressOf(server)}:8080/metrics`)).text()),
  );
  const samples = texts
    .flatMap((text) => [...text.matchAll(/^editors\{document="([^"]+)"\} (\d+)$/gm)])
    .filter(([, , editors]) => editors !== "0");
  const whole = samples.filter(
    ([, document, editors]) => crowd.documents.has(document!) && Number(editors) === EDITORS,
  );
  return {
    what: 'Prometheus: editors{document="…"}',
    expected: `${EDITORS}, at one server`,
    measured: `${whole.length} of ${crowd.documents.size} documents, ${samples.length} samples`,
    ok: whole.length === crowd.documents.size && samples.length === whole.length,
  };
}

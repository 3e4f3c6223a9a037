/** No report and no output of a run has a secret in any spelling (I1), whatever errors and consoles say. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { LINE_CHARACTERS, LineTail } from "../../tools/hil/line-tail.ts";
import { LockBench } from "../../tools/hil/lock-bench.ts";
import { Redactor } from "../../tools/hil/redactor.ts";
import { writeReports } from "../../tools/hil/report-files.ts";
import { runScenarios } from "../../tools/hil/run.ts";
import type { Scenario } from "../../tools/hil/scenario.ts";
import { PAIR } from "../../tools/hil/scenarios/pair.ts";
import { WIFI_LOSS } from "../../tools/hil/scenarios/wifi-loss.ts";
import { VirtualDriver } from "../../tools/hil/virtual-driver.ts";
import { SecretSearch, spellingsOf } from "../factory/secret-search.ts";
import { check, type Suite } from "../harness/test.ts";
import { withPlace } from "./hil-command.ts";

/** Says every secret, in an error's text and in the name of a step, as programs would spell it. */
function telltale(bench: () => LockBench): Scenario {
	const said = (): string =>
		[...bench().secrets.values()]
			.flatMap((secret) => {
				const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : secret;
				const spelt = spellingsOf(bytes).slice(1);
				return [
					...(typeof secret === "string" ? [secret] : []),
					...spelt.map((each) => new TextDecoder().decode(each)),
				];
			})
			.join(" ");
	return {
		name: "telltale",
		shows: "that nothing is told",
		needs: [],
		run: async (stage) => {
			await stage.step(`a step about ${said()}`, async () => undefined);
			throw new Error(`the lock said ${said()}`);
		},
	};
}

export default function suite(t: Suite): void {
	t.test(
		"a run that pairs, sets a Wi-Fi and fails with everything that it knows leaves no secret in report or output (I1)",
		({ note }) =>
			withPlace(async ({ at }) => {
				const printed: string[] = [];
				const driver = new VirtualDriver(at("lock"));
				let bench: LockBench | undefined;
				try {
					bench = await LockBench.open({
						dir: at("bench"),
						driver,
						listen: { host: "127.0.0.1", port: 0 },
						hardwareClass: "latchkey-linux",
					});
					const report = await runScenarios({
						driver,
						bench,
						scenarios: [PAIR, WIFI_LOSS, telltale(() => bench!)],
						records: at("records"),
						say: (line) => void printed.push(line),
					});
					writeReports(at("report"), report);
					check.deepEqual(
						report.scenarios.map(({ outcome }) => outcome),
						["passed", "passed", "failed"],
						JSON.stringify(report.scenarios.map(({ reason }) => reason)),
					);
					check.ok(report.scenarios[2]!.reason.includes("[secret]"));
					check.ok(report.scenarios[2]!.log.length > 0);
				} finally {
					await driver.close();
					await bench?.close();
				}
				const search = new SecretSearch();
				for (const [name, secret] of bench.secrets)
					search.add(name, typeof secret === "string" ? new TextEncoder().encode(secret) : secret);
				const names = [...bench.secrets.keys()];
				for (const name of [
					"the setup secret",
					"the label",
					"the phone's Noise key",
					"the Wi-Fi passphrase",
					`the advertising key of ${bench.label.serial}`,
				])
					check.ok(names.includes(name), `${names}`);
				const files = readdirSync(at("report"));
				check.deepEqual([...files].sort(), ["junit.xml", "report.html", "report.json"]);
				for (const file of files)
					check.deepEqual(search.findIn(readFileSync(join(at("report"), file))), [], file);
				check.deepEqual(search.findIn(Buffer.from(printed.join("\n"))), [], "what was printed");
				// The search finds what is there.
				check.ok(search.findIn(Buffer.from(bench.label.setupSecret)).length > 0);
				note(`${search.spellings} spellings, ${search.bytes} bytes`);
			}),
	);

	t.test("a secret is taken out in every spelling, and the longest goes first (I1)", ({ random }) => {
		const secret = random.bytes(16);
		const redactor = new Redactor([secret, "correct horse", "correct horse battery"]);
		for (const spelling of spellingsOf(secret).slice(1)) {
			const text = new TextDecoder().decode(spelling);
			check.equal(redactor.clean(`<${text}>`), "<[secret]>", text);
		}
		const words = new TextEncoder().encode("correct horse battery");
		for (const spelling of spellingsOf(words)) {
			const text = new TextDecoder().decode(spelling);
			check.equal(redactor.clean(`<${text}>`), "<[secret]>", text);
		}
		check.equal(redactor.clean("correct%20horse%20battery"), "[secret]");
		check.equal(redactor.clean(Array.from(secret).join(", ")), "[secret]");
		check.equal(redactor.clean("correct horse battery staple"), "[secret] staple");
		check.equal(redactor.clean("nothing of it"), "nothing of it");
	});

	t.test("a text that was cut off in the middle of a secret has no beginning of it (I1)", ({ random }) => {
		const secret = random.bytes(32);
		const hex = Buffer.from(secret).toString("hex");
		const redactor = new Redactor([secret]);
		for (let into = 1; into < hex.length; into++) {
			const tail = new LineTail();
			tail.push(Buffer.from(`${"x".repeat(LINE_CHARACTERS - into)}${hex}\r\nnext ${hex}\n`));
			const shown = tail.lines.map((line) => redactor.short(line, LINE_CHARACTERS, LINE_CHARACTERS));
			check.equal(shown.length, 2);
			check.ok(/^x+$/.test(shown[0]!), shown[0]!.slice(-80));
			check.equal(shown[1], "next [secret]");
		}
		// A line without an end keeps its beginning: what comes after the bound is nobody's.
		const endless = new LineTail();
		for (const piece of [`begin ${"x".repeat(LINE_CHARACTERS)}`, hex.slice(0, 20), hex.slice(20), "\n"])
			endless.push(Buffer.from(piece));
		check.ok(/^begin x+$/.test(endless.lines[0]!));
		check.equal(redactor.short(`a ${hex} b`, 5), "a [se");
	});
}

/** What a run's report says, and what it never says: pulses, drawings, JUnit, HTML, proof, and whatever a lock puts into a text. */
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_BOLT } from "../../modules/lock/bolt-config.ts";
import { htmlOf } from "../../tools/hil/html-report.ts";
import { junitOf } from "../../tools/hil/junit.ts";
import { escapeMarkup } from "../../tools/hil/markup.ts";
import { isChip, isProven, isRecord, proofOf, proofText, provenScenarios } from "../../tools/hil/proof.ts";
import { isFine, isRight, PulseBook, seesPulses, toleranceUs } from "../../tools/hil/pulses.ts";
import {
	countOutcomes,
	decodeRunReport,
	encodeRunReport,
	isWhole,
	type RunReport,
	type ScenarioReport,
} from "../../tools/hil/run-report.ts";
import { everTogether, pulsesOf, Trace } from "../../tools/hil/trace.ts";
import { drawTrace } from "../../tools/hil/trace-drawing.ts";
import { check, type Suite } from "../harness/test.ts";
import { temporaryFolder } from "../tools/support/temporary.ts";

const EXACT_CLOCK = Object.freeze({ resolutionUs: 10, driftPpm: 50 });
const HOSTILE = `</td><script>alert(1)</script>" onload='x' & <b> ]]> \u0000\u0007\ud800 <!-- `;

function scenario(fields: Partial<ScenarioReport> = {}): ScenarioReport {
	return {
		name: "unlock",
		shows: "something",
		outcome: "passed",
		reason: "",
		tookMs: 12,
		steps: [{ text: "a step", ms: 3 }],
		edges: [
			{ role: "drive-retract", level: true, atUs: 1_000 },
			{ role: "drive-retract", level: false, atUs: 301_000 },
		],
		edgesCut: false,
		log: [],
		...fields,
	};
}

function report(fields: Partial<RunReport> = {}): RunReport {
	return {
		format: 1,
		driver: "rig",
		proof: "hardware",
		proven: false,
		board: "carrier-s3",
		firmware: "1.2.3",
		instrument: "pico (hardware)",
		resolutionUs: 10,
		driftPpm: 50,
		startedUnixMs: 1_700_000_000_000,
		notes: [],
		scenarios: [scenario()],
		pulses: [],
		...fields,
	};
}

/** Tags open and close in order, and no text has a bare sign of markup. */
function isWellFormed(text: string): boolean {
	const open: string[] = [];
	for (const [, closing, name, selfClosing] of text.matchAll(/<(\/?)([a-z0-9-]+)[^<>]*?(\/?)>/gi)) {
		if (closing === "/") {
			if (open.pop() !== name) return false;
		} else if (selfClosing !== "/") open.push(name!);
	}
	const rest = text.replace(/<[^<>]*>/g, "");
	return open.length === 0 && !/[<>]|&(?!(amp|lt|gt|quot|#39);)/.test(rest);
}

export default function suite(t: Suite): void {
	t.test(
		"a pulse is judged by its rule and by the instrument's own tolerance: a fifth too long is never right (T19)",
		() => {
			const { stallMs, brakeMs, travelMs } = DEFAULT_BOLT;
			for (const expectedMs of [stallMs, brakeMs, travelMs]) {
				const exactly = { name: "x", rule: "exactly", expectedMs } as const;
				const tolerance = toleranceUs(EXACT_CLOCK, expectedMs);
				check.ok(tolerance < 0.05 * expectedMs * 1_000, `${tolerance}`);
				for (const width of [-tolerance, 0, tolerance])
					check.ok(isRight(exactly, expectedMs * 1_000 + width, EXACT_CLOCK));
				for (const width of [-tolerance - 1, tolerance + 1, 200 * expectedMs, -200 * expectedMs])
					check.ok(!isRight(exactly, expectedMs * 1_000 + width, EXACT_CLOCK));
				const atMost = { name: "x", rule: "at most", expectedMs } as const;
				check.ok(isRight(atMost, 1, EXACT_CLOCK) && !isRight(atMost, 1_200 * expectedMs, EXACT_CLOCK));
			}
			// 2 ms of the lock's own, twice the resolution, and the clock's drift over the pulse.
			check.equal(toleranceUs({ resolutionUs: 100, driftPpm: 1_000 }, 1_000), 2_000 + 200 + 1_000);
			// An instrument that tells a brake from none has eyes; one at a chip must be better than that.
			const clock = (resolutionUs: number) => ({ resolutionUs, driftPpm: 0 });
			check.deepEqual(
				[40_000, 49_000, 1_000_000].map((us) => seesPulses(clock(us))),
				[true, false, false],
			);
			check.deepEqual(
				[100, 11_000, 12_000, 40_000].map((us) => isFine(clock(us))),
				[true, true, false, false],
			);
		},
	);

	t.test("the table has least, median and most of each kind, and one wrong pulse makes its row wrong", () => {
		const book = new PulseBook(EXACT_CLOCK);
		const kind = { name: "brake", rule: "exactly", expectedMs: 100 } as const;
		for (const width of [101_000, 99_000, 100_000, 100_500]) check.ok(book.add(kind, width));
		check.ok(!book.add({ ...kind, name: "other" }, 120_000));
		const [brake, other] = book.rows;
		check.deepEqual(
			[brake!.minUs, brake!.medianUs, brake!.maxUs, brake!.count],
			[99_000, 100_250, 101_000, 4],
		);
		check.deepEqual([brake!.ok, other!.ok], [true, false]);
	});

	t.test("pulses are what edges make, in order; what has not ended has no end, and bounce is none", () => {
		const trace = new Trace();
		for (const [level, atUs] of [
			[false, 1],
			[true, 10],
			[true, 12],
			[false, 20],
			[true, 30],
		] as const)
			trace.record("brake", level, atUs);
		check.deepEqual(pulsesOf(trace.edges, "brake"), [
			{ fromUs: 10, toUs: 20 },
			{ fromUs: 30, toUs: undefined },
		]);
		check.deepEqual(pulsesOf(trace.edges, "indicator"), []);
		trace.record("drive-throw", true, 31);
		check.ok(everTogether(trace.edges, "drive-throw", "brake"));
		check.ok(!everTogether(trace.edges, "drive-throw", "drive-retract"));
		// What was high before the first edge has no edge that says so.
		check.ok(everTogether(trace.edges, "drive-throw", "drive-retract", new Set(["drive-retract"] as const)));
		check.ok(
			everTogether([], "drive-throw", "drive-retract", new Set(["drive-retract", "drive-throw"] as const)),
		);
		trace.clear();
		check.deepEqual([...trace.highAtStart].sort(), ["brake", "drive-throw"]);
		trace.record("brake", false, 40);
		check.deepEqual(
			[[...trace.highAt(0)].sort(), [...trace.highAt(1)]],
			[["brake", "drive-throw"], ["drive-throw"]],
		);
		for (let count = 0; count < 10_000; count++) trace.record("exit", count % 2 === 0, 100 + count);
		check.ok(trace.isCut && trace.edges.length <= 4_096);
	});

	t.test(
		"what was not possible, or was skipped, is never counted as passed, and makes a run not whole",
		() => {
			const scenarios = [
				scenario(),
				scenario({ outcome: "not-possible", reason: "no eyes" }),
				scenario({ outcome: "skipped", reason: "not paired" }),
			];
			check.deepEqual(countOutcomes(scenarios), { passed: 1, failed: 0, "not-possible": 1, skipped: 1 });
			check.ok(!isWhole(scenarios) && !isWhole([]) && isWhole(scenarios.slice(0, 1)));
			check.ok(!isWhole([scenario(), scenario({ outcome: "failed" })]));
			const junit = junitOf(report({ scenarios }));
			check.ok(junit.includes('tests="3" failures="0" skipped="2"'), junit);
			check.equal((junit.match(/<skipped message=/g) ?? []).length, 2);
			const html = htmlOf(report({ scenarios }));
			check.ok(html.includes("1 passed, 0 failed, 1 not possible, 1 skipped"), html);
		},
	);

	t.test("nothing that a lock or a rig says becomes markup in HTML, JUnit or a drawing (T15)", () => {
		const hostile = report({
			board: HOSTILE,
			firmware: HOSTILE,
			instrument: HOSTILE,
			notes: [HOSTILE],
			scenarios: [
				scenario({
					name: HOSTILE,
					shows: HOSTILE,
					outcome: "failed",
					reason: HOSTILE,
					steps: [{ text: HOSTILE, ms: 1 }],
					log: [HOSTILE],
				}),
			],
			pulses: new PulseBook(EXACT_CLOCK).rows,
		});
		for (const text of [htmlOf(hostile), junitOf(hostile)]) {
			check.ok(!/<script|<b>|onload='/i.test(text), text);
			for (const unit of ["\u0000", "\u0007", "\ud800"]) check.ok(!text.includes(unit));
		}
		check.ok(isWellFormed(junitOf(hostile).replace(/^<\?.*\?>\n/, "")), junitOf(hostile));
		const html = htmlOf(report()).replace(/<style>.*<\/style>/, "");
		check.ok(isWellFormed(html.replace(/^<!DOCTYPE html>/, "").replaceAll(/<meta [^>]*>/g, "")), html);
		check.ok(!/<script|javascript:|https?:\/\/(?!www\.w3\.org\/2000\/svg)/i.test(html), html);
		check.equal(escapeMarkup(`<&>"'`), "&lt;&amp;&gt;&quot;&#39;");
	});

	t.test("a drawing has a row for each role and a step at each edge", () => {
		const svg = drawTrace([
			{ role: "power", level: true, atUs: 0 },
			{ role: "drive-throw", level: true, atUs: 500_000 },
			{ role: "drive-throw", level: false, atUs: 1_000_000 },
		]);
		check.ok(isWellFormed(svg), svg);
		for (const role of ["power", "drive-throw"]) check.ok(svg.includes(`>${role}</text>`));
		// Half of the width, and all of it: 110 + 380 and 110 + 760.
		check.ok(/H490\.00V\d+H870\.00V\d+H870/.test(svg), svg);
		check.equal(drawTrace([]), "");
	});

	t.test(
		"only a chip behind an instrument that says hardware is hardware; the virtual driver is always virtual",
		() => {
			const said = (target: "hardware" | "virtual" | "none") => ({ target, name: "x" });
			check.equal(proofOf("rig", true, said("hardware")), "hardware");
			check.equal(proofOf("rig", true, said("virtual")), "emulated");
			check.equal(proofOf("rig", false, said("hardware")), "emulated");
			check.equal(proofOf("kit", true, said("none")), "hardware");
			check.equal(proofOf("kit", false, said("none")), "emulated");
			check.equal(proofOf("virtual", true, said("hardware")), "virtual");
			check.ok(isChip("carrier-s3") && isChip("esp32c3-devkit"));
			for (const board of ["linux", "esp32c3-emulated", "", "../boards/carrier-s3", "carrier-s4"])
				check.ok(!isChip(board), board);
			check.equal(proofText(report()), "hardware, unproven");
			check.equal(proofText(report({ proven: true })), "hardware");
			check.equal(proofText(report({ proof: "emulated" })), "emulated, unproven");
			check.equal(proofText(report({ driver: "virtual", proof: "virtual" })), "virtual");
		},
	);

	t.test(
		"only whole runs of this driver on hardware, on record, prove scenarios, and a run is proven by all of its own",
		() => {
			const folder = temporaryFolder();
			const names = (driver: "rig" | "kit" | "virtual"): readonly string[] => [
				...provenScenarios(driver, folder),
			];
			check.equal(provenScenarios("rig", join(folder, "absent")).size, 0);
			check.deepEqual(names("rig"), []);
			const put = (name: string, text: string): void => writeFileSync(join(folder, name), text);
			put("1.json", "no report");
			put("2.json", encodeRunReport(report({ proof: "emulated", proven: true })));
			put("3.json", encodeRunReport(report({ driver: "kit" })));
			put(
				"4.json",
				encodeRunReport(report({ scenarios: [scenario(), scenario({ outcome: "not-possible" })] })),
			);
			put("5.json", encodeRunReport(report({ scenarios: [] })));
			put("6.txt", encodeRunReport(report()));
			mkdirSync(join(folder, "deeper"));
			writeFileSync(join(folder, "deeper", "7.json"), encodeRunReport(report()));
			// What only looks like a file costs nobody a report.
			mkdirSync(join(folder, "folder.json"));
			symlinkSync(join(folder, "nowhere"), join(folder, "link.json"));
			check.deepEqual([names("rig"), names("kit"), names("virtual")], [[], ["unlock"], []]);
			check.ok(isRecord(report(), "rig"));
			put("8.json", encodeRunReport(report()));
			put("9.json", encodeRunReport(report({ scenarios: [scenario({ name: "jam" })] })));
			check.deepEqual([...names("rig")].sort(), ["jam", "unlock"]);
			const proven = provenScenarios("rig", folder);
			check.ok(isProven(["jam"], proven) && isProven(["unlock", "jam"], proven));
			check.ok(!isProven(["unlock", "jam", "trust-drill"], proven) && !isProven([], proven));
			// A folder that is none.
			check.equal(provenScenarios("rig", join(folder, "6.txt")).size, 0);
		},
	);

	t.test("a report is read as it was written, and one of another form is refused", () => {
		const whole = report({ pulses: new PulseBook(EXACT_CLOCK).rows, notes: ["a note"] });
		const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
		check.deepEqual(check.accepted(decodeRunReport(bytes(whole))), whole);
		for (const [key, value] of [
			["format", 2],
			["driver", "oven"],
			["proof", "certain"],
			["proven", 1],
			["scenarios", {}],
			["scenarios", [{}]],
			["startedUnixMs", -1],
			["board", 7],
			["board", "x".repeat(5_000)],
		] as const)
			check.refused(decodeRunReport(bytes({ ...whole, [key]: value })), "malformed", key);
	});
}

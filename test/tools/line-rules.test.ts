/** The rules of a factory line, as pure functions: every state with every event, every standing with everything a board can say. */

import { LINE_STAGES, type LineStage } from "../../modules/wire/line-verb.ts";
import {
	burnedFuse,
	closedFlaw,
	type Fuse,
	flawOfPlan,
	isEncrypted,
	standingOf,
} from "../../tools/factory/line/fuses.ts";
import {
	judgeBegun,
	judgeBlank,
	type Seen,
	type Standing,
	type Told,
	type Verdict,
} from "../../tools/factory/line/resume.ts";
import {
	ATTEMPTS,
	INITIAL,
	type StationEvent,
	type StationState,
	step,
} from "../../tools/factory/line/station-state.ts";
import { isBefore, STEPS, stepAfter } from "../../tools/factory/line/steps.ts";
import { check, type Suite } from "../harness/test.ts";

const EVENTS: readonly StationEvent[] = [
	{ kind: "nothing" },
	{ kind: "recognised", board: 1, step: "keys" },
	{ kind: "complete", board: 1 },
	{ kind: "refused", failure: "foreign-board" },
	{ kind: "done" },
	{ kind: "failed", failure: "no-answer", transient: true },
	{ kind: "failed", failure: "proof", transient: false, detail: "why" },
	{ kind: "here" },
	{ kind: "gone" },
	{ kind: "stopped" },
];

const STATES: readonly StationState[] = [
	{ kind: "looking" },
	{ kind: "looking", tried: { board: 1, step: "keys", failures: 2 } },
	...STEPS.map((each) => ({ kind: "working", board: 1, step: each, failures: 0, startedMs: 5 }) as const),
	{ kind: "working", board: 1, step: "sign", failures: ATTEMPTS - 1, startedMs: 5 },
	{ kind: "holding" },
	{ kind: "ended" },
];

/** The effects whose end is the next event. */
const WAITED_FOR = ["look", "run", "watch"];

function standings(): Standing[] {
	const found: Standing[] = [];
	for (const state of ["open", "done", "scrapped"] as const)
		for (const next of STEPS)
			for (const begun of [false, true])
				for (const key of [undefined, "04aa"])
					for (const burned of ["no", "partly", "yes"] as const)
						for (const rework of [false, true])
							for (const written of [false, true])
								found.push({
									id: 1,
									state,
									next,
									begun,
									serial: "LK-1",
									publicKeyHex: key,
									burned,
									rework,
									written,
								});
	return found;
}

const SILENT_OR_BLANK: readonly [Told, Told] = [
	{ stage: "none" },
	{ stage: "blank", serial: undefined, publicKeyHex: undefined },
];

function seens(): Seen[] {
	const found: Seen[] = [];
	for (const woken of [false, true])
		for (const blank of [false, true])
			for (const confirmed of [false, true])
				for (const burn of [false, true]) found.push({ woken, blank, confirmed, burn });
	return found;
}

function keptGoing(verdict: Verdict): boolean {
	return verdict.kind === "continue" || verdict.kind === "complete";
}

export default function suite(t: Suite): void {
	t.test("every state answers every event with one thing to wait for, or ends", () => {
		for (const state of STATES) {
			for (const event of EVENTS) {
				for (const stopping of [false, true]) {
					const before = JSON.stringify(state);
					const after = step(state, event, 100, stopping);
					check.equal(JSON.stringify(state), before);
					const waits = after.effects.filter(({ kind }) => WAITED_FOR.includes(kind));
					check.equal(waits.length, after.state.kind === "ended" ? 0 : 1, `${before} ${event.kind}`);
					check.equal(after.effects.at(-1), waits[0], "it comes last");
				}
			}
		}
	});

	t.test("a board goes through all steps in their order and is then taken out, once", () => {
		let { state } = INITIAL;
		({ state } = step(state, { kind: "recognised", board: 9, step: STEPS[0] }, 0, false));
		const seen: string[] = [];
		for (let nowMs = 1; state.kind === "working"; nowMs++) {
			seen.push(state.step);
			const after = step(state, { kind: "done" }, nowMs, false);
			check.equal(after.effects[0]?.kind, "stepped");
			const out = after.effects.filter(({ kind }) => kind === "take-out").length;
			check.equal(out, stepAfter(state.step) === undefined ? 1 : 0);
			state = after.state;
		}
		check.deepEqual(seen, STEPS);
		check.equal(state.kind, "holding");
	});

	t.test(
		"what may pass by itself is tried again, so often and no more; anything else sets the board aside",
		() => {
			let { state } = step(INITIAL.state, { kind: "recognised", board: 1, step: "keys" }, 0, false);
			const failed = { kind: "failed", failure: "no-answer", transient: true } as const;
			for (let failures = 1; failures < ATTEMPTS; failures++) {
				state = step(state, failed, 1, false).state;
				check.equal(state.kind, "looking");
				state = step(state, { kind: "recognised", board: 1, step: "keys" }, 1, false).state;
			}
			const last = step(state, failed, 1, false);
			check.equal(last.state.kind, "holding");
			check.deepEqual(
				last.effects.map(({ kind }) => kind),
				["stumbled", "take-out", "watch"],
			);
			// Another step, or another board, begins to count anew.
			for (const other of [
				{ kind: "recognised", board: 1, step: "sign" },
				{ kind: "recognised", board: 2, step: "keys" },
			] as const) {
				const tried = { kind: "looking", tried: { board: 1, step: "keys", failures: ATTEMPTS - 1 } } as const;
				check.deepEqual(step(tried, other, 1, false).state, {
					kind: "working",
					board: other.board,
					step: other.step,
					failures: 0,
					startedMs: 1,
				});
			}
			const permanent = step(
				{ kind: "working", board: 1, step: "sign", failures: 0, startedMs: 0 },
				{ kind: "failed", failure: "proof", transient: false },
				1,
				false,
			);
			check.equal(permanent.state.kind, "holding");
		},
	);

	t.test(
		"a line that stops finishes what it works on, also after a failure that passes, and begins nothing",
		() => {
			const recognised = { kind: "recognised", board: 1, step: "keys" } as const;
			check.equal(step({ kind: "looking" }, recognised, 0, true).state.kind, "ended");
			const tried = { board: 1, step: "keys", failures: 1 } as const;
			check.equal(step({ kind: "looking", tried }, recognised, 0, true).state.kind, "working");
			const working = { kind: "working", board: 1, step: "keys", failures: 0, startedMs: 0 } as const;
			check.equal(step(working, { kind: "done" }, 0, true).state.kind, "working");
			check.equal(step({ kind: "holding" }, { kind: "here" }, 0, true).state.kind, "ended");
		},
	);

	t.test("a board goes on only as the one that the journal has, whatever it says (T6)", () => {
		let went = 0;
		for (const standing of standings()) {
			for (const stage of LINE_STAGES.slice(1) as LineStage[]) {
				for (const key of [undefined, "04aa", "04bb"]) {
					for (const burn of [false, true]) {
						const verdict = judgeBegun({ stage, serial: "LK-1", publicKeyHex: key }, standing, burn);
						const what = JSON.stringify([standing, stage, key, verdict]);
						if (standing.state === "scrapped") check.ok(!keptGoing(verdict), what);
						if (keptGoing(verdict)) {
							went++;
							if (standing.publicKeyHex !== undefined) check.equal(key, standing.publicKeyHex, what);
							else check.ok(verdict.kind === "continue" && verdict.step === "keys", what);
						}
						// Done is sealed, and only done is complete.
						if (verdict.kind === "complete") check.ok(standing.state === "done" && stage === "sealed", what);
						if (verdict.kind === "continue" && stage === "sealed")
							check.ok(verdict.step === "seal" && standing.begun && standing.next === "seal", what);
						// Nothing is left out: what the journal has not is done.
						if (verdict.kind === "continue") check.ok(!isBefore(standing.next, verdict.step), what);
						// A board without burned eFuses goes through no line that burns, done before or not.
						if (burn && standing.burned === "no") check.ok(!keptGoing(verdict), what);
					}
				}
			}
		}
		check.ok(went > 100);
		check.deepEqual(judgeBegun({ stage: "keyed", serial: "LK-9", publicKeyHex: "04aa" }, undefined, false), {
			kind: "refuse",
			failure: "foreign-board",
		});
	});

	t.test(
		"a board without an answer is erased only while no key of it is on record, and after it had its time; a serial that had a key is retired",
		() => {
			for (const standing of standings()) {
				for (const told of SILENT_OR_BLANK) {
					for (const seen of seens()) {
						const verdict = judgeBlank(told, standing, seen);
						const what = JSON.stringify([standing, told, seen, verdict]);
						const silent = told.stage === "none";
						const hasKeys = standing.publicKeyHex !== undefined || standing.state === "done";
						if (standing.state === "scrapped") {
							check.equal(verdict.kind, standing.rework ? "begin-anew" : "refuse", what);
						} else if (hasKeys) {
							if (silent) check.equal(verdict.kind, seen.woken ? "refuse" : "wake", what);
							if (!silent && (standing.state === "done" || standing.burned !== "no"))
								check.equal(verdict.kind, "refuse", what);
							if (verdict.kind === "begin-anew") check.equal(verdict.retire, standing.id, what);
						} else {
							check.ok(verdict.kind !== "begin-anew", what);
							if (silent && verdict.kind === "continue")
								check.ok(["write", "burn"].includes(verdict.step), what);
							// What runs is not erased because it is slow.
							if (silent && !seen.woken && standing.written && isBefore("start", standing.next))
								check.ok(verdict.kind === "wake" || standing.next === "burn", what);
							if (!standing.written && standing.burned === "no")
								check.ok(verdict.kind === "continue" && verdict.step === "write", what);
							if (!silent && standing.written && seen.burn && standing.burned === "no")
								check.ok(verdict.kind === "continue" && !isBefore("burn", verdict.step), what);
						}
						// The line's images never meet a burned eFuse.
						if (standing.burned !== "no")
							check.ok(verdict.kind !== "continue" || verdict.step !== "write", what);
					}
				}
			}
		},
	);

	t.test(
		"a chip that the journal does not know is begun when its flash is blank or its firmware says that it is; a silent one only after it had its time and somebody confirmed it",
		() => {
			const lost = { stage: "sealed", serial: undefined, publicKeyHex: undefined } as const;
			for (const seen of seens()) {
				check.deepEqual(judgeBlank(lost, undefined, seen), { kind: "refuse", failure: "foreign-board" });
				check.deepEqual(judgeBlank(SILENT_OR_BLANK[1], undefined, seen), { kind: "begin-anew" });
				const { kind } = judgeBlank(SILENT_OR_BLANK[0], undefined, seen);
				const waited = seen.confirmed ? "begin-anew" : "refuse";
				check.equal(kind, seen.blank ? "begin-anew" : seen.woken ? waited : "wake", JSON.stringify(seen));
			}
		},
	);

	t.test(
		"a plan of eFuses is one only in an order that can be carried out, of eFuses that a line may burn",
		() => {
			const digest: Fuse = {
				kind: "digest",
				block: "BLOCK_KEY0",
				purpose: "SECURE_BOOT_DIGEST0",
				file: "d",
				hex: "ab".repeat(32),
			};
			const field = (name: string, value = 1): Fuse => ({ kind: "field", name, value });
			const last = field("ENABLE_SECURITY_DOWNLOAD");
			const revoked = [field("SECURE_BOOT_KEY_REVOKE1"), field("SECURE_BOOT_KEY_REVOKE2")];
			const good = [digest, field("SECURE_BOOT_EN"), ...revoked, field("SOFT_DIS_JTAG", 7), last];
			for (const chip of ["ESP32-C3", "ESP32-C6", "ESP32-S3"]) check.equal(flawOfPlan(chip, good), undefined);
			check.equal(flawOfPlan("ESP8266", []), undefined);
			check.equal(flawOfPlan("ESP32", []), undefined);
			for (const [chip, plan, flaw] of [
				["ESP8266", [field("SECURE_BOOT_EN")], "no eFuses of ESP8266"],
				["ESP32", [field("ABS_DONE_1")], "cannot see what it burned"],
				["ESP32-C3", [field("SECURE_BOOT_EN")], "comes after a digest"],
				["ESP32-C3", [field("SPI_BOOT_CRYPT_CNT", 7)], "may not be burned"],
				["ESP32-C3", [field("WR_DIS")], "may not be burned"],
				["ESP32-C3", [field("toString")], "may not be burned"],
				["ESP32-C3", [field("SOFT_DIS_JTAG", 8)], "7 at most"],
				["ESP32-C3", [digest, digest], "there twice"],
				["ESP32-C3", [digest, { ...digest, block: "BLOCK_KEY1" }], "there twice"],
				["ESP32-C3", [{ ...digest, block: "BLOCK2" }], "no block"],
				// One closes the chip, and nothing comes behind it, another that closes least of all.
				["ESP32-C3", [...good, field("DIS_PAD_JTAG")], "behind which nothing"],
				["ESP32-C3", [...good, field("SECURE_BOOT_AGGRESSIVE_REVOKE")], "behind which nothing"],
				["ESP32-C3", [...good, field("DIS_DOWNLOAD_MODE")], "behind which nothing"],
				["ESP32-C3", [field("DIS_DOWNLOAD_MODE"), ...good], "DIS_DOWNLOAD_MODE may not be burned"],
				["ESP32-C3", [field("DIS_USB_SERIAL_JTAG_DOWNLOAD_MODE"), ...good], "may not be burned"],
				["ESP32-S3", [field("DIS_USB_OTG_DOWNLOAD_MODE"), ...good], "may not be burned"],
				["ESP32-C3", good.slice(0, -1), "ENABLE_SECURITY_DOWNLOAD is not in it"],
				["ESP32-C3", [digest, ...revoked, last], "SECURE_BOOT_EN is not in it"],
				// Its own key, before or behind it; and a place that anybody could fill.
				["ESP32-C3", [field("SECURE_BOOT_KEY_REVOKE0"), ...good], "revokes the plan's own"],
				[
					"ESP32-C3",
					[...good.slice(0, -1), field("SECURE_BOOT_KEY_REVOKE0"), last],
					"revokes the plan's own",
				],
				["ESP32-C3", [digest, field("SECURE_BOOT_EN"), revoked[0]!, last], "SECURE_BOOT_DIGEST2 is empty"],
			] as const) {
				const found = flawOfPlan(chip, plan);
				check.ok(found?.includes(flaw) === true, `${JSON.stringify(plan)}: ${found}`);
			}
		},
	);

	t.test(
		"a chip is new when no security eFuse is burned, and what cannot be read counts as burned (T14)",
		() => {
			const blank = new Map([
				["SPI_BOOT_CRYPT_CNT", "Disable"],
				["SECURE_BOOT_EN", "0"],
				["ENABLE_SECURITY_DOWNLOAD", "0"],
				["SOFT_DIS_JTAG", "0"],
				["BLOCK_KEY0", "00".repeat(32)],
				["KEY_PURPOSE_0", "USER"],
			]);
			check.equal(burnedFuse("ESP32-C3", blank), undefined);
			check.equal(burnedFuse("ESP32", new Map([["FLASH_CRYPT_CNT", "0"]])), undefined);
			check.equal(burnedFuse("ESP32", new Map([["ABS_DONE_1", "1"]])), "ABS_DONE_1");
			for (const [name, value] of [
				["SPI_BOOT_CRYPT_CNT", "Enable"],
				["SECURE_BOOT_EN", "1"],
				["ENABLE_SECURITY_DOWNLOAD", "1"],
				["SOFT_DIS_JTAG", "1"],
				["BLOCK_KEY0", "01".repeat(32)],
				["KEY_PURPOSE_0", "XTS_AES_128_KEY"],
				["SECURE_BOOT_KEY_REVOKE2", "1"],
			] as const)
				check.equal(burnedFuse("ESP32-C3", new Map([...blank, [name, value]])), name);
			for (const name of ["SPI_BOOT_CRYPT_CNT", "SECURE_BOOT_EN", "ENABLE_SECURITY_DOWNLOAD"]) {
				const less = new Map(blank);
				less.delete(name);
				check.equal(burnedFuse("ESP32-C3", less), name);
			}
		},
	);

	t.test("a closed chip is the plan's only when all that it still says is (T14)", () => {
		const plan: readonly Fuse[] = [
			{
				kind: "digest",
				block: "BLOCK_KEY0",
				purpose: "SECURE_BOOT_DIGEST0",
				file: "d",
				hex: "ab".repeat(32),
			},
			{ kind: "field", name: "SECURE_BOOT_EN", value: 1 },
			{ kind: "field", name: "SECURE_BOOT_KEY_REVOKE1", value: 1 },
			{ kind: "field", name: "SECURE_BOOT_KEY_REVOKE2", value: 1 },
			{ kind: "field", name: "SOFT_DIS_JTAG", value: 7 },
			{ kind: "field", name: "ENABLE_SECURITY_DOWNLOAD", value: 1 },
		];
		const told = new Map([
			["SECURE_BOOT_EN", "1"],
			["ENABLE_SECURITY_DOWNLOAD", "1"],
			["SECURE_BOOT_KEY_REVOKE0", "0"],
			["SECURE_BOOT_KEY_REVOKE1", "1"],
			["SECURE_BOOT_KEY_REVOKE2", "1"],
			["KEY_PURPOSE_0", "SECURE_BOOT_DIGEST0"],
		]);
		check.equal(closedFlaw("ESP32-C3", plan, told), undefined);
		for (const [name, value] of [
			["SECURE_BOOT_EN", "0"],
			["ENABLE_SECURITY_DOWNLOAD", "0"],
			["SECURE_BOOT_KEY_REVOKE0", "1"],
			["SECURE_BOOT_KEY_REVOKE1", "0"],
			["KEY_PURPOSE_0", "USER"],
		] as const)
			check.equal(closedFlaw("ESP32-C3", plan, new Map([...told, [name, value]])), name);
		check.equal(closedFlaw("ESP32-C3", plan, new Map()), "ENABLE_SECURITY_DOWNLOAD");
	});

	t.test("how far an eFuse is: blank, burned, without its purpose, otherwise", () => {
		const hex = "ab".repeat(32);
		const digest: Fuse = {
			kind: "digest",
			block: "BLOCK_KEY0",
			purpose: "SECURE_BOOT_DIGEST0",
			file: "d",
			hex,
		};
		for (const [block, purpose, standing] of [
			["00".repeat(32), "USER", "blank"],
			[hex, "SECURE_BOOT_DIGEST0", "burned"],
			[hex, "USER", "no-purpose"],
			[hex, "SECURE_BOOT_DIGEST1", "differs"],
			["00".repeat(32), "SECURE_BOOT_DIGEST0", "differs"],
			["cd".repeat(32), "USER", "differs"],
			["??", "USER", "unknown"],
		] as const) {
			const reading = new Map([
				["BLOCK_KEY0", block],
				["KEY_PURPOSE_0", purpose],
			]);
			check.equal(standingOf(digest, reading), standing, `${block.slice(0, 4)} ${purpose}`);
		}
		const jtag: Fuse = { kind: "field", name: "SOFT_DIS_JTAG", value: 3 };
		for (const [have, standing] of [
			["0", "blank"],
			["1", "blank"],
			["3", "burned"],
			["7", "differs"],
			["many", "unknown"],
		] as const)
			check.equal(standingOf(jtag, new Map([["SOFT_DIS_JTAG", have]])), standing, have);
		check.equal(standingOf(jtag, new Map()), "unknown");
		for (const [have, encrypted] of [
			["Disable", false],
			["Enable", true],
			["0", false],
			["1", true],
			["3", false],
			["7", true],
			["", undefined],
		] as const)
			check.equal(isEncrypted("ESP32-C3", new Map([["SPI_BOOT_CRYPT_CNT", have]])), encrypted, have);
		check.equal(isEncrypted("ESP32-C3", new Map()), undefined);
	});
}

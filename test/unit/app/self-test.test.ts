/** A board's test of itself on a factory line (PROTOCOL 6): what passes, what fails, and that no fitted bolt is moved (I2). */
import { isRandom, LOOPS, SelfTest, type SelfTestOptions } from "../../../modules/app/self-test.ts";
import { DeviceError } from "../../../modules/base/device-error.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import type { DriveRole, InputRole } from "../../../modules/platform/pins.ts";
import { SECTOR_BYTES, type Slots } from "../../../modules/platform/slots.ts";
import {
	decodeSelfTestReport,
	encodeSelfTestReport,
	type SelfTestReport,
} from "../../../modules/wire/self-test.ts";
import { check, type Suite } from "../../harness/test.ts";
import { RELAY } from "../../sim/bundles.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { newLock, newPairedLock } from "../../sim/paired-lock.ts";
import { SimClock, SimTime } from "../../sim/time.ts";

type Parts = SelfTestOptions["platform"];

/** A board in a jig, without a bolt: its flash is one slot's last sector. */
class Jig {
	readonly time = new SimTime();
	readonly energised: string[] = [];
	/** Outputs that reach no input. */
	readonly broken = new Set<string>();
	/** Pairs of outputs that touch. */
	touching: readonly [string, string] | undefined;
	readonly inputs = new Set<InputRole>();
	readonly sector = new Uint8Array(SECTOR_BYTES).fill(0xff);
	flash: "good" | "stuck" | "faulty" | "in-use" | "none" = "good";
	readonly #parts: Partial<Parts>;
	readonly #crypto: TestCrypto;

	constructor(crypto: TestCrypto, parts: Partial<Parts> = {}) {
		this.#crypto = crypto;
		this.#parts = parts;
	}

	#set(output: string, on: boolean): void {
		if (on) this.energised.push(output);
		const driven = [output, ...(this.touching?.includes(output) === true ? this.touching : [])];
		for (const loop of LOOPS) {
			if (!driven.includes(loop.output) || this.broken.has(loop.output)) continue;
			if (on) this.inputs.add(loop.input);
			else this.inputs.delete(loop.input);
		}
	}

	#slots(): Slots {
		const slots = {
			slotBytes: this.flash === "none" ? 0 : 4 * SECTOR_BYTES,
			running: 0,
			target: 1,
			state: () => "valid",
			image: () => (this.flash === "in-use" ? { bytes: 1 } : undefined),
			read: () => this.sector.slice(),
			erase: (offset: number) => {
				check.equal(offset, 3 * SECTOR_BYTES);
				if (this.flash === "faulty") throw new DeviceError("slot/io", "test");
				this.sector.fill(0xff);
			},
			write: (_: number, bytes: Uint8Array) => {
				this.sector.set(bytes);
				if (this.flash === "stuck") this.sector[99]! ^= 1;
			},
		};
		return slots as unknown as Slots;
	}

	run(mayDrive = true): SelfTestReport {
		const clock = new SimClock(this.time, (work) => work());
		const test = new SelfTest({
			mayDrive: () => mayDrive,
			platform: {
				clock,
				crypto: this.#crypto,
				pins: {
					read: (role) => this.inputs.has(role),
					watch: () => undefined,
					setIndicator: (on) => this.#set("indicator", on),
				},
				drive: {
					energise: (role: DriveRole, maximumMs) => {
						check.ok(maximumMs <= LIMITS.selfTestPulseMs);
						this.#set(role, true);
					},
					cut: (role) => this.#set(role, false),
				},
				slots: this.#slots(),
				radioScan: { listen: (onHeard) => clock.after(10, () => onHeard(3)) },
				...this.#parts,
			},
		});
		check.equal(test.ask(7), undefined, "it takes a while");
		this.time.advance(10000);
		const report = test.ask(7);
		check.ok(report !== undefined && test.ask(7) === report, "the same run, the same report");
		check.equal(test.ask(8), undefined, "another run");
		this.time.advance(10000);
		return report!;
	}
}

export default function suite(t: Suite): void {
	t.test("a board that is whole passes each part, and drives each output once", ({ crypto }) => {
		const jig = new Jig(crypto);
		const report = jig.run();
		check.deepEqual(report, {
			random: "passed",
			flash: "passed",
			pins: "passed",
			radio: "passed",
			stations: 3,
		});
		check.deepEqual(jig.energised.slice(0, 4), ["indicator", "brake", "drive-retract", "drive-throw"]);
		check.ok(jig.inputs.size === 0 && jig.sector.every((byte) => byte === 0xff), "as it was before");
	});

	t.test("an output that reaches nothing, or another one's input too, is named", ({ crypto }) => {
		for (const { output } of LOOPS) {
			const jig = new Jig(crypto);
			jig.broken.add(output);
			check.deepEqual([jig.run().pins, jig.run().pin], ["failed", output]);
		}
		const jig = new Jig(crypto);
		jig.touching = ["brake", "drive-throw"];
		check.deepEqual([jig.run().pins, jig.run().pin], ["failed", "brake"]);
	});

	t.test("an input that is not at rest is named, and then no output is driven (I2)", ({ crypto }) => {
		for (const role of ["button", "exit", "inhibit", "door", "tamper", "thrown", "retracted"] as const) {
			const jig = new Jig(crypto);
			jig.inputs.add(role);
			const report = jig.run();
			check.deepEqual([report.pins, report.pin, jig.energised], ["failed", role, []]);
		}
	});

	t.test("a board that may not drive tries no pin", ({ crypto }) => {
		const jig = new Jig(crypto);
		check.equal(jig.run(false).pins, "absent");
		check.deepEqual(jig.energised, []);
	});

	t.test(
		"flash that fails, or keeps other bytes, fails; a slot with an image is left alone",
		({ crypto }) => {
			for (const [flash, outcome] of [
				["faulty", "failed"],
				["stuck", "failed"],
				["in-use", "absent"],
				["none", "absent"],
			] as const) {
				const jig = new Jig(crypto);
				jig.flash = flash;
				check.equal(jig.run().flash, outcome, flash);
			}
		},
	);

	t.test("a radio that hears nobody, never answers or is missing does not pass", ({ crypto }) => {
		check.equal(new Jig(crypto, { radioScan: { listen: (onHeard) => onHeard(0) } }).run().radio, "failed");
		check.equal(new Jig(crypto, { radioScan: { listen: () => undefined } }).run().radio, "failed");
		const broken = {
			listen: () => {
				throw new DeviceError("memory/exhausted", "test");
			},
		};
		check.equal(new Jig(crypto, { radioScan: broken }).run().radio, "failed");
	});

	t.test("a source that is stuck, or is no source, fails", ({ crypto, random }) => {
		const stuck = { random: (count: number) => new Uint8Array(count).fill(7) };
		check.equal(new Jig(crypto, { crypto: stuck as unknown as TestCrypto }).run().random, "failed");
		const silent = {
			random: (): Uint8Array => {
				throw new DeviceError("entropy/unavailable", "test");
			},
		};
		check.equal(new Jig(crypto, { crypto: silent as unknown as TestCrypto }).run().random, "failed");
		check.ok(isRandom(random.bytes(4096)));
		const biased = random.bytes(512).map((byte, index) => (index % 20 === 0 ? 9 : byte === 9 ? 8 : byte));
		check.ok(!isRandom(biased), "one byte too often");
		const repeated = random.bytes(512).map((byte, index) => (index >= 100 && index < 105 ? 3 : byte));
		check.ok(!isRandom(repeated), "one byte too often in a row");
	});

	t.test("the report reads as it was written, and one with an unknown outcome is none", () => {
		const report: SelfTestReport = {
			random: "passed",
			flash: "absent",
			pins: "failed",
			radio: "passed",
			pin: "drive-throw",
			stations: 2,
		};
		check.deepEqual(check.accepted(decodeSelfTestReport(encodeSelfTestReport(report))), report);
		const bytes = encodeSelfTestReport(report);
		bytes[2] = 3;
		check.refused(decodeSelfTestReport(bytes), "malformed");
	});

	t.test("a lock with a bolt in it is not moved by a self-test, sealed or not (I2)", ({ crypto }) => {
		const rig = new LockRig({ crypto });
		const first = rig.verb("self-test", { 0: 1 });
		rig.advance(10000);
		const answer = first.code === "later" ? rig.verb("self-test", { 0: 1 }) : first;
		const report = check.accepted(decodeSelfTestReport(answer.result.bytes(0, { min: 1, max: 64 })!));
		check.deepEqual([report.pins, rig.board.hardware.changes.length], ["failed", 0]);
		rig.provision();
		rig.install([RELAY]);
		check.equal(rig.verb("seal").code, "done");
		check.equal(rig.verb("self-test", { 0: 2 }).code, "sealed");
		check.equal(rig.board.hardware.changes.length, 0);
	});

	t.test(
		"a lock that has an owner drives nothing for a self-test; one that has none does (I2)",
		({ crypto }) => {
			for (const [lock, pins] of [
				[newPairedLock(crypto), "absent"],
				[newLock(crypto), "failed"],
			] as const) {
				const { rig } = lock;
				// As in a jig: nothing is at an end.
				rig.board.hardware.setLies({ thrown: false, retracted: false });
				rig.board.hardware.set("door", false);
				rig.advance(1000);
				const before = rig.board.hardware.changes.length;
				rig.verb("self-test", { 0: 1 });
				rig.advance(10000);
				const answer = rig.verb("self-test", { 0: 1 });
				const report = check.accepted(decodeSelfTestReport(answer.result.bytes(0, { min: 1, max: 64 })!));
				check.equal(report.pins, pins);
				check.equal(rig.board.hardware.changes.length > before, pins === "failed");
			}
		},
	);

	t.test("a seal in the middle of a self-test ends it before the next output (T14, I2)", ({ crypto }) => {
		const rig = new LockRig({ crypto });
		rig.provision();
		rig.install([RELAY]);
		const energised = inJig(rig, []);
		rig.verb("self-test", { 0: 1 });
		for (let ms = 0; ms < 1000 && !rig.board.hardware.output("brake"); ms++) rig.advance(1);
		check.ok(rig.board.hardware.output("brake"), "it is under way");
		check.equal(rig.verb("seal").code, "done");
		rig.advance(10000);
		check.deepEqual(energised, ["indicator", "brake"]);
		check.ok(!rig.board.hardware.output("brake"));
	});

	t.test(
		"while a self-test tries its outputs no button moves the bolt; afterwards one does again (I2, T19)",
		({ crypto }) => {
			const { rig } = newLock(crypto);
			// It waits for an input in vain, as long as it may.
			const energised = inJig(rig, ["brake"]);
			rig.verb("self-test", { 0: 1 });
			for (let ms = 0; ms < 1000 && !rig.board.hardware.output("brake"); ms++) rig.advance(1);
			rig.board.hardware.set("exit", true);
			rig.advance(100);
			rig.board.hardware.set("exit", false);
			rig.advance(20);
			check.ok(rig.board.hardware.output("brake"), "it is under way");
			rig.advance(10000);
			check.deepEqual(energised, ["indicator", "brake"]);
			rig.pressExit();
			check.deepEqual(energised.slice(2, 3), ["drive-retract"]);
		},
	);

	t.test("a self-test asks for its number and nothing else", ({ crypto }) => {
		const { rig } = newLock(crypto);
		for (const args of [{}, { 0: -1 }, { 0: 1, 1: 1 }])
			check.equal(rig.verb("self-test", args).code, "malformed");
	});

	t.test("a certificate is read back from flash, before the seal only", ({ crypto }) => {
		const rig = new LockRig({ crypto });
		check.equal(rig.verb("read-back").code, "out-of-order");
		rig.provision();
		const certificate = rig.install([RELAY]);
		const read = rig.verb("read-back");
		check.deepEqual(read.result.get(0), [certificate]);
		check.equal(rig.verb("read-back", { 0: 1 }).code, "malformed");
		rig.verb("seal");
		check.equal(rig.verb("read-back").code, "sealed");
	});
}

/** Wires the jig to a board without a bolt, but for these outputs; what is energised from now on. */
function inJig(rig: LockRig, unwired: readonly string[]): string[] {
	const { hardware } = rig.board;
	const energised: string[] = [];
	const lies = { thrown: false, retracted: false };
	hardware.setLies(lies);
	hardware.set("door", false);
	rig.advance(1000);
	hardware.onOutput = (role, level) => {
		if (level) energised.push(role);
		const input = LOOPS.find(({ output }) => output === role)?.input;
		if (input === undefined || unwired.includes(role)) return;
		if (input === "door" || input === "tamper") hardware.set(input, level);
		else if (input === "thrown" || input === "retracted") hardware.setLies({ ...lies, [input]: level });
	};
	return energised;
}

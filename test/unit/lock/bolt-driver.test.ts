/** The bolt on a simulated board: machine, driver, pins, motor, sensors and time together. */
import { LIMITS } from "../../../modules/base/limits.ts";
import { type BoltConfig, DEFAULT_BOLT } from "../../../modules/lock/bolt-config.ts";
import { BoltDriver } from "../../../modules/lock/bolt-driver.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimBoard } from "../../sim/board.ts";
import type { HardwareOptions } from "../../sim/hardware.ts";

class Bench {
	readonly board: SimBoard;
	readonly said: string[] = [];
	driver: BoltDriver;
	readonly #config: BoltConfig;

	constructor(crypto: TestCrypto, config: Partial<BoltConfig> = {}, hardware: HardwareOptions = {}) {
		this.board = new SimBoard({ crypto, hardware });
		this.#config = { ...DEFAULT_BOLT, relockMs: 0, ...config };
		this.driver = this.boot();
	}

	boot(): BoltDriver {
		this.driver = new BoltDriver(this.board.boot(), this.#config, {
			onChanged: (bolt, cause) => this.said.push(`${bolt} by ${cause}`),
			onFault: (fault) => this.said.push(fault),
			onIdle: () => this.said.push(`idle${this.driver.driving ? " (not)" : ""}`),
		});
		return this.driver;
	}

	request(motion: "throw" | "retract"): void {
		this.driver.request(motion, (outcome) => this.said.push(outcome));
	}

	take(): string[] {
		return this.said.splice(0);
	}

	/** How long each output was live, in order. */
	pulses(): string[] {
		const pulses: string[] = [];
		const since = new Map<string, number>();
		for (const { role, level, atMs } of this.board.hardware.changes) {
			if (level) since.set(role, atMs);
			else pulses.push(`${role} ${atMs - since.get(role)!}`);
		}
		return pulses;
	}
}

export default function suite(t: Suite): void {
	t.test("a bolt retracts and throws, each motion cut as it arrives and braked", ({ crypto }) => {
		const bench = new Bench(crypto);
		bench.request("retract");
		check.ok(bench.driver.driving);
		check.equal(bench.driver.bolt, "retracting");
		bench.board.time.advance(1000);
		check.deepEqual(bench.take(), ["retracting by command", "retracted by command", "done", "idle"]);
		check.equal(bench.board.hardware.position, 0);
		bench.request("throw");
		bench.board.time.advance(1000);
		check.deepEqual(bench.take(), ["throwing by command", "thrown by command", "done", "idle"]);
		check.deepEqual(bench.pulses(), [
			"drive-retract 300",
			`brake ${LIMITS.brakeMs}`,
			"drive-throw 300",
			`brake ${LIMITS.brakeMs}`,
		]);
		check.equal(bench.board.pending, 0);
	});

	t.test(
		"a boot with the bolt between its ends drives nothing, and a command finishes the travel (T19)",
		({ crypto }) => {
			const bench = new Bench(crypto);
			bench.request("retract");
			bench.board.time.advance(100);
			bench.board.powerCut();
			check.ok(!bench.board.hardware.output("drive-retract"), "no current without power");
			bench.boot();
			bench.take();
			bench.board.time.advance(60000);
			check.equal(bench.driver.bolt, "unknown");
			check.deepEqual(bench.take(), []);
			bench.request("throw");
			bench.board.time.advance(1000);
			check.deepEqual(bench.take(), ["throwing by command", "thrown by command", "done", "idle"]);
		},
	);

	t.test(
		"a jam is cut at the deadline and reported, and the bolt backs away on the next command (T19)",
		({ crypto }) => {
			const bench = new Bench(crypto);
			bench.board.hardware.setFault({ kind: "jam", at: 0.5 });
			bench.request("retract");
			bench.board.time.advance(10000);
			check.deepEqual(bench.take(), [
				"retracting by command",
				"jammed by command",
				"bolt/jam",
				"jammed",
				"idle",
			]);
			check.deepEqual(bench.pulses(), [`drive-retract ${LIMITS.travelMs}`]);
			bench.request("throw");
			bench.board.time.advance(10000);
			check.deepEqual(bench.take(), ["throwing by command", "thrown by command", "done", "idle"]);
		},
	);

	t.test("a stalled motor is cut before the deadline (T19)", ({ crypto }) => {
		const bench = new Bench(crypto);
		bench.board.hardware.setFault({ kind: "stall" });
		bench.request("retract");
		bench.board.time.advance(10000);
		check.deepEqual(bench.take(), [
			"retracting by command",
			"jammed by command",
			"bolt/stall",
			"jammed",
			"idle",
		]);
		check.deepEqual(bench.pulses(), [`drive-retract ${LIMITS.stallMs}`]);
	});

	t.test("sensors that lie at boot are a fault that is logged, and move nothing (T19)", ({ crypto }) => {
		const bench = new Bench(crypto);
		bench.board.hardware.setLies({ retracted: true });
		bench.boot();
		bench.board.time.advance(1000);
		check.deepEqual(bench.take(), ["bolt/sensors"]);
		bench.request("throw");
		check.deepEqual(bench.take(), ["jammed"]);
		check.deepEqual(bench.pulses(), []);
	});

	t.test(
		"a deadline holds when the engine's timer comes late: the native cut does not wait for it (T19)",
		({ crypto }) => {
			const bench = new Bench(crypto);
			bench.board.hardware.setFault({ kind: "jam", at: 0.5 });
			const { drive } = bench.board.boot();
			drive.energise("drive-retract", LIMITS.travelMs);
			bench.board.time.advance(LIMITS.travelMs);
			check.ok(!bench.board.hardware.output("drive-retract"), "cut by nobody in the firmware");
		},
	);

	t.test(
		"a hand at the thumb turn is reported once, bounce or not, and relocks where that is set",
		({ crypto }) => {
			const bench = new Bench(crypto, { relockMs: 5000 });
			bench.board.hardware.turnTo(0.5);
			bench.board.time.advance(2);
			bench.board.hardware.turnTo(1);
			bench.board.time.advance(3);
			bench.board.hardware.turnTo(0);
			bench.board.time.advance(200);
			check.deepEqual(bench.take(), ["retracted by manual"]);
			bench.board.time.advance(6000);
			check.deepEqual(bench.take(), ["throwing by relock", "thrown by relock", "idle"]);
		},
	);

	t.test("a relock time set while the bolt is retracted counts from then, and 0 stops it", ({ crypto }) => {
		const bench = new Bench(crypto, {}, { start: 0 });
		bench.board.time.advance(60000);
		bench.driver.setRelockMs(5000);
		bench.board.time.advance(4999);
		bench.driver.setRelockMs(0);
		bench.board.time.advance(60000);
		check.deepEqual(bench.take(), []);
		bench.driver.setRelockMs(5000);
		bench.board.time.advance(5001);
		check.deepEqual(bench.take(), ["throwing by relock"]);
		check.throws(() => bench.driver.setRelockMs(-1), "AssertionFault");
	});

	t.test("inhibit is seen at once during a motion and at the next command at rest", ({ crypto }) => {
		const bench = new Bench(crypto);
		bench.request("retract");
		bench.board.time.advance(100);
		bench.board.hardware.set("inhibit", true);
		bench.board.time.settle();
		check.ok(!bench.board.hardware.output("drive-retract"));
		check.deepEqual(bench.take(), ["retracting by command", "unknown by command", "inhibited", "idle"]);
		bench.request("retract");
		check.deepEqual(bench.take(), ["inhibited"]);
		check.ok(bench.driver.inhibited);
	});

	t.test("a callback that asks for the next motion gets it after the events of this one", ({ crypto }) => {
		const bench = new Bench(crypto);
		bench.driver.request("retract", (outcome) => {
			bench.said.push(outcome);
			bench.driver.request("throw", (next) => bench.said.push(`then ${next}`));
			bench.said.push("asked");
		});
		bench.board.time.advance(3000);
		check.deepEqual(bench.take(), [
			"retracting by command",
			"retracted by command",
			"done",
			"asked",
			"idle",
			"throwing by command",
			"thrown by command",
			"then done",
			"idle",
		]);
	});

	t.test("the exit button opens while the bolt is thrown at somebody's heels", ({ crypto }) => {
		const bench = new Bench(crypto, { relockMs: 1000 }, { start: 0 });
		bench.board.time.advance(1150);
		check.equal(bench.driver.bolt, "throwing");
		bench.driver.pressExit();
		bench.board.time.advance(900);
		check.equal(bench.board.hardware.position, 0);
		check.deepEqual(bench.pulses(), [
			"drive-throw 150",
			`brake ${LIMITS.brakeMs}`,
			"drive-retract 150",
			`brake ${LIMITS.brakeMs}`,
		]);
		check.equal(bench.driver.bolt, "retracted");
	});

	t.test("the door contact is told where one is fitted and unknown where none is", ({ crypto }) => {
		const bench = new Bench(crypto, { doorContact: true });
		check.equal(bench.driver.doorClosed, true);
		bench.board.hardware.set("door", false);
		check.equal(bench.driver.doorClosed, false);
		check.equal(new Bench(crypto, { doorContact: false }).driver.doorClosed, undefined);
	});

	t.test("a fail-secure solenoid opens for its hold and its spring throws the bolt again", ({ crypto }) => {
		const bench = new Bench(crypto, { output: "fail-secure" }, { spring: "throws", travelMs: 50 });
		bench.request("retract");
		bench.board.time.advance(20000);
		check.deepEqual(bench.take(), [
			"retracting by command",
			"retracted by command",
			"done",
			"idle",
			"throwing by relock",
			"thrown by relock",
			"idle",
		]);
		check.deepEqual(bench.pulses(), [`drive-retract ${LIMITS.travelMs + LIMITS.holdMs}`]);
	});

	t.test(
		"a fail-safe magnet holds for an hour without a gap in time, and releases by itself when the engine stops (T19)",
		({ crypto }) => {
			const bench = new Bench(
				crypto,
				{ output: "fail-safe" },
				{ spring: "retracts", travelMs: 50, start: 0 },
			);
			bench.request("throw");
			bench.board.time.advance(3600000);
			check.equal(bench.board.hardware.position, 1);
			check.deepEqual(bench.take(), ["throwing by command", "thrown by command", "done", "idle"]);
			const { drive } = bench.board.boot();
			drive.energise("drive-throw", LIMITS.energiseMaxMs);
			bench.board.time.advance(LIMITS.energiseMaxMs + 50);
			check.equal(bench.board.hardware.position, 0);
		},
	);
}

/** The board's supervisor with boards that end as told, and the door hardware at a pins socket. */
import { chmodSync, existsSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { BoltModel } from "../../tools/board/bolt-model.ts";
import { Mechanism } from "../../tools/board/mechanism.ts";
import { readBoardEnd } from "../../tools/board/reset-reason.ts";
import { Supervisor, type SupervisorEvent, type SupervisorOptions } from "../../tools/board/supervisor.ts";
import { check, type Suite } from "../harness/test.ts";
import { RunningCommand, runCommand } from "./support/command.ts";
import { eventually, pause, temporaryFolder } from "./support/temporary.ts";

/** A program in place of the host binary; it sees the board's arguments as "$@". */
function fakeBoard(script: string): { readonly binary: string; readonly dir: string } {
	const dir = temporaryFolder();
	const binary = join(dir, "fake-board");
	writeFileSync(binary, `#!/bin/sh\ncd "${dir}"\n${script}\n`);
	chmodSync(binary, 0o755);
	return { binary, dir };
}

interface Watched {
	readonly supervisor: Supervisor;
	readonly lines: string[];
	readonly events: SupervisorEvent[];
	readonly reasons: () => string[];
}

function watch(script: string, more: Partial<SupervisorOptions> = {}): Watched {
	const { binary, dir } = fakeBoard(script);
	const lines: string[] = [];
	const events: SupervisorEvent[] = [];
	const supervisor = new Supervisor({
		binary,
		dir: join(dir, "flash"),
		image: "firmware.image",
		onLine: (line) => lines.push(line),
		onEvent: (event) => events.push(event),
		...more,
	});
	const reasons = (): string[] => events.flatMap((event) => (event.kind === "boot" ? [event.reason] : []));
	return { supervisor, lines, events, reasons };
}

function isAlive(pid: number): boolean {
	return existsSync(`/proc/${pid}`);
}

/** Ends as the n-th line of `ends` says; stays up at the last. */
function endings(...ends: readonly string[]): string {
	return `n=$(cat count 2>/dev/null || echo 0); echo $((n + 1)) > count
case $n in
${ends.map((end, index) => `${index}) ${end} ;;`).join("\n")}
*) exec sleep 30 ;;
esac`;
}

/** The board's side of the pins socket, under the test's hand. */
class FakePins {
	readonly path = join(temporaryFolder(), "pins");
	readonly inputs = new Map<number, boolean>();
	#server: Server | undefined;
	#watcher: Socket | undefined;

	async start(): Promise<void> {
		const server = createServer((socket) => {
			this.#watcher = socket;
			socket.setEncoding("latin1");
			socket.on("error", () => undefined);
			socket.on("data", (text: string) => {
				for (const line of text.split("\n")) {
					const match = /^set (\d+) ([01])$/.exec(line);
					if (match !== null) this.inputs.set(Number(match[1]), match[2] === "1");
				}
			});
		});
		this.#server = server;
		await new Promise<void>((resolve) => server.listen(this.path, resolve));
	}

	drive(pin: number, level: boolean): void {
		this.#watcher?.write(`pin ${pin} ${level ? 1 : 0} ${Math.round(performance.now() * 1000)}\n`);
	}

	say(text: string): void {
		this.#watcher?.write(text);
	}

	input(role: keyof typeof BOARD_PINS): boolean | undefined {
		return this.inputs.get(BOARD_PINS[role]);
	}

	/** A board without power. */
	async stop(): Promise<void> {
		this.#watcher?.destroy();
		await new Promise((resolve) => this.#server?.close(resolve));
		this.inputs.clear();
	}
}

async function withMechanism(
	options: { readonly travelMs?: number; readonly start?: number },
	work: (mechanism: Mechanism, pins: FakePins) => Promise<void>,
): Promise<void> {
	const pins = new FakePins();
	await pins.start();
	const mechanism = new Mechanism({ socket: pins.path, travelMs: 100, ...options });
	try {
		check.ok(await mechanism.waitFor((each) => each.connected, 5_000));
		check.ok(await eventually(() => pins.inputs.size === 7));
		await work(mechanism, pins);
	} finally {
		mechanism.close();
		await pins.stop();
	}
}

export default function suite(t: Suite): void {
	t.test("every end of a board has its meaning for the next boot", () => {
		const reasonOf = (status: number | null, signal: NodeJS.Signals | null = null): string => {
			const end = readBoardEnd(status, signal);
			return end.kind === "reset" ? end.reason : end.kind;
		};
		check.deepEqual(
			[0, 2, 3, 63, 64, 65, 66, 69, 70, 71, 72, 80, 96].map((status) => reasonOf(status)),
			[
				"stopped",
				"refused",
				"refused",
				"refused",
				"unknown",
				"memory",
				"stack",
				"exception",
				"unknown",
				"watchdog",
				"rejection",
				"requested",
				"refused",
			],
		);
		check.deepEqual([reasonOf(null, "SIGSEGV"), reasonOf(null, "SIGKILL")], ["unknown", "unknown"]);
	});

	t.test(
		"a board that resets is booted again and told why; its arguments and its log pass through",
		async () => {
			const script = `echo "boot $*"; echo "trouble" >&2; ${endings("exit 80", "exit 65", "kill -SEGV $$")}`;
			const { supervisor, lines, reasons } = watch(script, {
				heapKb: 256,
				serialLink: "/tmp/serial",
				pinsSocket: "/tmp/pins",
				pauseFirstMs: 5,
			});
			supervisor.start();
			check.ok(await eventually(() => reasons().length === 4));
			check.deepEqual(reasons(), ["power-on", "requested", "memory", "unknown"]);
			check.ok(await eventually(() => lines.length >= 8));
			const first = lines.find((line) => line.startsWith("boot ")) ?? "";
			for (const word of [
				"--image firmware.image",
				"--heap-kb 256",
				"--serial /tmp/serial",
				"--pins /tmp/pins",
				"--reset-reason power-on",
				`--parent ${process.pid}`,
			]) {
				check.ok(first.includes(word), first);
			}
			check.ok(lines.includes("trouble"));
			await supervisor.stop();
		},
	);

	t.test("a boot loop is slowed down, a steady board is not made to wait", async () => {
		const loop = watch("exit 69", { pauseFirstMs: 40, pauseMaxMs: 160 });
		loop.supervisor.start();
		await pause(700);
		await loop.supervisor.stop();
		const pauses = loop.events.flatMap((event) =>
			event.kind === "end" && event.end.kind === "reset" ? [event.pauseMs] : [],
		);
		check.deepEqual(pauses.slice(0, 5), [0, 40, 80, 160, 160]);
		check.ok(loop.reasons().length <= 9, `${loop.reasons().length} boots`);
		const steady = watch(endings("sleep 0.1; exit 80", "sleep 0.1; exit 80", "sleep 0.1; exit 80"), {
			pauseFirstMs: 5_000,
			steadyMs: 50,
		});
		steady.supervisor.start();
		check.ok(await eventually(() => steady.reasons().length === 4));
		await steady.supervisor.stop();
	});

	t.test("a board that cannot run is not started again, and its status is known", async () => {
		for (const [script, status] of [
			["echo bad image; exit 3", 3],
			["exit 2", 2],
		] as const) {
			const { supervisor, reasons } = watch(script);
			supervisor.start();
			await supervisor.wait();
			check.equal(supervisor.refusedStatus, status);
			check.equal(reasons().length, 1);
		}
		const missing = new Supervisor({ binary: "/no/such/board", dir: temporaryFolder() });
		missing.start();
		await missing.wait();
		check.equal(missing.refusedStatus, 127);
	});

	t.test("stop is asked for first and forced when it is not heard; a power cut asks nobody", async () => {
		const polite = watch(`trap 'echo stopping; exit 0' TERM; sleep 30 >/dev/null 2>&1 & wait; kill $!`);
		polite.supervisor.start();
		check.ok(await eventually(() => polite.supervisor.pid !== undefined));
		await pause(100);
		const politePid = polite.supervisor.pid!;
		await polite.supervisor.stop();
		check.ok(polite.lines.includes("stopping"));
		check.equal(isAlive(politePid), false);
		const cut = watch(`trap 'echo stopping; exit 0' TERM; echo up; exec sleep 30`);
		cut.supervisor.start();
		check.ok(await eventually(() => cut.lines.includes("up")));
		const cutPid = cut.supervisor.pid!;
		await cut.supervisor.cutPower();
		check.equal(isAlive(cutPid), false);
		check.ok(!cut.lines.includes("stopping"));
		await pause(150);
		check.equal(cut.supervisor.pid, undefined, "it was booted again");
		cut.supervisor.start();
		check.ok(await eventually(() => cut.reasons().length === 2));
		check.deepEqual(cut.reasons(), ["power-on", "power-on"]);
		await cut.supervisor.stop();
		const deaf = watch(`trap '' TERM; echo up; while :; do sleep 0.05; done`);
		deaf.supervisor.start();
		check.ok(await eventually(() => deaf.lines.includes("up")));
		const deafPid = deaf.supervisor.pid!;
		await deaf.supervisor.stop();
		check.equal(isAlive(deafPid), false);
	});

	t.test("a child that a board left behind does not hide its end, and ends with it", async () => {
		const { supervisor, reasons, lines } = watch(endings("sleep 20 & echo orphan $!; exit 80"));
		supervisor.start();
		check.ok(await eventually(() => reasons().length === 2, 3_000));
		const orphan = Number(lines.find((line) => line.startsWith("orphan"))?.slice(7));
		check.ok(orphan > 0 && (await eventually(() => !isAlive(orphan), 2_000)));
		await supervisor.stop();
	});

	t.test("stop during the pause of a boot loop boots nothing more", async () => {
		const { supervisor, reasons } = watch("exit 72", { pauseFirstMs: 10_000 });
		supervisor.start();
		check.ok(await eventually(() => reasons().length === 2));
		await supervisor.stop();
		await supervisor.wait();
		const boots = reasons().length;
		await pause(50);
		check.equal(reasons().length, boots);
	});

	t.test("latchkey board reports a board that cannot run in one line", async () => {
		const dir = temporaryFolder();
		writeFileSync(join(dir, "no.image"), "not an image");
		const end = await runCommand("board", "--dir", join(dir, "flash"), "--image", join(dir, "no.image"));
		check.equal(end.status, 1);
		check.ok(/^latchkey: the board cannot run \(exit status \d+\)[^\n]*\n$/.test(end.stderr), end.stderr);
	});

	for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
		t.test(`latchkey board runs the firmware, and takes its board with it at ${signal}`, async () => {
			const command = new RunningCommand(["board", "--dir", join(temporaryFolder(), "flash")]);
			check.ok(
				await eventually(() => command.stdout.includes("stage blank"), 15_000),
				command.stdout + command.stderr,
			);
			const pid = Number(/process (\d+)/.exec(command.stdout)?.[1]);
			check.ok(isAlive(pid));
			command.child.kill(signal);
			const end = await command.ended;
			if (signal !== "SIGKILL") check.deepEqual([end.status, end.stderr], [0, ""]);
			check.ok(await eventually(() => !isAlive(pid), 5_000), "the board goes on alone");
		});
	}

	t.test("a bolt travels for its time while one drive is on, and stops where it is when it goes off", () => {
		const model = new BoltModel({ travelMs: 100, start: 1 });
		check.deepEqual(model.sensors, { thrown: true, retracted: false });
		model.drive("drive-retract", true, 10);
		check.equal(model.remainingMs, 5, "until it has left its sensor");
		model.advance(60);
		check.equal(model.remainingMs, 50);
		check.equal(model.position, 0.5);
		check.deepEqual(model.sensors, { thrown: false, retracted: false });
		model.drive("drive-retract", false, 60);
		model.advance(500);
		check.equal(model.position, 0.5);
		model.drive("drive-throw", true, 500);
		model.drive("drive-retract", true, 500);
		model.advance(900);
		check.equal(model.position, 0.5, "both drives at once move nothing");
		model.drive("drive-throw", false, 900);
		model.advance(2_000);
		check.deepEqual([model.position, model.remainingMs], [0, undefined]);
		check.deepEqual(model.sensors, { thrown: false, retracted: true });
	});

	t.test(
		"a jam holds the bolt on its side and lets it back away, a stall holds it anywhere, sensors can lie",
		() => {
			const model = new BoltModel({ travelMs: 100, start: 1 });
			model.setFault({ kind: "jam", at: 0.4 }, 0);
			model.drive("drive-retract", true, 0);
			model.advance(1_000);
			check.equal(model.position, 0.4);
			model.drive("drive-retract", false, 1_000);
			model.drive("drive-throw", true, 1_000);
			model.advance(2_000);
			check.equal(model.position, 1);
			model.drive("drive-throw", false, 2_000);
			model.setFault({ kind: "stall" }, 2_000);
			model.drive("drive-retract", true, 2_000);
			model.advance(3_000);
			check.equal(model.position, 1);
			model.setFault({ kind: "none" }, 3_000);
			model.setLies({ thrown: true });
			model.advance(4_000);
			check.deepEqual(model.sensors, { thrown: true, retracted: true });
			model.setLies({});
			check.deepEqual(model.sensors, { thrown: false, retracted: true });
			model.turnTo(0.5, 4_000);
			model.drive("drive-retract", false, 4_000);
			check.deepEqual(model.sensors, { thrown: false, retracted: false });
		},
	);

	t.test("a driven output moves the sensors of the board after the travel time", () =>
		withMechanism({}, async (mechanism, pins) => {
			check.deepEqual(
				[pins.input("thrown"), pins.input("retracted"), pins.input("door")],
				[true, false, true],
			);
			const startedMs = performance.now();
			pins.drive(BOARD_PINS["drive-retract"], true);
			check.ok(await eventually(() => pins.input("thrown") === false));
			check.ok(await eventually(() => pins.input("retracted") === true));
			const tookMs = performance.now() - startedMs;
			check.ok(tookMs >= 99 && tookMs < 1_000, `${tookMs} ms`);
			pins.drive(BOARD_PINS["drive-retract"], false);
			check.ok(await mechanism.waitFor((each) => !each.output("drive-retract"), 5_000));
			check.equal(mechanism.position, 0);
			const roles = mechanism.history.map((change) => `${change.role} ${change.level}`);
			check.deepEqual(roles.slice(-4), [
				"drive-retract true",
				"thrown false",
				"retracted true",
				"drive-retract false",
			]);
		}),
	);

	t.test("buttons and contacts reach the board; a press ends by itself", () =>
		withMechanism({}, async (mechanism, pins) => {
			const pressed = mechanism.press("button", 60);
			check.ok(await eventually(() => pins.input("button") === true));
			await pressed;
			check.ok(await eventually(() => pins.input("button") === false));
			mechanism.set("door", false);
			mechanism.set("inhibit", true);
			check.ok(await eventually(() => pins.input("door") === false && pins.input("inhibit") === true));
		}),
	);

	t.test("a board without power drives nothing, and finds every input as it is when it comes back", () =>
		withMechanism({ travelMs: 10_000 }, async (mechanism, pins) => {
			mechanism.set("tamper", true);
			pins.drive(BOARD_PINS["drive-retract"], true);
			check.ok(await mechanism.waitFor((each) => each.output("drive-retract"), 5_000));
			await pins.stop();
			check.ok(await mechanism.waitFor((each) => !each.connected, 5_000));
			check.equal(mechanism.output("drive-retract"), false);
			const between = mechanism.position;
			check.ok(between > 0.5 && between < 1, `${between}`);
			await pause(60);
			check.equal(mechanism.position, between);
			await pins.start();
			check.ok(await eventually(() => pins.inputs.size === 7));
			check.deepEqual(
				[pins.input("tamper"), pins.input("thrown"), pins.input("retracted")],
				[true, false, false],
			);
		}),
	);

	t.test("lines that are no pin changes are ignored, whatever their length", () =>
		withMechanism({}, async (mechanism, pins) => {
			pins.say(`hello\npin x 1 2\npin 17 2 3\npin 999 1 5\n${"y".repeat(10_000)}\n`);
			pins.drive(BOARD_PINS.indicator, true);
			check.ok(await mechanism.waitFor((each) => each.output("indicator"), 5_000));
			check.equal(mechanism.position, 1);
		}),
	);
}

/** The door hardware: a bolt's arithmetic, and the mechanism at a board's pins socket. */
import { createServer, type Server, Socket } from "node:net";
import { join } from "node:path";
import { BOARD_PINS } from "../../hosts/linux/board.ts";
import { BoltModel } from "../../tools/board/bolt-model.ts";
import { Mechanism } from "../../tools/board/mechanism.ts";
import { check, type Suite } from "../harness/test.ts";
import { eventually, pause, temporaryFolder } from "./support/temporary.ts";

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
	t.test(
		"a watcher says where every input is in one write, so that a board that looks once before it boots has heard of a held button (T20)",
		async () => {
			const writes: string[] = [];
			const { write } = Socket.prototype;
			Socket.prototype.write = function (this: Socket, ...words: Parameters<typeof write>) {
				if (String(words[0]).startsWith("set ")) writes.push(String(words[0]));
				return write.apply(this, words);
			} as typeof write;
			try {
				await withMechanism({}, async () => {
					check.equal(writes.length, 1, writes.join("|"));
					check.equal(writes[0]?.split("\n").length, 7 + 1);
				});
			} finally {
				Socket.prototype.write = write;
			}
		},
	);

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
			check.ok(tookMs >= 99 && tookMs < 5_000, `${tookMs} ms`);
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

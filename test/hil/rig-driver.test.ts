/** What the driver of a rig makes of its rig: which clock has eyes, and what it leaves behind. Over a line in memory. */
import { RigCore } from "../../tools/hil/rig-core.ts";
import { RigDriver } from "../../tools/hil/rig-driver.ts";
import type { OpenByteLine } from "../../tools/hil/rig-link.ts";
import type { RigIdentity, RigRole, RigWay } from "../../tools/hil/rig-message.ts";
import { check, type Suite } from "../harness/test.ts";

const CHANNELS: readonly { readonly role: RigRole; readonly way: RigWay }[] = [
	...(["button", "exit", "thrown", "retracted", "door"] as const).map(
		(role) => ({ role, way: "drive" }) as const,
	),
	...(["drive-throw", "drive-retract", "brake", "indicator"] as const).map(
		(role) => ({ role, way: "sense" }) as const,
	),
	{ role: "power", way: "relay" },
	{ role: "access-point", way: "relay" },
];
const FINE: RigIdentity = Object.freeze({
	target: "virtual",
	name: "memory",
	resolutionUs: 100,
	driftPpm: 50,
});
const TICK_MS = 100;

class MemoryRig {
	readonly levels = new Map<RigRole, boolean>();
	readonly core: RigCore;
	isOpen = false;
	#tick: NodeJS.Timeout | undefined;
	#say: (bytes: Uint8Array) => void = () => undefined;

	constructor(identity: RigIdentity) {
		this.core = new RigCore({
			identity,
			boot: "0000000a",
			channels: CHANNELS,
			kept: 64,
			nowUs: () => Math.round(performance.now() * 1_000),
			after: () => () => undefined,
			send: (line) => setImmediate(() => this.#say(line)),
			drive: (channel, level) => this.levels.set(CHANNELS[channel]!.role, level),
		});
	}

	get line(): OpenByteLine {
		return (handlers) => {
			this.isOpen = true;
			this.#say = (bytes) => this.isOpen && handlers.onBytes(bytes);
			this.#tick = setInterval(() => this.core.tick(), TICK_MS);
			return {
				send: async (bytes) => void setImmediate(() => this.core.receive(bytes)),
				close: () => {
					this.isOpen = false;
					clearInterval(this.#tick);
				},
			};
		};
	}
}

function open(rig: MemoryRig, more: object = {}): Promise<RigDriver> {
	return RigDriver.open({ port: "/nowhere", rig: rig.line, ...more });
}

export default function suite(t: Suite): void {
	t.test(
		"a clock that tells no brake from none has no eyes, and a coarse one at a chip is no instrument at all (T19)",
		async () => {
			for (const [resolutionUs, sees] of [
				[40_000, true],
				[60_000, false],
				[1_000_000, false],
			] as const) {
				const driver = await open(new MemoryRig({ ...FINE, resolutionUs }));
				check.equal(driver.abilities.has("sense"), sees, `${resolutionUs}`);
				check.ok(driver.abilities.has("power"));
				await driver.close();
			}
			const coarse = new MemoryRig({ ...FINE, target: "hardware", resolutionUs: 40_000 });
			await check.rejects(open(coarse), "too coarse for a chip");
			check.ok(!coarse.isOpen, "its line stays open");
		},
	);

	t.test(
		"a Wi-Fi is set at a chip only under the name that somebody gave; a simulated one takes any",
		async () => {
			for (const [target, more, able] of [
				["virtual", {}, true],
				["hardware", {}, false],
				["hardware", { hasWifi: true }, true],
			] as const) {
				const driver = await open(new MemoryRig({ ...FINE, target }), more);
				check.equal(driver.abilities.has("wifi"), able, target);
				await driver.close();
			}
		},
	);

	t.test("a driver that cannot be opened leaves no line open", async () => {
		const rig = new MemoryRig(FINE);
		await check.rejects(open(rig, { console: "/nonexistent/console" }), "console:");
		check.ok(!rig.isOpen);
	});

	t.test(
		"an output that was energised before anybody looked drives the bolt, and is in the trace's levels",
		async () => {
			const rig = new MemoryRig(FINE);
			rig.core.edge(
				CHANNELS.findIndex(({ role }) => role === "drive-retract"),
				true,
				5,
			);
			const driver = await open(rig);
			check.ok(driver.mechanism.output("drive-retract"));
			check.deepEqual(
				[...driver.trace.high].filter((role) => role.startsWith("drive")),
				["drive-retract"],
			);
			await driver.close();
		},
	);

	t.test(
		"what is closed holds no contact, no relay and no trip, as a rig that has just started (T12)",
		async () => {
			const rig = new MemoryRig(FINE);
			const driver = await open(rig);
			await driver.setPower(true);
			await driver.setAccessPoint(true);
			driver.mechanism.set("button", true);
			await driver.settled();
			check.deepEqual(
				[rig.levels.get("button"), rig.levels.get("power"), rig.levels.get("door")],
				[true, true, true],
			);
			await driver.tripPower("drive-throw", 10);
			await driver.close();
			check.deepEqual(
				[...rig.levels.values()].filter((level) => level),
				[],
			);
			check.ok(!rig.isOpen);
			// Nothing is armed: another trip is taken.
			const again = await open(rig);
			await again.tripPower("drive-throw", 10);
			await again.close();
		},
	);
}

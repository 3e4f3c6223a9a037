/** The local radio of a lock (docs/BLE.md): what it serves, and who it withstands. */
import { BleDoor } from "../../../modules/app/ble-door.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { RadioConnectionHandlers } from "../../../modules/platform/radio.ts";
import { encodeEnvelope } from "../../../modules/wire/envelope.ts";
import { encodeLineRequest } from "../../../modules/wire/line-verb.ts";
import { check, type Suite } from "../../harness/test.ts";
import { BleWire } from "../../sim/ble-wire.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { newRadioHome, OWNER_SEED } from "../../sim/radio-home.ts";

const FIRST = 0x80;

export default function suite(t: Suite): void {
	t.test(
		"a phone pairs, unlocks and locks over the radio, at an MTU of 23 and of 247, with no network anywhere (T18, I10)",
		({ crypto }) => {
			for (const packetBytes of [20, 244]) {
				const { rig, owner, wire, label } = newRadioHome(crypto, packetBytes);
				check.equal(owner.ask("unlock")?.status, "done", rig.log);
				check.equal(owner.ask("lock")?.status, "done", rig.log);
				check.ok(wire.central.received.every((packet) => packet.length <= packetBytes));
				check.equal(rig.board.network.attempts.length, 0);
				owner.disconnect();
				rig.advance(LIMITS.localGraceMs + 100);
				const stranger = new PhoneRig(new BleWire(rig.board), crypto, label, 99);
				stranger.connect();
				check.ok(stranger.closed, "a stranger has no session here either");
				check.ok(rig.log.includes("refused over ble"), rig.log);
			}
		},
	);

	t.test("a phone whose MTU changes in the midst of a message is served on (T15)", ({ crypto }) => {
		const { rig, owner, wire } = newRadioHome(crypto);
		const packets: number[] = [];
		wire.onWrite = (packet) => {
			packets.push(packet.length);
			wire.packetBytes = wire.packetBytes === 20 ? 60 : 20;
			wire.central.setPacketBytes(wire.packetBytes);
			wire.central.write(packet);
		};
		check.equal(owner.ask("status")?.status, "done", rig.log);
		wire.central.setPacketBytes(185);
		check.equal(owner.ask("log.read", { 0: 1, 1: 16 })?.status, "done", rig.log);
		check.equal(owner.ask("unlock")?.status, "done", rig.log);
		check.ok(packets.length > 3);
	});

	t.test("the radio serves channels and no verb: a verb ends its connection (T14, T18)", ({ crypto }) => {
		const { rig, owner } = newRadioHome(crypto);
		const writes = rig.board.storage.mutations().length;
		for (const verb of ["identify", "label", "begin", "update-status"] as const) {
			const wire = new BleWire(rig.board, 244);
			wire.write(encodeLineRequest(verb));
			check.ok(wire.central.closed, `${verb}: ${rig.log}`);
			check.equal(wire.central.received.length, 0, verb);
		}
		check.equal(rig.board.storage.mutations().length, writes);
		check.equal(owner.ask("unlock")?.status, "done", rig.log);
	});

	t.test(
		"fragments missing, doubled, out of order, empty, or of a frame without end cost their connection alone (T15, I7)",
		({ crypto, random }) => {
			const { rig, owner } = newRadioHome(crypto);
			const writes = rig.board.storage.mutations().length;
			const open = encodeEnvelope({ kind: "open", channel: 1 });
			const data = encodeEnvelope({ kind: "data", channel: 1, frame: random.bytes(100) });
			const hostile: readonly ((wire: BleWire) => void)[] = [
				(wire) => wire.central.write(new Uint8Array(0)),
				(wire) => wire.central.write(Uint8Array.of(FIRST, 0, 0, 1)),
				(wire) => wire.central.write(Uint8Array.of(FIRST, 0xff, 0xff, 1)),
				(wire) => wire.central.write(Uint8Array.of(0, 1, 2)),
				(wire) => {
					for (let index = 0; index < 100; index++)
						wire.central.write(Uint8Array.of(FIRST | (index & 63), 1, 0, 7));
				},
				(wire) => {
					for (const packet of wire.fragments(open))
						for (let twice = 0; twice < 2; twice++) wire.central.write(packet);
				},
				(wire) => {
					wire.write(open);
					for (const packet of [...wire.fragments(data)].reverse()) wire.central.write(packet);
				},
				(wire) => {
					wire.write(open);
					for (const packet of wire.fragments(data).slice(1)) wire.central.write(packet);
				},
				(wire) => wire.central.write(random.bytes(LIMITS.radioPacketBytes + 1)),
				(wire) => wire.write(Uint8Array.of(0xa0)),
			];
			for (const [index, attack] of hostile.entries()) {
				const wire = new BleWire(rig.board);
				check.ok(wire.central.taken, `${index}: ${rig.log}`);
				attack(wire);
				rig.board.time.settle();
				check.ok(wire.central.closed, `${index}: ${rig.log}`);
			}
			check.ok(!owner.closed, rig.log);
			check.equal(rig.board.storage.mutations().length, writes);
			check.equal(owner.ask("unlock")?.status, "done", rig.log);
		},
	);

	t.test("random packets break nothing (T15, I9)", ({ crypto, random }) => {
		const { rig, owner } = newRadioHome(crypto);
		for (let round = 0; round < 40; round++) {
			const wire = new BleWire(rig.board);
			for (let count = random.below(6); count >= 0; count--)
				wire.central.write(random.bytes(random.below(60)));
			rig.board.time.settle();
			wire.central.end();
			rig.board.time.settle();
			check.ok(wire.central.closed, rig.log.slice(-300));
		}
		check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-300));
	});

	t.test(
		"two centrals are served side by side, and the fragments of one are none of the other's (T1, T16)",
		({ crypto, random }) => {
			const { rig, owner, label } = newRadioHome(crypto);
			const wire = new BleWire(rig.board, 100);
			const second = new PhoneRig(wire, crypto, label, OWNER_SEED);
			second.connect();
			check.equal(second.ask("status")?.status, "done", rig.log);
			for (let round = 0; round < 5; round++) {
				check.equal(owner.ask("status")?.status, "done", rig.log);
				check.equal(second.ask("status")?.status, "done", rig.log);
			}
			wire.central.write(random.bytes(15));
			rig.board.time.settle();
			check.ok(wire.central.closed && !owner.closed, rig.log);
			check.equal(owner.ask("unlock")?.status, "done", rig.log);
		},
	);

	t.test(
		"silent centrals that hold every place keep a phone waiting a few seconds, and no longer (T16, I10)",
		({ crypto }) => {
			const { rig, label, wire: ownersWire } = newRadioHome(crypto);
			ownersWire.central.end();
			rig.board.time.settle();
			for (let round = 0; round < 4; round++) {
				for (let place = 0; place < LIMITS.radioConnections; place++) new BleWire(rig.board);
				const wire = new BleWire(rig.board);
				const phone = new PhoneRig(wire, crypto, label, OWNER_SEED);
				phone.connect();
				check.ok(!wire.central.taken, `${round}: nobody is pushed out at once`);
				rig.advance(LIMITS.localGraceMs + 100);
				check.ok(wire.central.taken && !wire.central.closed, `${round}: ${rig.log.slice(-300)}`);
				check.equal(phone.ask("unlock")?.status, "done", rig.log.slice(-300));
				wire.central.end();
				rig.advance(LIMITS.localIdleMs + 100);
			}
		},
	);

	t.test("a session keeps its place whoever else comes (T16)", ({ crypto }) => {
		const { rig, owner } = newRadioHome(crypto);
		const strangers: BleWire[] = [];
		for (let round = 0; round < 30; round++) {
			strangers.push(new BleWire(rig.board));
			rig.advance(LIMITS.localGraceMs / 2);
			check.ok(!owner.closed, rig.log.slice(-300));
			if (round % 10 === 0) check.equal(owner.ask("status")?.status, "done");
		}
		const taken = strangers.filter((wire) => wire.central.taken);
		check.ok(taken.length > 5, `${taken.length} strangers replaced each other`);
		check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-300));
	});

	t.test("a central that says nothing ends after a minute (T16, I8)", ({ crypto }) => {
		const { rig, owner } = newRadioHome(crypto);
		const silent = new BleWire(rig.board);
		rig.advance(LIMITS.localIdleMs - 1000);
		check.ok(!silent.central.closed && !owner.closed);
		rig.advance(1000);
		check.ok(silent.central.closed && owner.closed, rig.log);
		check.ok(rig.log.includes("ble: a connection ended, idle"));
	});

	t.test("a fragment now and then does not hold a place (T16)", ({ crypto }) => {
		const { rig } = newRadioHome(crypto);
		const slow = new BleWire(rig.board);
		const frame = encodeEnvelope({ kind: "data", channel: 1, frame: new Uint8Array(1000) });
		for (const packet of slow.fragments(frame)) {
			if (slow.central.closed) break;
			slow.central.write(packet);
			rig.advance(LIMITS.localIdleMs / 10);
		}
		check.ok(slow.central.closed, "it holds its place for as long as it likes");
		check.ok(rig.log.includes("ble: a connection ended, idle"), rig.log.slice(-300));
	});

	t.test(
		"who takes no notification is let go at a bound, and one that takes them slowly gets all (I8, T16)",
		({ crypto }) => {
			const { rig, owner, wire: slow } = newRadioHome(crypto);
			slow.central.setRoom(0);
			const id = owner.send("status");
			rig.board.time.settle();
			check.equal(owner.reply(id), undefined);
			for (let round = 0; round < 60 && owner.reply(id) === undefined; round++) {
				slow.central.setRoom(1);
				rig.board.time.settle();
			}
			check.equal(owner.reply(id)?.status, "done", rig.log);
			slow.central.setRoom(Number.POSITIVE_INFINITY);
			const wire = new BleWire(rig.board, 244);
			wire.central.setRoom(0);
			wire.send({ kind: "open", channel: 0 });
			for (let round = 0; !wire.central.closed; round++) {
				check.ok(round < 3000, "it is never let go");
				wire.send({ kind: "open", channel: 1 + ((round >>> 1) % 3) });
			}
			check.ok(rig.log.includes("ble: a connection ended, queue"), rig.log.slice(-300));
			check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-300));
		},
	);

	t.test("handshakes of the radio have an allowance of their own (T16)", ({ crypto }) => {
		const { rig, label, owner } = newRadioHome(crypto);
		owner.disconnect();
		for (let count = 0; count < LIMITS.handshakesBurst + 5; count++) {
			new PhoneRig(new BleWire(rig.board, 244), crypto, label, 99).connect();
			rig.advance(100);
		}
		check.ok(rig.log.includes("refused over ble, rate"), rig.log.slice(-400));
		const bySerial = new PhoneRig(rig, crypto, label, OWNER_SEED);
		bySerial.connect();
		check.equal(bySerial.ask("unlock")?.status, "done", rig.log.slice(-300));
	});

	t.test("a packet is one event: the door itself never reads on (T16, I8)", () => {
		let handlers: RadioConnectionHandlers | undefined;
		let sends = 0;
		const door = new BleDoor({
			onConnection: () => undefined,
			onSilenced: () => undefined,
			accept(given) {
				handlers = given;
				return { packetBytes: 20, send: () => ++sends % 2 === 0, close: () => undefined };
			},
			advertise: () => undefined,
			close: () => undefined,
		});
		const frames: Uint8Array[] = [];
		const carrier = door.accept({ onFrame: (frame) => frames.push(frame), onEnded: () => undefined });
		handlers!.onPacket(Uint8Array.of(0xc0, 0, 2, 7, 8));
		check.equal(frames.length, 1);
		carrier!.send(new Uint8Array(100));
		check.equal(sends, 1, "it waits for room");
		handlers!.onRoom();
		check.equal(sends, 3, "one packet went, the next one waits");
	});

	t.test("a lock without a radio, or without keys, serves nobody there (T18)", ({ crypto }) => {
		const off = new LockRig({ crypto });
		off.provision();
		check.ok(off.board.radio.dial().closed && off.board.radio.advertised.length === 0);
		const blank = new LockRig({ crypto, radio: true });
		const wire = new BleWire(blank.board);
		check.ok(!wire.central.taken, "it waits");
		blank.provision();
		check.ok(wire.central.taken, blank.log);
	});

	t.test(
		"a factory reset ends the radio's sessions and its advertising with the others (T20)",
		({ crypto }) => {
			const { rig, owner } = newRadioHome(crypto);
			check.ok(rig.board.radio.advertisement !== undefined);
			rig.hold(LIMITS.resetHoldMs + 100);
			check.ok(owner.closed && rig.board.radio.advertisement === undefined, rig.log);
		},
	);
}

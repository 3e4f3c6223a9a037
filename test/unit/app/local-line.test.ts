/** The local network of a lock (PROTOCOL 13): what it serves without a relay, what it never serves, and who it withstands. */
import { LocalConnection } from "../../../modules/app/local-connection.ts";
import { StreamDoor } from "../../../modules/app/stream-door.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import type { Listener } from "../../../modules/platform/listener.ts";
import { encodeEnvelope } from "../../../modules/wire/envelope.ts";
import type { Label } from "../../../modules/wire/label.ts";
import { encodeLineRequest } from "../../../modules/wire/line-verb.ts";
import { encodeStreamFrame } from "../../../modules/wire/stream-frame.ts";
import { check, type Suite } from "../../harness/test.ts";
import { LocalWire } from "../../sim/local-wire.ts";
import { LockRig } from "../../sim/lock-rig.ts";
import { PhoneRig } from "../../sim/phone-rig.ts";
import { SimClock, SimTime } from "../../sim/time.ts";

const OWNER_SEED = 11;

interface Home {
	readonly rig: LockRig;
	readonly label: Label;
	/** The owner's phone, paired over the local network. */
	readonly owner: PhoneRig;
	readonly wire: LocalWire;
}

function newHome(crypto: TestCrypto): Home {
	const rig = new LockRig({ crypto, local: true });
	const label = rig.provision();
	const wire = new LocalWire(rig.board);
	const owner = new PhoneRig(wire, crypto, label, OWNER_SEED);
	rig.press();
	check.equal(owner.pair()?.status, "done", rig.log);
	return { rig, label, owner, wire };
}

/** As many connections as there are places, with nothing said on them. */
function takeEveryPlace(rig: LockRig): LocalWire[] {
	return Array.from({ length: LIMITS.localConnections }, () => new LocalWire(rig.board));
}

export default function suite(t: Suite): void {
	t.test(
		"a phone pairs, unlocks and locks over the local network with no relay anywhere (T18, I10)",
		({ crypto }) => {
			const { rig, owner, label } = newHome(crypto);
			check.equal(rig.board.network.attempts.length, 0);
			check.equal(owner.ask("unlock")?.status, "done", rig.log);
			check.equal(owner.ask("lock")?.status, "done", rig.log);
			owner.disconnect();
			const again = new PhoneRig(new LocalWire(rig.board), crypto, label, OWNER_SEED);
			again.connect();
			check.equal(again.ask("unlock")?.status, "done", rig.log);
			rig.advance(LIMITS.localGraceMs);
			const stranger = new PhoneRig(new LocalWire(rig.board), crypto, label, 99);
			stranger.connect();
			check.ok(stranger.closed, "a stranger has no session here either");
			check.ok(rig.log.includes("refused over local"), rig.log);
		},
	);

	t.test("a lock whose network is off or that has no keys yet serves nobody there (T18)", ({ crypto }) => {
		const off = new LockRig({ crypto });
		off.provision();
		check.ok(!off.board.local.listening && off.board.local.dial().closed);
		const blank = new LockRig({ crypto, local: true });
		const wire = new LocalWire(blank.board);
		check.ok(!wire.peer.taken, "it waits");
		blank.provision();
		check.ok(wire.peer.taken, blank.log);
	});

	t.test(
		"the local network serves channels and no verb: a verb ends its connection (T14, T18)",
		({ crypto }) => {
			const { rig, owner } = newHome(crypto);
			const writes = rig.board.storage.mutations().length;
			for (const verb of ["identify", "label", "begin", "update-status"] as const) {
				const wire = new LocalWire(rig.board);
				let answered = 0;
				wire.newChannel({ onFrame: () => answered++, onClosed: () => undefined });
				wire.peer.onData = () => answered++;
				wire.write(encodeLineRequest(verb));
				check.ok(wire.peer.closed, `${verb}: ${rig.log}`);
				check.equal(answered, 0, verb);
			}
			check.equal(rig.board.storage.mutations().length, writes);
			check.equal(owner.ask("unlock")?.status, "done", rig.log);
		},
	);

	t.test(
		"what is no frame, no envelope, or one channel too many ends the connection alone (T15, I7)",
		({ crypto, random }) => {
			const { rig, owner } = newHome(crypto);
			const writes = rig.board.storage.mutations().length;
			const hostile: readonly ((wire: LocalWire) => void)[] = [
				(wire) => wire.peer.write(Uint8Array.of(0, 0)),
				(wire) => wire.peer.write(Uint8Array.of(0xff, 0xff)),
				(wire) =>
					wire.peer.write(
						Uint8Array.of((LIMITS.localFrameBytes + 1) >>> 8, (LIMITS.localFrameBytes + 1) & 0xff),
					),
				(wire) => wire.write(Uint8Array.of(0xa0)),
				(wire) => wire.write(encodeEnvelope({ kind: "report-request" })),
				(wire) => wire.write(random.bytes(1 + random.below(200))),
				(wire) => {
					for (let channel = 0; channel <= LIMITS.localChannels; channel++) {
						if (!wire.peer.closed) wire.send({ kind: "open", channel });
					}
				},
			];
			for (const [index, attack] of hostile.entries()) {
				const wire = new LocalWire(rig.board);
				check.ok(wire.peer.taken, `${index}: ${rig.log}`);
				attack(wire);
				rig.board.time.settle();
				check.ok(wire.peer.closed, `${index}: ${rig.log}`);
			}
			check.ok(!owner.closed, rig.log);
			check.equal(rig.board.storage.mutations().length, writes);
			check.equal(owner.ask("unlock")?.status, "done", rig.log);
		},
	);

	t.test("random bytes in pieces of any size break nothing (T15, I9)", ({ crypto, random }) => {
		const { rig, owner } = newHome(crypto);
		for (let round = 0; round < 60; round++) {
			const wire = new LocalWire(rig.board);
			for (let piece = random.below(6); piece >= 0; piece--) wire.peer.write(random.bytes(random.below(700)));
			rig.board.time.settle();
			wire.peer.end();
			rig.board.time.settle();
			check.ok(wire.peer.closed, rig.log.slice(-300));
		}
		check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-300));
	});

	t.test(
		"strangers who hold every place keep a phone waiting a few seconds, and no longer (T16, I10)",
		({ crypto }) => {
			const { rig, label, owner } = newHome(crypto);
			owner.disconnect();
			for (let round = 0; round < 5; round++) {
				takeEveryPlace(rig);
				const wire = new LocalWire(rig.board);
				check.ok(!wire.peer.taken || round === 0, `${round}: nobody is pushed out at once`);
				rig.advance(LIMITS.localGraceMs + 100);
				check.ok(wire.peer.taken && !wire.peer.closed, `${round}: ${rig.log.slice(-300)}`);
				const phone = new PhoneRig(wire, crypto, label, OWNER_SEED);
				phone.connect();
				check.equal(phone.ask("unlock")?.status, "done", rig.log.slice(-300));
				wire.peer.end();
				rig.advance(LIMITS.localGraceMs + 100);
			}
		},
	);

	t.test("a session keeps its place whoever else comes (T16)", ({ crypto }) => {
		const { rig, owner } = newHome(crypto);
		for (let round = 0; round < 30; round++) {
			new LocalWire(rig.board);
			rig.advance(LIMITS.localGraceMs / 2);
			check.ok(!owner.closed, rig.log.slice(-300));
			if (round % 10 === 0) check.equal(owner.ask("status")?.status, "done");
		}
		check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-300));
	});

	t.test("connections on which nothing comes end after a minute (T16, I8)", ({ crypto }) => {
		const { rig, owner } = newHome(crypto);
		const silent = new LocalWire(rig.board);
		rig.advance(LIMITS.localIdleMs - 1000);
		check.ok(!silent.peer.closed && !owner.closed);
		rig.advance(1000);
		check.ok(silent.peer.closed && owner.closed, rig.log);
		check.ok(rig.log.includes("local: a connection ended, idle"));
	});

	t.test(
		"handshakes of the local network have an allowance of their own: a flood there leaves the serial line its own (T16)",
		({ crypto }) => {
			const { rig, label, owner } = newHome(crypto);
			owner.disconnect();
			for (let count = 0; count < LIMITS.handshakesBurst + 5; count++) {
				new PhoneRig(new LocalWire(rig.board), crypto, label, 99).connect();
				rig.advance(100);
			}
			check.ok(rig.log.includes("refused over local, rate"), rig.log.slice(-400));
			const bySerial = new PhoneRig(rig, crypto, label, OWNER_SEED);
			bySerial.connect();
			check.equal(bySerial.ask("unlock")?.status, "done", rig.log.slice(-300));
		},
	);

	t.test("who takes nothing of what is sent is let go at a bound (I8, T16)", ({ crypto }) => {
		const { rig, owner } = newHome(crypto);
		const wire = new LocalWire(rig.board);
		wire.peer.setRoom(0);
		wire.send({ kind: "open", channel: 0 });
		for (let round = 0; !wire.peer.closed; round++) {
			check.ok(round < 2000, "it is never let go");
			wire.send({ kind: "open", channel: 1 + ((round >>> 1) % 3) });
		}
		check.ok(rig.log.includes("local: a connection ended, queue"), rig.log.slice(-300));
		check.equal(owner.ask("unlock")?.status, "done", rig.log.slice(-300));
	});

	t.test(
		"a connection that never stops sending is read a little in each turn of the event loop (T16, I8)",
		() => {
			const time = new SimTime();
			const clock = new SimClock(time, (run) => run());
			const frame = encodeStreamFrame(encodeEnvelope({ kind: "close", channel: 9 }));
			let left = 10000;
			let readable = (): void => undefined;
			const listener: Listener = {
				port: 1,
				onConnection: () => undefined,
				accept: (handlers) => {
					readable = () => handlers.onReadable();
					return {
						read: () => (left-- > 0 ? frame : undefined),
						write: (bytes) => bytes.length,
						close: () => undefined,
					};
				},
				close: () => undefined,
			};
			const ends: string[] = [];
			new LocalConnection(new StreamDoor(listener, clock), clock, {
				onEnvelope: () => undefined,
				onEnded: (reason) => ends.push(reason),
			});
			readable();
			check.ok(left > 9900, `${10000 - left} reads in one turn`);
			let pressed = false;
			clock.after(0, () => {
				pressed = left > 9000;
			});
			time.settle();
			check.ok(pressed, "a button's event waits for the network");
			check.ok(left <= 0 && ends.length === 0, "what is still there is read in later turns");
		},
	);

	t.test("a factory reset ends the local network's sessions with the others (T20)", ({ crypto }) => {
		const { rig, owner } = newHome(crypto);
		rig.hold(LIMITS.resetHoldMs + 100);
		check.ok(owner.closed && !rig.board.local.listening, rig.log);
	});
}

/** The contract of Radio. */
import { concatBytes } from "../../modules/base/bytes.ts";
import { LIMITS } from "../../modules/base/limits.ts";
import type { RadioConnection, RadioConnectionHandlers } from "../../modules/platform/radio.ts";
import { check, type Suite } from "../harness/test.ts";
import { type Jig, type JigCentral, type OpenJig, passUntil } from "./jig.ts";

const PATIENCE_MS = 5000;

interface Taken {
	readonly central: JigCentral;
	readonly connection: RadioConnection;
	readonly packets: Uint8Array[];
	readonly heard: string[];
}

const NOBODY: RadioConnectionHandlers = Object.freeze({
	onPacket: () => undefined,
	onRoom: () => undefined,
	onClosed: () => undefined,
});

/** One connection, from both ends. */
async function connect(jig: Jig, packetBytes: number): Promise<Taken> {
	const radio = jig.platform.radio!;
	let waits = false;
	radio.onConnection(() => {
		waits = true;
	});
	check.equal(radio.accept(NOBODY), undefined, "nobody waits");
	const central = jig.central(packetBytes);
	check.ok(await passUntil(jig, () => waits, PATIENCE_MS), "a connection is told");
	const packets: Uint8Array[] = [];
	const heard: string[] = [];
	let inside = true;
	const hear = (what: string): void => {
		check.ok(!inside, "no handler runs from inside the call");
		heard.push(what);
	};
	const connection = radio.accept({
		onPacket: (packet) => {
			hear("packet");
			packets.push(packet);
		},
		onRoom: () => hear("room"),
		onClosed: () => hear("closed"),
	});
	inside = false;
	check.ok(connection !== undefined, "it is there");
	check.ok(!connection.send(Uint8Array.of(1)), "nothing is taken before onRoom");
	check.ok(await passUntil(jig, () => heard.includes("room"), PATIENCE_MS));
	check.ok(await passUntil(jig, () => connection.packetBytes === packetBytes, PATIENCE_MS));
	return { central, connection, packets, heard };
}

/** What is advertised, once it is not `before`. */
async function nextSighting(jig: Jig, before: Uint8Array | undefined): Promise<Uint8Array | undefined> {
	const said = (): string => String(jig.sighting());
	check.ok(await passUntil(jig, () => said() !== String(before), PATIENCE_MS), "it is heard");
	return jig.sighting();
}

export function radioContract(t: Suite, open: OpenJig): void {
	t.test(
		"packets cross the radio both ways, whole, in order and unchanged, at every MTU",
		async ({ random }) => {
			for (const packetBytes of [20, 244, LIMITS.radioPacketBytes]) {
				const jig = await open();
				const { central, connection, packets, heard } = await connect(jig, packetBytes);
				const sent = [1, packetBytes, 7, packetBytes - 1].map((bytes) => random.bytes(bytes));
				for (const packet of sent) central.write(packet);
				check.ok(
					await passUntil(jig, () => packets.length >= sent.length, PATIENCE_MS),
					`${packets.length} came`,
				);
				for (const [index, packet] of sent.entries()) check.bytes(packets[index]!, packet);
				for (let at = 0; at < 20; ) {
					if (connection.send(Uint8Array.of(at, ...random.bytes(packetBytes - 1)))) {
						at++;
						continue;
					}
					const rooms = heard.length;
					check.ok(await passUntil(jig, () => heard.length > rooms, PATIENCE_MS), "there is room again");
				}
				check.ok(await passUntil(jig, () => central.received.length >= 20, PATIENCE_MS));
				check.bytes(
					concatBytes(...central.received.map((packet) => packet.slice(0, 1))),
					concatBytes(...Array.from({ length: 20 }, (_, at) => Uint8Array.of(at))),
				);
				check.ok(central.received.every((packet) => packet.length === packetBytes));
				connection.close();
				central.close();
			}
		},
	);

	t.test(
		"a central that leaves is told once; one that the lock closes ends, and no handler runs any more",
		async () => {
			const jig = await open();
			const first = await connect(jig, 100);
			first.central.close();
			check.ok(await passUntil(jig, () => first.heard.includes("closed"), PATIENCE_MS));
			await jig.pass(50);
			check.equal(first.heard.filter((what) => what === "closed").length, 1);
			first.connection.close();
			const { central, connection, heard } = await connect(jig, 100);
			connection.close();
			connection.close();
			const count = heard.length;
			central.write(Uint8Array.of(1));
			check.ok(await passUntil(jig, () => central.ended, PATIENCE_MS));
			check.ok(!connection.send(Uint8Array.of(1)));
			await jig.pass(50);
			check.equal(heard.length, count);
			central.close();
		},
	);

	t.test(
		"one more than there are places can wait; what it writes meanwhile is kept to a bound, beyond which it ends (I8)",
		async () => {
			const jig = await open();
			const taken: Taken[] = [];
			for (let place = 0; place < LIMITS.radioConnections; place++) taken.push(await connect(jig, 50));
			const waiting = jig.central(50);
			for (let count = 0; count < LIMITS.radioWaitingPackets; count++) waiting.write(Uint8Array.of(count));
			await jig.pass(200);
			check.ok(!waiting.ended, "it waits");
			const packets: Uint8Array[] = [];
			const connection = jig.platform.radio!.accept({
				...NOBODY,
				onPacket: (packet) => packets.push(packet),
			});
			check.ok(connection !== undefined);
			check.ok(await passUntil(jig, () => packets.length === LIMITS.radioWaitingPackets, PATIENCE_MS));
			for (const [index, packet] of packets.entries()) check.bytes(packet, Uint8Array.of(index));
			connection.close();
			waiting.close();
			check.equal(jig.platform.radio!.accept(NOBODY), undefined);
			await jig.pass(50);
			const flood = jig.central(50);
			for (let count = 0; count <= LIMITS.radioWaitingPackets + 2; count++) flood.write(Uint8Array.of(count));
			check.ok(await passUntil(jig, () => flood.ended, PATIENCE_MS));
			for (const each of taken) {
				each.connection.close();
				each.central.close();
			}
			flood.close();
			for (
				let left = jig.platform.radio!.accept(NOBODY);
				left !== undefined;
				left = jig.platform.radio!.accept(NOBODY)
			)
				left.close();
		},
	);

	t.test(
		"what is advertised replaces what was, under another address of the link each time, and nothing is advertised when told so",
		async ({ random }) => {
			const jig = await open();
			const radio = jig.platform.radio!;
			let last = jig.sighting();
			const addresses = new Set<string>();
			for (let round = 0; round < 3; round++) {
				const data = random.bytes(10);
				radio.advertise(data);
				last = await nextSighting(jig, last);
				check.bytes(last!, data);
				addresses.add(String(jig.linkAddress?.() ?? round));
			}
			check.equal(addresses.size, 3, "an address that stays follows the lock, whatever it advertises");
			radio.advertise(undefined);
			check.equal(await nextSighting(jig, last), undefined);
		},
	);

	t.test("who advertises is told when a connection began, and when it ended", async () => {
		const jig = await open();
		const radio = jig.platform.radio!;
		let silenced = 0;
		radio.onSilenced(() => {
			silenced++;
		});
		radio.advertise(Uint8Array.of(1, 2, 3));
		const { connection } = await connect(jig, 20);
		check.ok(await passUntil(jig, () => silenced > 0, PATIENCE_MS), "at its begin");
		const begun = silenced;
		connection.close();
		check.ok(await passUntil(jig, () => silenced > begun, PATIENCE_MS), "at its end");
		radio.advertise(undefined);
	});
}

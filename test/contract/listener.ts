/** The contract of Listener. */
import { concatBytes } from "../../modules/base/bytes.ts";
import type { ListenerStreamHandlers } from "../../modules/platform/listener.ts";
import type { ByteStream } from "../../modules/platform/stream.ts";
import { check, type Suite } from "../harness/test.ts";
import { type Jig, type JigPeer, type OpenJig, passUntil } from "./jig.ts";

const PATIENCE_MS = 5000;

interface Taken {
	readonly peer: JigPeer;
	readonly stream: ByteStream;
	/** Everything that the platform has read. */
	readonly came: Uint8Array[];
	readonly heard: string[];
}

/** One connection, from both ends. */
async function connect(jig: Jig): Promise<Taken> {
	const listener = jig.platform.listener!;
	let waits = false;
	listener.onConnection(() => {
		waits = true;
	});
	const nobody: ListenerStreamHandlers = {
		onReadable: () => undefined,
		onWritable: () => undefined,
		onClosed: () => undefined,
	};
	check.equal(listener.accept(nobody), undefined, "nobody waits");
	const peer = jig.dial();
	check.ok(await passUntil(jig, () => waits, PATIENCE_MS), "a connection is told");
	const came: Uint8Array[] = [];
	const heard: string[] = [];
	let inside = true;
	const hear = (what: string): void => {
		check.ok(!inside, "no handler runs from inside the call");
		heard.push(what);
	};
	const stream = listener.accept({
		onReadable: () => {
			hear("readable");
			for (let bytes = stream?.read(1000); bytes !== undefined; bytes = stream?.read(1000)) {
				check.ok(bytes.length > 0 && bytes.length <= 1000);
				came.push(bytes);
			}
		},
		onWritable: () => hear("writable"),
		onClosed: () => hear("closed"),
	});
	inside = false;
	check.ok(stream !== undefined, "it is there");
	check.equal(stream.write(Uint8Array.of(1)), 0, "nothing is taken before onWritable");
	check.ok(await passUntil(jig, () => heard.includes("writable"), PATIENCE_MS));
	return { peer, stream, came, heard };
}

function bytesOf(pieces: readonly Uint8Array[]): number {
	return pieces.reduce((count, piece) => count + piece.length, 0);
}

export function listenerContract(t: Suite, open: OpenJig): void {
	t.test(
		"a connection from the local network carries bytes both ways, in order and unchanged",
		async ({ random }) => {
			const jig = await open();
			const { peer, stream, came } = await connect(jig);
			const sent = random.bytes(6000);
			peer.write(sent);
			check.ok(
				await passUntil(jig, () => bytesOf(came) >= sent.length, PATIENCE_MS),
				`${bytesOf(came)} bytes came`,
			);
			check.bytes(concatBytes(...came), sent);
			for (let at = 0; at < sent.length; ) at += stream.write(sent.subarray(at, at + 1500));
			check.ok(await passUntil(jig, () => peer.received.length >= sent.length, PATIENCE_MS));
			check.bytes(peer.received, sent);
			check.equal(stream.read(10), undefined);
			stream.close();
			peer.close();
		},
	);

	t.test("a peer that leaves is told once, after everything that it said", async ({ random }) => {
		const jig = await open();
		const { peer, stream, came, heard } = await connect(jig);
		const last = random.bytes(3000);
		peer.write(last);
		await jig.pass(50);
		peer.close();
		check.ok(await passUntil(jig, () => heard.includes("closed"), PATIENCE_MS));
		check.equal(bytesOf(came), last.length);
		await jig.pass(50);
		check.equal(heard.filter((what) => what === "closed").length, 1);
		stream.close();
	});

	t.test("a connection that the lock closes ends at its peer, and no handler runs any more", async () => {
		const jig = await open();
		const { peer, stream, heard } = await connect(jig);
		stream.close();
		stream.close();
		const count = heard.length;
		peer.write(Uint8Array.of(1, 2, 3));
		check.ok(await passUntil(jig, () => peer.ended, PATIENCE_MS));
		check.equal(stream.write(Uint8Array.of(1)), 0);
		check.equal(stream.read(10), undefined);
		await jig.pass(50);
		check.equal(heard.length, count);
		peer.close();
	});

	t.test("several that wait are taken one by one, and a listener that is closed takes nobody", async () => {
		const jig = await open();
		const listener = jig.platform.listener!;
		const handlers: ListenerStreamHandlers = {
			onReadable: () => undefined,
			onWritable: () => undefined,
			onClosed: () => undefined,
		};
		const peers = [jig.dial(), jig.dial(), jig.dial()];
		await jig.pass(100);
		const taken: ByteStream[] = [];
		for (let next = listener.accept(handlers); next !== undefined; next = listener.accept(handlers))
			taken.push(next);
		check.equal(taken.length, peers.length);
		check.ok(listener.port > 0);
		listener.close();
		listener.close();
		const late = jig.dial();
		check.ok(await passUntil(jig, () => late.ended, PATIENCE_MS));
		check.ok(
			peers.every((peer) => !peer.ended),
			"what was taken stays",
		);
		for (const each of [...taken, ...peers]) each.close();
	});
}

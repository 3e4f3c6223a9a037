/** The phone's two transports have one form of channels, over a relay's WebSocket and over a lock's own frames (PROTOCOL 3, 6). */
import { encodeEnvelope, type ToApp } from "../../modules/wire/envelope.ts";
import { DirectTransport } from "../../tools/phone/direct-transport.ts";
import { RelayTransport } from "../../tools/phone/relay-transport.ts";
import type { Transport } from "../../tools/phone/transport.ts";
import { check, type Suite } from "../harness/test.ts";

interface Carried {
	readonly transport: Transport & { ended(): void };
	receive(envelope: ToApp): void;
	/** Bytes as they went out. */
	readonly sent: Uint8Array[];
	readonly closes: () => number;
}

function carry(kind: "relay" | "direct"): Carried {
	const sent: Uint8Array[] = [];
	let closes = 0;
	const carrier = {
		send: (bytes: Uint8Array) => void sent.push(bytes),
		close: () => void closes++,
	};
	const transport = kind === "relay" ? new RelayTransport(carrier) : new DirectTransport("local", carrier);
	return {
		transport,
		receive: (envelope) => transport.receive(encodeEnvelope(envelope)),
		sent,
		closes: () => closes,
	};
}

interface Opened {
	readonly channel: ReturnType<Transport["openChannel"]>;
	readonly heard: string[];
}

function open(transport: Transport): Opened {
	const heard: string[] = [];
	const channel = transport.openChannel("LK-1", {
		onFrame: (frame) => void heard.push(`frame ${frame[0]}`),
		onClosed: () => void heard.push("closed"),
	});
	return { channel, heard };
}

export default function suite(t: Suite): void {
	for (const kind of ["relay", "direct"] as const) {
		t.test(`${kind}: frames go to their own channel, and a closed one hears and says nothing more`, () => {
			const { transport, receive, sent } = carry(kind);
			const [one, two] = [open(transport), open(transport)];
			const opening = kind === "relay" ? { serial: "LK-1" } : {};
			check.bytes(sent[0], encodeEnvelope({ kind: "open", channel: 1, ...opening }));
			receive({ kind: "data", channel: 2, frame: Uint8Array.of(7) });
			receive({ kind: "data", channel: 9, frame: Uint8Array.of(8) });
			receive({ kind: "close", channel: 1 });
			receive({ kind: "close", channel: 1 });
			receive({ kind: "data", channel: 1, frame: Uint8Array.of(9) });
			check.deepEqual([one.heard, two.heard], [["closed"], ["frame 7"]]);
			const before = sent.length;
			one.channel.send(Uint8Array.of(1));
			one.channel.close();
			check.equal(sent.length, before);
			two.channel.close();
			two.channel.close();
			check.bytes(sent.at(-1), encodeEnvelope({ kind: "close", channel: 2 }));
			check.equal(sent.length, before + 1);
			receive({ kind: "data", channel: 2, frame: Uint8Array.of(9) });
			check.deepEqual(two.heard, ["frame 7"]);
		});

		t.test(`${kind}: when the way is gone each channel hears so once, and a later one too`, async () => {
			const { transport, closes } = carry(kind);
			const one = open(transport);
			transport.ended();
			transport.ended();
			const late = open(transport);
			check.deepEqual(late.heard, [], "not before its owner has it");
			await Promise.resolve();
			check.deepEqual([one.heard, late.heard, transport.closed], [["closed"], ["closed"], true]);
			transport.close();
			check.equal(closes(), 0, "there is nothing left to close");
		});

		t.test(
			`${kind}: closing it closes the channels and the way, once, without a word to who closed it`,
			() => {
				const { transport, sent, closes } = carry(kind);
				const one = open(transport);
				transport.close();
				transport.close();
				check.bytes(sent.at(-1), encodeEnvelope({ kind: "close", channel: 1 }));
				check.deepEqual([one.heard, closes(), transport.closed], [[], 1, true]);
			},
		);
	}
}

import { LIMITS } from "../../../modules/base/limits.ts";
import { Transport } from "../../../modules/noise/transport.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { TrackingCrypto } from "../../harness/delegating-crypto.ts";
import type { Random } from "../../harness/random.ts";
import { check, type Suite } from "../../harness/test.ts";

function openPair(crypto: TestCrypto, random: Random): readonly [Transport, Transport] {
	const [first, second] = [random.bytes(32), random.bytes(32)];
	return [
		new Transport(crypto, crypto.importSecret(first), crypto.importSecret(second)),
		new Transport(crypto, crypto.importSecret(second), crypto.importSecret(first)),
	];
}

export default function suite(t: Suite): void {
	t.test("messages in order open, and both sides count them", ({ crypto, random }) => {
		const [a, b] = openPair(crypto, random);
		for (const length of [0, 1, 4080, 65519]) {
			const plaintext = new Uint8Array(length).fill(length);
			check.bytes(check.accepted(b.open(check.accepted(a.seal(plaintext)))), plaintext);
		}
		check.equal(a.sent, 4);
		check.equal(b.received, 4);
		check.equal(b.sent, 0);
		a.close();
		b.close();
	});

	t.test(
		"a replayed, reordered, dropped, changed, cut or reflected message closes the transport (T2)",
		({ crypto, random }) => {
			const attacks: Readonly<Record<string, (frames: readonly Uint8Array[]) => Uint8Array>> = {
				replayed: (frames) => frames[0]!,
				"after a gap": (frames) => frames[2]!,
				changed: (frames) => frames[1]!.map((byte, index) => (index === 3 ? byte ^ 1 : byte)),
				cut: (frames) => frames[1]!.subarray(0, frames[1]!.length - 1),
				"shorter than a tag": () => new Uint8Array(15),
				empty: () => new Uint8Array(0),
				"too long": () => new Uint8Array(65536),
			};
			for (const [name, attack] of Object.entries(attacks)) {
				const [a, b] = openPair(crypto, random);
				const frames = [1, 2, 3].map((byte) => check.accepted(a.seal(new Uint8Array(20).fill(byte))));
				check.accepted(b.open(frames[0]!), name);
				check.refused(b.open(attack(frames)), "unauthentic", name);
				check.ok(b.closed, name);
				check.refused(b.open(frames[1]!), "closed", name);
				check.refused(b.seal(new Uint8Array(1)), "closed", name);
				a.close();
			}
			const [a, b] = openPair(crypto, random);
			check.refused(a.open(check.accepted(a.seal(new Uint8Array(1)))), "unauthentic", "reflected");
			b.close();
		},
	);

	t.test("a direction ends after LIMITS.sessionFrames messages, on both sides (I8)", ({ crypto, random }) => {
		const [a, b] = openPair(crypto, random);
		const empty = new Uint8Array(0);
		for (let frame = 0; frame < LIMITS.sessionFrames; frame++) {
			if (!b.open(check.accepted(a.seal(empty))).ok) check.fail(`frame ${frame}`);
		}
		check.refused(b.open(new Uint8Array(16)), "exhausted");
		check.refused(a.seal(empty), "exhausted");
		check.ok(a.closed && b.closed);
	});

	t.test(
		"both keys are closed with the transport, also by a message that does not open (I1)",
		({ crypto: provider, random }) => {
			const crypto = new TrackingCrypto(provider);
			const [a, b] = openPair(crypto, random);
			check.equal(crypto.openHandles, 4);
			a.close();
			a.close();
			check.equal(crypto.openHandles, 2);
			check.refused(b.open(new Uint8Array(30)));
			check.equal(crypto.openHandles, 0);
		},
	);
}

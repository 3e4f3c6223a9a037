import { concatBytes } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeCborMap } from "../../../modules/wire/cbor-decode.ts";
import { type CborFields, encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { type Assembly, MessageAssembly } from "../../../modules/wire/message-assembly.ts";
import { decodePiece, encodePieces } from "../../../modules/wire/piece.ts";
import { check, type Suite } from "../../harness/test.ts";

function read(fields: CborFields) {
	return decodePiece(check.accepted(decodeCborMap(encodeCbor(fields))));
}

export default function suite(t: Suite): void {
	t.test("pieces in order give the message back, whatever their sizes", ({ random }) => {
		for (const bytes of [1, 2048, 2049, LIMITS.bundleBytes]) {
			for (const size of [1 + random.below(2048), 2048]) {
				const message = random.bytes(bytes);
				const assembly = new MessageAssembly();
				let last: Assembly | undefined;
				for (const piece of encodePieces(message, size)) {
					check.equal(last?.message, undefined);
					last = check.accepted(assembly.add("a", read(piece)!));
				}
				check.bytes(last?.message, message);
				check.equal(last?.next, bytes);
			}
		}
	});

	t.test(
		"a piece out of order, of another total or of another sender is refused, and the next one still fits (I7)",
		() => {
			const assembly = new MessageAssembly();
			const [first, second] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
			check.refused(assembly.add("a", { total: 3, offset: 2, bytes: second }), "offset");
			check.equal(check.accepted(assembly.add("a", { total: 3, offset: 0, bytes: first })).next, 2);
			check.refused(assembly.add("a", { total: 3, offset: 1, bytes: second }), "offset");
			check.refused(assembly.add("a", { total: 4, offset: 2, bytes: second }), "offset");
			check.refused(assembly.add("b", { total: 3, offset: 2, bytes: second }), "offset");
			assembly.forget("b");
			const whole = check.accepted(assembly.add("a", { total: 3, offset: 2, bytes: second }));
			check.bytes(whole.message, concatBytes(first, second));
			check.refused(assembly.add("a", { total: 3, offset: 2, bytes: second }), "offset");
		},
	);

	t.test("offset 0 begins anew, also for another sender, and who is gone left nothing", () => {
		const assembly = new MessageAssembly();
		check.accepted(assembly.add("a", { total: 9, offset: 0, bytes: Uint8Array.of(1, 2) }));
		check.bytes(
			check.accepted(assembly.add("b", { total: 1, offset: 0, bytes: Uint8Array.of(7) })).message,
			"07",
		);
		check.accepted(assembly.add("a", { total: 3, offset: 0, bytes: Uint8Array.of(1, 2) }));
		assembly.forget("a");
		check.refused(assembly.add("a", { total: 3, offset: 2, bytes: Uint8Array.of(3) }), "offset");
	});

	t.test("a piece beyond its message or its bounds is none (I8, T15)", () => {
		const bytes = new Uint8Array(LIMITS.bundlePieceBytes);
		check.ok(read({ 0: bytes.length, 1: 0, 2: bytes }));
		const bad: readonly CborFields[] = [
			{ 0: LIMITS.bundleBytes + 1, 1: 0, 2: bytes },
			{ 0: bytes.length - 1, 1: 0, 2: bytes },
			{ 0: bytes.length, 1: 1, 2: bytes },
			{ 0: 8000, 1: 0, 2: new Uint8Array(LIMITS.bundlePieceBytes + 1) },
			{ 0: 1, 1: 0, 2: new Uint8Array(0) },
			{ 0: 0, 1: 0, 2: new Uint8Array(0) },
			{ 0: 1, 1: 0 },
			{ 0: 1, 1: 0, 2: Uint8Array.of(1), 3: 0 },
			{ 0: 1, 1: -1, 2: Uint8Array.of(1) },
		];
		for (const fields of bad) check.equal(read(fields), undefined);
	});
}

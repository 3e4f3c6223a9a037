/** Which statements about the time a lock takes (PROTOCOL 11), and its nonces. */

import { LIMITS } from "../../../modules/base/limits.ts";
import { encodeUtf8 } from "../../../modules/base/utf8.ts";
import { TimeNonce } from "../../../modules/time/time-nonce.ts";
import { verifyTimeStatement } from "../../../modules/time/time-statement.ts";
import { encodeCbor } from "../../../modules/wire/cbor-encode.ts";
import { decodeTimeClaim, encodeTimeClaim, UNIX_MS_MAX } from "../../../modules/wire/time-statement.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimClock, SimTime } from "../../sim/time.ts";
import { SimTimeRole } from "../../sim/time-role.ts";

const NOW_MS = 1_770_000_000_000;

export default function suite(t: Suite): void {
	t.test("a statement of the time role over this nonce gives its time", ({ crypto, random }) => {
		const role = new SimTimeRole(crypto);
		const other = new SimTimeRole(crypto, 32);
		const nonce = random.bytes(16);
		const keys = [other.publicKey, role.publicKey];
		const told = check.accepted(verifyTimeStatement(crypto, keys, nonce, role.answer(nonce, NOW_MS)));
		check.equal(told.unixMs, NOW_MS);
		check.bytes(told.signer, role.publicKey);
		for (const unixMs of [0, UNIX_MS_MAX])
			check.equal(
				check.accepted(verifyTimeStatement(crypto, keys, nonce, role.answer(nonce, unixMs))).unixMs,
				unixMs,
			);
	});

	t.test("a statement over another nonce is refused, however genuine (T13)", ({ crypto, random }) => {
		const role = new SimTimeRole(crypto);
		const nonce = random.bytes(16);
		const foreign = nonce.slice();
		foreign[15]! ^= 1;
		const statement = role.answer(foreign, NOW_MS);
		check.refused(verifyTimeStatement(crypto, [role.publicKey], nonce, statement), "nonce");
		check.accepted(verifyTimeStatement(crypto, [role.publicKey], foreign, statement));
	});

	t.test(
		"a key that is not the time role's signs no time, nor does the time role's key under another kind (T13, T5)",
		({ crypto, random }) => {
			const role = new SimTimeRole(crypto);
			const thief = new SimTimeRole(crypto, 32);
			const nonce = random.bytes(16);
			const claim = encodeTimeClaim({ nonce, unixMs: NOW_MS });
			const verify = (statement: Uint8Array) =>
				verifyTimeStatement(crypto, [role.publicKey], nonce, statement);
			check.refused(verify(thief.answer(nonce, NOW_MS)), "unknown-key");
			const keyId = crypto.sha256(role.publicKey).slice(0, 8);
			check.refused(verify(thief.sign(claim, undefined, keyId)), "signature");
			check.refused(verify(role.sign(claim, encodeUtf8("latchkey trust"))), "signature");
			check.refused(verify(role.sign(claim, new Uint8Array(0))), "signature");
			check.refused(verifyTimeStatement(crypto, [], nonce, role.answer(nonce, NOW_MS)), "unknown-key");
		},
	);

	t.test("what is signed and says nothing about the time is refused (T15)", ({ crypto, random }) => {
		const role = new SimTimeRole(crypto);
		const nonce = random.bytes(16);
		const claims = [
			new Uint8Array(0),
			encodeCbor({ 0: 2, 1: nonce, 2: NOW_MS }),
			encodeCbor({ 0: 1, 1: nonce }),
			encodeCbor({ 0: 1, 1: nonce.subarray(1), 2: NOW_MS }),
			encodeCbor({ 0: 1, 1: nonce, 2: -1 }),
			encodeCbor({ 0: 1, 1: nonce, 2: UNIX_MS_MAX + 1 }),
			encodeCbor({ 0: 1, 1: nonce, 2: NOW_MS, 3: 0 }),
		];
		for (const claim of claims) {
			check.refused(decodeTimeClaim(claim), "malformed");
			check.refused(verifyTimeStatement(crypto, [role.publicKey], nonce, role.sign(claim)), "claim");
		}
	});

	t.test(
		"a statement that was cut, grown or changed anywhere is refused (T13, T15)",
		({ crypto, random }) => {
			const role = new SimTimeRole(crypto);
			const nonce = random.bytes(16);
			const statement = role.answer(nonce, NOW_MS);
			const verify = (bytes: Uint8Array) => verifyTimeStatement(crypto, [role.publicKey], nonce, bytes);
			for (let at = 0; at < statement.length; at++) {
				const changed = statement.slice();
				changed[at]! ^= 1 << random.below(8);
				check.refused(verify(changed), undefined, `byte ${at}`);
			}
			check.refused(verify(statement.subarray(1)));
			check.refused(verify(statement.subarray(0, -1)));
			check.refused(verify(Uint8Array.of(...statement, 0)));
			check.refused(verify(new Uint8Array(0)), "size");
			check.refused(verify(new Uint8Array(257)), "size");
		},
	);

	t.test("a nonce serves one answer, within its time, and only the last one asked (T13)", ({ random }) => {
		const world = new SimTime();
		const question = new TimeNonce(new SimClock(world, (run) => run()), (bytes) => random.bytes(bytes));
		check.equal(question.take(), undefined);
		const first = question.issue()!;
		const second = question.issue()!;
		check.notEqual(first, second);
		world.advance(300);
		const asked = question.take();
		check.bytes(asked?.nonce, second);
		check.equal(asked?.elapsedMs, 300);
		check.equal(question.take(), undefined);
		question.issue();
		world.advance(LIMITS.timeAnswerMs);
		check.ok(question.take() !== undefined);
		question.issue();
		world.advance(LIMITS.timeAnswerMs + 1);
		check.equal(question.take(), undefined);
	});

	t.test("questions have an allowance, so that answers cannot keep a lock verifying (T16)", ({ random }) => {
		const world = new SimTime();
		const question = new TimeNonce(new SimClock(world, (run) => run()), (bytes) => random.bytes(bytes));
		let asked = 0;
		while (question.issue() !== undefined) asked++;
		check.equal(asked, LIMITS.timeNoncesBurst);
		world.advance(60000 / LIMITS.timeNoncesPerMinute);
		check.ok(question.issue() !== undefined);
		check.equal(question.issue(), undefined);
	});
}

/**
 * Secrets by handle: exhaustion, collection, wrong uses; then a scan from outside: says "open" while secrets of known
 * value are in use, "closed" when every handle was closed, and waits a second at each for whoever looks.
 */
import Timer from "timer";
import { PsaTestCrypto } from "../../../hosts/bindings/test-crypto.ts";
import { probeArgument } from "../../../hosts/linux/probe-host.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import type { Secret } from "../../../modules/platform/crypto.ts";
import { end, faultOf, say } from "./say.ts";

const crypto = new PsaTestCrypto();
const EMPTY = new Uint8Array(0);

function exhaust(): number {
	const kept: Secret[] = [];
	const fault = faultOf(() => {
		for (;;) kept.push(crypto.chainFrom(new Uint8Array(32)));
	});
	say("exhausted", fault, kept.length <= LIMITS.secretHandles);
	for (const secret of kept) secret.close();
	return kept.length;
}

function dropMany(): void {
	for (let index = 0; index < 20 * LIMITS.secretHandles; index++) crypto.chainFrom(new Uint8Array(32));
}

function hashMany(): void {
	for (let index = 0; index < 20 * LIMITS.hashHandles; index++) crypto.openHash("sha256");
}

function wrongUses(): void {
	const secret = crypto.chainFrom(new Uint8Array(32));
	const pair = crypto.generateEphemeral();
	const asBytes = secret as unknown as Uint8Array;
	const asSecret = (value: unknown): Secret => value as Secret;
	say(
		"as bytes",
		faultOf(() => crypto.sha256(asBytes)),
		faultOf(() => crypto.equal(asBytes, asBytes)),
	);
	say(
		"no secret",
		faultOf(() => crypto.hmac("sha256", asSecret({}), EMPTY)),
		faultOf(() => crypto.hmac("sha256", asSecret(crypto.openHash("sha256")), EMPTY)),
	);
	say(
		"no length",
		faultOf(() => crypto.importSecret(new Uint8Array(65))),
		faultOf(() => crypto.derive(secret, EMPTY, EMPTY, 65)),
		faultOf(() => crypto.derive(secret, EMPTY, EMPTY, 15)),
	);
	say(
		"counter",
		faultOf(() => crypto.sealCounter(secret, -1, EMPTY, EMPTY)),
		faultOf(() => crypto.sealCounter(secret, 2 ** 53, EMPTY, EMPTY)),
		faultOf(() => crypto.sealCounter(secret, Number.NaN, EMPTY, EMPTY)),
		faultOf(() => crypto.sealCounter(secret, 0.5, EMPTY, EMPTY)),
	);
	secret.close();
	secret.close();
	say(
		"closed",
		faultOf(() => crypto.sealCounter(secret, 0, EMPTY, EMPTY)),
		faultOf(() => crypto.mixSecretIntoHash(new Uint8Array(32), secret)),
	);
	pair.close();
	say(
		"pair closed",
		faultOf(() => pair.agree(new Uint8Array(32).fill(9))),
	);
	say("low order", pair.publicKey.length, crypto.generateEphemeral().agree(new Uint8Array(32)) === undefined);
}

/** Every operation that takes a secret, so that whatever each leaves behind could be found. */
function use(secret: Secret, other: Secret): readonly Secret[] {
	const nonce = new Uint8Array(12);
	const hash = new Uint8Array(32);
	const sealed = crypto.sealCounter(secret, 7, hash, hash);
	crypto.openCounter(secret, 7, hash, sealed);
	sealed[0]! ^= 1;
	crypto.openCounter(secret, 7, hash, sealed);
	crypto.open("aes-gcm", secret, nonce, hash, crypto.seal("aes-gcm", secret, nonce, hash, hash));
	crypto.hmac("sha256", secret, hash);
	crypto.hmac("sha512", secret, hash);
	crypto.mixSecretIntoHash(hash, secret);
	crypto.sealSecretCounter(other, 0, EMPTY, secret);
	return [
		...crypto.chain(secret, other, 3),
		...crypto.chain(other, secret, 2),
		crypto.derive(secret, hash, hash, 32),
	];
}

function scan(): void {
	const bytes = new Uint8Array(32);
	const privateKey = new Uint8Array(32);
	for (let index = 0; index < 32; index++) {
		bytes[index] = (167 * index + 41) & 255;
		privateKey[index] = (91 * index + 77) & 255;
	}
	const secret = crypto.importSecret(bytes);
	const other = crypto.chainFrom(new Uint8Array(32).fill(3));
	const pair = crypto.importKeyPair(privateKey);
	bytes.fill(0);
	privateKey.fill(0);
	const made = [...use(secret, other), pair.agree(crypto.generateEphemeral().publicKey)!];
	say("open");
	Timer.set(() => {
		for (const each of [secret, other, ...made]) each.close();
		pair.close();
		say("closed");
		Timer.set(() => end(), 1000);
	}, 1000);
}

if (probeArgument("scan") === "1") scan();
else {
	const first = exhaust();
	say("again", exhaust() === first);
	say("collected", faultOf(dropMany), faultOf(hashMany));
	wrongUses();
	end();
}

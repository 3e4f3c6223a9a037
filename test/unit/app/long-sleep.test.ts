/** A whole lock that was off for years: its operational certificate is over, its factory's is not (DESIGN 7; T12, T13). */
import { LIMITS } from "../../../modules/base/limits.ts";
import type { TestCrypto } from "../../../modules/platform/crypto.ts";
import { decodeCertificate } from "../../../modules/trust/certificate.ts";
import { decodeFromLock } from "../../../modules/wire/envelope.ts";
import { check, type Suite } from "../../harness/test.ts";
import { SimAuthority } from "../../sim/device-authority.ts";
import { LockRig, RIG_SERIAL } from "../../sim/lock-rig.ts";
import { requestedKey } from "../../sim/renewal-rig.ts";
import { SimTimeRole } from "../../sim/time-role.ts";
import { DAY_MS, FLOOR_MS, RELAY_ADDRESS, YEAR_MS } from "../../sim/timed-lock.ts";
import { BINARY } from "../link/server-frames.ts";
import { SimRelay } from "../link/sim-relay.ts";
import { utcTime } from "../trust/certificates.ts";

/** Enough for every attempt that a change of certificates takes. */
const SETTLED_MS = 10 * LIMITS.linkBackoffMaxMs;

/** A lock and a relay that takes a certificate only while it is valid, and issues for a year. */
class SleepingLock {
	readonly rig: LockRig;
	readonly role: SimTimeRole;
	/** Names of the keys that the lock came with, and whether the relay took them. */
	readonly visits: string[] = [];
	refuses = true;
	/** The true time when the simulation began. */
	#epochMs = FLOOR_MS + 10 * DAY_MS;
	readonly #issuer: SimAuthority;
	#relay: SimRelay | undefined;

	constructor(crypto: TestCrypto) {
		this.role = new SimTimeRole(crypto);
		const root = SimAuthority.root(crypto, 1);
		this.#issuer = root;
		this.rig = new LockRig({ crypto });
		this.rig.provision();
		this.rig.board.network.listen(RELAY_ADDRESS.host, RELAY_ADDRESS.port, ({ clientCertificate }) => {
			const { chain, key } = clientCertificate!;
			const name = "name" in key ? key.name : "?";
			const taken = name === "device" || decodeCertificate(chain[0]!)!.notAfterMs > this.unixMs;
			this.visits.push(`${name} ${taken ? "taken" : "refused"}`);
			return taken ? (peer) => this.#serve(new SimRelay(peer)) : "alert-certificate";
		});
		this.rig.install([RELAY_ADDRESS], {
			deviceRoots: [root.certificate],
			timeKeys: [this.role.publicKey],
		});
		this.rig.verb("seal");
		this.rig.advance(SETTLED_MS);
	}

	get unixMs(): number {
		return this.#epochMs + this.rig.board.time.nowMs;
	}

	get last(): string | undefined {
		return this.visits.at(-1);
	}

	/** Off for so long: the lock's own clock stands still, the world's does not. */
	sleep(ms: number): void {
		this.rig.board.powerCut();
		this.#epochMs += ms;
		this.visits.length = 0;
	}

	#serve(relay: SimRelay): void {
		this.#relay = relay;
		relay.onFrame = (frame) => {
			const envelope = frame.opcode === BINARY ? decodeFromLock(frame.payload) : undefined;
			if (!envelope?.ok) return;
			if (envelope.value.kind === "time-request") {
				this.#relay?.send({
					kind: "time-answer",
					statement: this.role.answer(envelope.value.nonce, this.unixMs),
				});
			}
			if (envelope.value.kind !== "renewal") return;
			const leaf = this.#issuer.device(RIG_SERIAL, requestedKey(envelope.value.csr), {
				notBefore: utcTime(utc(this.unixMs - DAY_MS)),
				notAfter: utcTime(utc(this.unixMs + YEAR_MS)),
			});
			relay.send({ kind: "certificate", chain: [leaf] });
		};
	}
}

function utc(unixMs: number): string {
	return `${new Date(unixMs)
		.toISOString()
		.replace(/[-T:]|\..*$/g, "")
		.slice(2)}Z`;
}

/**
 * An alert before the handshake's end may be anybody's, so what is over is offered once more (PROTOCOL 8.1); then the factory
 * certificate renews it.
 */
function checkRenewed(lock: SleepingLock): void {
	const { visits } = lock;
	check.deepEqual(
		[...new Set(visits)].sort(),
		["device taken", "op-0 refused", "op-1 taken"],
		`${visits.join(", ")}\n${lock.rig.log}`,
	);
	check.equal(visits.indexOf("op-1 taken"), visits.length - 1, visits.join(", "));
	check.ok(visits.length <= 2 * LIMITS.passedOver + 1, visits.join(", "));
}

export default function suite(t: Suite): void {
	t.test(
		"a board that slept five years comes with its factory certificate, renews, and goes by the new one: the relay refuses the old one (T13)",
		({ crypto }) => {
			const lock = new SleepingLock(crypto);
			check.deepEqual(lock.visits, ["device taken", "op-0 taken"], lock.rig.log);
			lock.sleep(5 * YEAR_MS);
			lock.rig.boot();
			lock.rig.advance(SETTLED_MS);
			checkRenewed(lock);
			lock.sleep(DAY_MS);
			lock.rig.boot();
			lock.rig.advance(SETTLED_MS);
			check.deepEqual(lock.visits, ["op-1 taken"], "the new one serves after the next boot too");
		},
	);

	t.test(
		"a board that slept five years and hears the time before it connects renews all the same (T13)",
		({ crypto }) => {
			const lock = new SleepingLock(crypto);
			lock.sleep(5 * YEAR_MS);
			const { network } = lock.rig.board;
			network.hold();
			lock.rig.boot();
			const nonce = lock.rig.verb("time").result.bytes(0, 16)!;
			check.equal(lock.rig.verb("time", { 0: lock.role.answer(nonce, lock.unixMs) }).code, "done");
			// The first attempt began before the time was known.
			lock.rig.advance(LIMITS.tlsHandshakeMs);
			network.release();
			lock.visits.length = 0;
			lock.rig.advance(SETTLED_MS);
			checkRenewed(lock);
		},
	);
}

/**
 * A whole lock that goes to relays which issue certificates and admit or refuse each of its own, by the relay's host and
 * the name of the certificate's key: with an answer to the upgrade, an alert before or after the handshake's end, or not.
 */
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { RelayAddress } from "../../modules/trust/relay-entry.ts";
import { decodeFromLock } from "../../modules/wire/envelope.ts";
import { BINARY } from "../unit/link/server-frames.ts";
import { SimRelay } from "../unit/link/sim-relay.ts";
import type { CertificateParts } from "../unit/trust/certificates.ts";
import { SIGNED_UNIX_SECONDS } from "./bundles.ts";
import { SimAuthority } from "./device-authority.ts";
import { LockRig, RIG_SERIAL } from "./lock-rig.ts";
import type { SimPeer } from "./network.ts";
import { requestedKey } from "./renewal-rig.ts";
import { SimTimeRole } from "./time-role.ts";

const DAY_MS = 86_400_000;
/** A month after the lock's trust was signed. */
const START_MS = SIGNED_UNIX_SECONDS * 1000 + 30 * DAY_MS;

/** What a relay makes of a connection. */
export type Reception = "serve" | "alert" | "late-alert" | "reset" | { readonly status: number };

export class EnrolledLock {
	readonly rig: LockRig;
	readonly role: SimTimeRole;
	receive: (host: string, key: string) => Reception = () => "serve";
	/** How wrong the time role is. */
	aheadMs = 0;
	/** Of what the relays issue. */
	parts: CertificateParts = {};
	requests = 0;
	/** Every link that was ready, as "host key". */
	readonly ready: string[] = [];
	/** Every attempt that reached a relay, as "host key". */
	readonly tried: string[] = [];
	readonly #issuer: SimAuthority;

	/** Provisioned and sealed; it may have connected already, with what `prepare` made of the world. */
	constructor(crypto: TestCrypto, relays: number, prepare: (lock: EnrolledLock) => void = () => undefined) {
		this.role = new SimTimeRole(crypto);
		this.rig = new LockRig({ crypto });
		const root = SimAuthority.root(crypto, 1);
		this.#issuer = root.intermediate(2);
		this.rig.provision();
		const addresses: RelayAddress[] = [];
		for (let index = 0; index < relays; index++) {
			const address = { host: `192.0.2.${7 + index}`, port: 8443, serverName: `relay-${index}.example` };
			addresses.push(address);
			this.rig.board.network.listen(address.host, address.port, ({ host, clientCertificate }) => {
				const key = clientCertificate?.key;
				const name = key !== undefined && "name" in key ? key.name : "none";
				this.tried.push(`${host} ${name}`);
				const reception = this.receive(host, name);
				if (reception === "alert") return "alert-certificate";
				return reception === "reset" ? "reset" : (peer) => this.#serve(peer, reception, `${host} ${name}`);
			});
		}
		prepare(this);
		this.rig.install(addresses, { deviceRoots: [root.certificate], timeKeys: [this.role.publicKey] });
		this.rig.verb("seal");
	}

	/** The true time. */
	get unixMs(): number {
		return START_MS + this.rig.board.time.nowMs;
	}

	/** Operational keys in flash. */
	get storedKeys(): readonly string[] {
		return ["op-0", "op-1"].filter((name) => this.rig.board.storage.peek("keys", name) !== undefined);
	}

	/** Brings the time over the line, so wrong. */
	tellTime(aheadMs: number): void {
		const nonce = this.rig.verb("time").result.bytes(0, 16)!;
		this.rig.verb("time", { 0: this.role.answer(nonce, this.unixMs + aheadMs) });
	}

	/** Whether a link is ready as "host key" within the time. */
	becomesReady(as: string, limitMs: number): boolean {
		return this.rig.board.time.advanceUntil(() => this.ready.at(-1) === as, limitMs);
	}

	/** Loses the link; true when the next is ready as "host key" within the time. */
	comesBack(as: string, limitMs: number): boolean {
		const before = this.ready.length;
		this.rig.board.network.dropAll();
		return this.rig.board.time.advanceUntil(
			() => this.ready.length > before && this.ready.at(-1) === as,
			limitMs,
		);
	}

	#serve(peer: SimPeer, reception: Reception, as: string): void {
		if (reception === "late-alert") {
			peer.drop("alert-certificate");
			return;
		}
		const relay = new SimRelay(
			peer,
			typeof reception === "object" ? { answer: `HTTP/1.1 ${reception.status} x\r\n\r\n` } : "accept",
		);
		let heard = false;
		relay.onFrame = (frame) => {
			if (frame.opcode !== BINARY) return;
			// A report is the first thing that a lock says.
			if (!heard) this.ready.push(as);
			heard = true;
			const envelope = decodeFromLock(frame.payload);
			if (!envelope.ok) throw new Error("the lock sent what is no envelope");
			if (envelope.value.kind === "time-request") {
				const statement = this.role.answer(envelope.value.nonce, this.unixMs + this.aheadMs);
				relay.send({ kind: "time-answer", statement });
			}
			if (envelope.value.kind !== "renewal") return;
			this.requests++;
			const leaf = this.#issuer.device(RIG_SERIAL, requestedKey(envelope.value.csr), this.parts);
			relay.send({ kind: "certificate", chain: [leaf, this.#issuer.certificate] });
		};
	}
}

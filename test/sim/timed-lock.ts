/**
 * A paired lock at a relay whose certificate has a validity that the simulated network judges as TLS does, in a world with
 * a date, and a time role whose key the lock trusts. The relay passes questions on as it is told to.
 */
import { Grants, type NewMember } from "../../modules/access/grants.ts";
import type { TestCrypto } from "../../modules/platform/crypto.ts";
import type { TlsReason, TlsTime } from "../../modules/platform/tls.ts";
import { Store } from "../../modules/store/store.ts";
import type { RelayAddress } from "../../modules/trust/relay-entry.ts";
import { decodeFromLock } from "../../modules/wire/envelope.ts";
import type { Label } from "../../modules/wire/label.ts";
import { decodeReport } from "../../modules/wire/report.ts";
import { BINARY } from "../unit/link/server-frames.ts";
import { SimRelay } from "../unit/link/sim-relay.ts";
import { SIGNED_UNIX_SECONDS } from "./bundles.ts";
import { LockRig } from "./lock-rig.ts";
import { PhoneRig } from "./phone-rig.ts";
import { SimTimeRole } from "./time-role.ts";

export const DAY_MS = 86_400_000;
export const YEAR_MS = 365 * DAY_MS;
/** The floor: when the lock's trust was signed. */
export const FLOOR_MS = SIGNED_UNIX_SECONDS * 1000;
/** When the simulation starts: the trust is a month old. */
const START_MS = FLOOR_MS + 30 * DAY_MS;

const HOST = "192.0.2.7";
const PORT = 8443;
export const RELAY_ADDRESS: RelayAddress = Object.freeze({
	host: HOST,
	port: PORT,
	serverName: "relay.example",
});

type Validity = NonNullable<NewMember["validity"]>;

export class TimedLock {
	readonly rig: LockRig;
	readonly owner: PhoneRig;
	readonly role: SimTimeRole;
	readonly relays: SimRelay[] = [];
	/** Of the relay's certificate. */
	validity = { notBeforeMs: FLOOR_MS - YEAR_MS, notAfterMs: FLOOR_MS + YEAR_MS };
	/** What the relay answers to a question; undefined: nothing. */
	answerTo: (nonce: Uint8Array) => Uint8Array | undefined = (nonce) => this.role.answer(nonce, this.unixMs);
	/** Reports and questions that the relay has had, over all connections. */
	readonly questions: Uint8Array[] = [];
	readonly #label: Label;
	readonly reports: Uint8Array[] = [];

	constructor(crypto: TestCrypto, timeKeys?: readonly Uint8Array[]) {
		this.role = new SimTimeRole(crypto);
		this.rig = new LockRig({ crypto });
		this.#label = this.rig.provision();
		this.owner = new PhoneRig(this.rig, crypto, this.#label, 11);
		this.rig.board.network.listen(HOST, PORT, ({ time }) => judged(time, this.validity) ?? this.#serve);
		this.rig.install([RELAY_ADDRESS], { timeKeys: timeKeys ?? [this.role.publicKey] });
		this.rig.verb("seal");
		this.rig.press();
		if (this.owner.pair()?.status !== "done") throw new Error(this.rig.log);
		this.rig.advance(100);
	}

	/** The true time. */
	get unixMs(): number {
		return START_MS + this.rig.board.time.nowMs;
	}

	get relay(): SimRelay | undefined {
		return this.relays.at(-1);
	}

	get connected(): boolean {
		return this.relay?.closed === false && this.rig.board.network.open > 0;
	}

	/** Whose word the lock's time is, by its own report over the line. */
	get source(): string | undefined {
		const report = this.rig.verb("health").result.bytes(0, { min: 1, max: 2048 });
		const decoded = report && decodeReport(report);
		return decoded?.ok === true ? decoded.value.timeSource : undefined;
	}

	/** A guest whose grant is limited to these times. No command makes such a grant yet; the lock boots anew. */
	addGuest(crypto: TestCrypto, validity: Validity): PhoneRig {
		const guest = new PhoneRig(this.rig, crypto, this.#label, 17);
		this.rig.board.powerCut();
		const { key25519, keyP256 } = guest;
		const grants = new Grants(new Store(this.rig.board.storage));
		const added = grants.add({ role: "member", name: "Guest", key25519, keyP256, validity });
		if (!added.ok) throw new Error(added.reason);
		this.rig.boot();
		return guest;
	}

	drop(): void {
		this.rig.board.network.dropAll();
	}

	/** Lets the lock try again until it is connected; how many attempts that took, or undefined. */
	reconnect(limitMs: number): number | undefined {
		const { network, time } = this.rig.board;
		const attempts = network.attempts.length;
		const before = this.relays.length;
		this.drop();
		const up = time.advanceUntil(() => this.relays.length > before && this.connected, limitMs);
		if (!up) return undefined;
		this.rig.advance(100);
		return network.attempts.length - attempts;
	}

	readonly #serve = (peer: ConstructorParameters<typeof SimRelay>[0]): void => {
		const relay = new SimRelay(peer);
		this.relays.push(relay);
		relay.onFrame = (frame) => {
			if (frame.opcode !== BINARY) return;
			const envelope = decodeFromLock(frame.payload);
			if (!envelope.ok) throw new Error("the lock sent what is no envelope");
			if (envelope.value.kind === "report") this.reports.push(envelope.value.report);
			if (envelope.value.kind !== "time-request") return;
			this.questions.push(envelope.value.nonce);
			const statement = this.answerTo(envelope.value.nonce);
			if (statement !== undefined) relay.send({ kind: "time-answer", statement });
		};
	};
}

/** As docs/TLS.md: both ends at an estimate, the end alone at the floor. */
function judged(time: TlsTime, validity: TimedLock["validity"]): TlsReason | undefined {
	if (time.unixMs > validity.notAfterMs) return "expired";
	return time.kind === "estimate" && time.unixMs < validity.notBeforeMs ? "not-yet-valid" : undefined;
}

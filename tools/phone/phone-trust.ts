/**
 * What a phone does about a lock's trust (PROTOCOL 5.5, 10): carries a signed bundle to it, asks what it trusts, names the
 * owner's own relays. It verifies no bundle: the lock does.
 */
import { asArray, asBytes, asText, asUint } from "../../modules/wire/cbor-map.ts";
import { encodePieces } from "../../modules/wire/piece.ts";
import { type LockClient, PhoneFault } from "./lock-client.ts";

export interface TrustStatus {
	readonly version: number;
	readonly expiresUnixSeconds: number;
	/** Undefined: the lock does not know the time. */
	readonly stale: boolean | undefined;
	readonly floorUnixMs: number;
}

export interface OwnRelayAddress {
	readonly host: string;
	readonly port: number;
	/** What the relay's certificate names. */
	readonly name: string;
}

export interface OwnRelayList {
	/** SHA-256 of each root's DER. */
	readonly rootDigests: readonly Uint8Array[];
	readonly addresses: readonly OwnRelayAddress[];
}

const LIST_MAX = 16;
const HOST_BYTES = 253;

export class PhoneTrust {
	readonly #client: LockClient;

	constructor(client: LockClient) {
		this.#client = client;
	}

	/** Gives the lock a signed bundle; the version that it has then. Rejects with PhoneFault. */
	async put(message: Uint8Array): Promise<number> {
		let version: number | undefined;
		for (const piece of encodePieces(message)) {
			const { result } = await this.#client.request("trust.put", piece);
			version = result.uint(0);
		}
		if (version === undefined) throw malformed("trust.put");
		return version;
	}

	async status(): Promise<TrustStatus> {
		const { result } = await this.#client.request("trust.status");
		const version = result.uint(0);
		const expiresUnixSeconds = result.uint(1);
		const floorUnixMs = result.uint(3);
		if (version === undefined || expiresUnixSeconds === undefined || floorUnixMs === undefined) {
			throw malformed("trust.status");
		}
		return { version, expiresUnixSeconds, stale: result.bool(2), floorUnixMs };
	}

	async listRelays(): Promise<OwnRelayList> {
		const { result } = await this.#client.request("relays.list");
		const rootDigests: Uint8Array[] = [];
		for (const item of result.array(0, { min: 0, max: LIST_MAX }) ?? []) {
			const digest = asBytes(item, 32);
			if (digest === undefined) throw malformed("relays.list");
			rootDigests.push(digest);
		}
		const addresses: OwnRelayAddress[] = [];
		for (const item of result.array(1, { min: 0, max: LIST_MAX }) ?? []) {
			const fields = asArray(item, 3);
			const host = asText(fields?.[0], HOST_BYTES);
			const port = asUint(fields?.[1], 65535);
			const name = asText(fields?.[2], HOST_BYTES);
			if (host === undefined || port === undefined || name === undefined) throw malformed("relays.list");
			addresses.push({ host, port, name });
		}
		return { rootDigests, addresses };
	}

	/** Replaces the owner's own relays; both empty: none any more. `roots` are DER. Rejects with PhoneFault. */
	async setRelays(roots: readonly Uint8Array[], addresses: readonly OwnRelayAddress[]): Promise<void> {
		await this.#client.request("relays.set", {
			0: roots.map((der) => [der, []]),
			1: addresses.map(({ host, port, name }) => [host, port, name]),
		});
	}
}

function malformed(command: string): PhoneFault {
	return new PhoneFault("broken", `${command}: a reply that makes no sense`);
}

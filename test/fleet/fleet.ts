/**
 * A fleet: boards of one vendor, provisioned as a factory line leaves them, and the relay that they all go to, in one process. The
 * relay, its TLS, its database and the firmware are real; flash, door and the boards' clocks are simulated.
 */
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { DEVICE_KEYS, Identity } from "../../modules/identity/identity.ts";
import { Store } from "../../modules/store/store.ts";
import { TrustedTime } from "../../modules/time/trusted-time.ts";
import { TrustStore } from "../../modules/trust/trust-store.ts";
import { NodeCrypto } from "../../tools/crypto/node.ts";
import type { Authority } from "../../tools/factory/certificates.ts";
import { readIntermediate } from "../../tools/factory/pki.ts";
import { openDatabase } from "../../tools/relay/database.ts";
import type { RelayLimits } from "../../tools/relay/limits.ts";
import { openRegistry, type Registry } from "../../tools/relay/registry.ts";
import { registryPath } from "../../tools/relay/registry-file.ts";
import { Relay } from "../../tools/relay/relay.ts";
import type { DeviceRow } from "../../tools/relay/schema.ts";
import { UpdateService } from "../../tools/relay/update-service.ts";
import { standingAlone } from "../../tools/trust/bundle-file.ts";
import { signDevelopmentBundle } from "../../tools/trust/development-trust.ts";
import { check } from "../harness/test.ts";
import { SimStorage } from "../sim/storage.ts";
import { SimClock, SimTime } from "../sim/time.ts";
import { issueLeaf, sharedPki } from "../tools/support/identities.ts";
import { TestVendor } from "../tools/support/releases.ts";
import { temporaryFolder } from "../tools/support/temporary.ts";
import { FleetBoard } from "./fleet-board.ts";
import { FleetKeys } from "./fleet-keys.ts";

export const FLEET_CLASS = "fleet";
const PUMP_MS = 5;
/** All boards come from one address at once. */
const LIMITS: Partial<RelayLimits> = Object.freeze({
	deviceConnectionsPerAddress: 4_096,
	connectsBurst: 10_000,
	connectsPerMinute: 100_000,
	offerPauseMs: 1_000,
	offerPauseMaxMs: 4_000,
	attestationPauseMs: 500,
	attestationPauseMaxMs: 4_000,
});

export interface FleetOptions {
	readonly boards: number;
	readonly slotBytes: number;
	readonly image: Uint8Array;
	readonly pace: number;
}

export class Fleet {
	readonly dir: string;
	readonly vendor: TestVendor;
	readonly boards: readonly FleetBoard[];
	readonly lines: string[];
	readonly relay: Relay;
	readonly updates: UpdateService;
	readonly #registry: Registry;
	readonly #pump: NodeJS.Timeout;

	private constructor(fields: {
		dir: string;
		vendor: TestVendor;
		boards: readonly FleetBoard[];
		lines: string[];
		relay: Relay;
		updates: UpdateService;
		registry: Registry;
	}) {
		this.dir = fields.dir;
		this.vendor = fields.vendor;
		this.boards = fields.boards;
		this.lines = fields.lines;
		this.relay = fields.relay;
		this.updates = fields.updates;
		this.#registry = fields.registry;
		this.#pump = setInterval(() => {
			for (const board of this.boards) board.pump();
		}, PUMP_MS);
	}

	static async open({ boards: count, slotBytes, image, pace }: FleetOptions): Promise<Fleet> {
		const dir = temporaryFolder();
		const vendor = await TestVendor.make();
		const lines: string[] = [];
		const registry = await openRegistry(registryPath(dir));
		const updates = await UpdateService.open(dir, (line) => lines.push(line), {
			pollMs: 100,
			limits: LIMITS,
		});
		const relay = new Relay({
			registry,
			...(await sharedPki()).credentials,
			log: (line) => lines.push(line),
			limits: LIMITS,
			services: [updates],
			admitFactory: true,
		});
		const { devicePort } = await relay.listen("127.0.0.1", 0, 0);
		const relays = [{ host: "127.0.0.1", port: devicePort, serverName: "localhost" }];
		const bundle = signDevelopmentBundle(vendor.pkiDir, { ...vendor.bundles[0]!.bundle, relays });
		vendor.bundles[0] = bundle;
		const crypto = new NodeCrypto();
		const trustMessage = standingAlone(bundle);
		const issuer = await readIntermediate(vendor.pkiDir, "device");
		const rows: DeviceRow[] = [];
		const boards: FleetBoard[] = [];
		for (let index = 0; index < count; index++) {
			const serial = `LK-FLEET-${String(index).padStart(4, "0")}`;
			const { storage, publicKeyHex } = await provisioned(crypto, serial, trustMessage, issuer);
			rows.push({
				serial,
				public_key: publicKeyHex,
				status: "active",
				enrolled_at: new Date().toISOString(),
			});
			boards.push(new FleetBoard({ serial, crypto, storage, slotBytes, image, pace }));
		}
		// All at once: a line enrols one board a minute, and each is on the disk before the next.
		const db = await openDatabase(registryPath(dir));
		await db.transaction().execute(async (transaction) => {
			for (const row of rows) await transaction.insertInto("devices").values(row).execute();
		});
		await db.destroy();
		return new Fleet({ dir, vendor, boards, lines, relay, updates, registry });
	}

	/** Resolves to whether it comes to hold in time. */
	async waitUntil(condition: () => boolean, limitMs: number): Promise<boolean> {
		const deadline = performance.now() + limitMs;
		while (!condition()) {
			if (performance.now() > deadline) return false;
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
		return true;
	}

	/** How many boards run and have confirmed this sequence. */
	on(sequence: number): number {
		return this.boards.filter((board) => board.confirmed === sequence).length;
	}

	async close(): Promise<void> {
		clearInterval(this.#pump);
		for (const board of this.boards) board.end();
		await this.relay.close();
		await this.updates.close();
		await this.#registry.close();
	}
}

/** The records of a board at the end of the factory line. */
async function provisioned(
	crypto: NodeCrypto,
	serial: string,
	trustMessage: Uint8Array,
	issuer: Authority,
): Promise<{ readonly storage: SimStorage; readonly publicKeyHex: string }> {
	const storage = new SimStorage();
	const store = new Store(storage);
	const keys = new FleetKeys(crypto, storage);
	const clock = new SimClock(new SimTime(), (run) => run());
	const trust = new TrustStore(store, new TrustedTime(store, clock, 0), crypto);
	check.accepted(trust.install(trustMessage));
	const identity = new Identity(store, keys, trust);
	check.accepted(identity.begin(serial, FLEET_CLASS));
	const leaf = await issueLeaf(issuer, serial, { keys: await webKeys(keys) });
	check.accepted(identity.install(chainOf(leaf.cert)));
	check.accepted(identity.seal());
	return { storage, publicKeyHex: leaf.publicKeyHex };
}

async function webKeys(keys: FleetKeys): Promise<webcrypto.CryptoKeyPair> {
	const algorithm = { name: "ECDSA", namedCurve: "P-256" };
	const { d, ...open } = keys.privateJwk(DEVICE_KEYS.device);
	return {
		privateKey: await webcrypto.subtle.importKey("jwk", { ...open, d }, algorithm, true, ["sign"]),
		publicKey: await webcrypto.subtle.importKey("jwk", open, algorithm, true, ["verify"]),
	};
}

function chainOf(pemText: string): readonly Uint8Array[] {
	const bodies = pemText.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
	return bodies.map((body) => new Uint8Array(Buffer.from(body.replace(/-----[^-]+-----|\s/g, ""), "base64")));
}

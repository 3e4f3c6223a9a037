/** A real relay on loopback with a real registry, and quick ways to be a device or an app of it. */
import { join } from "node:path";
import { APP_PATH, APP_SUBPROTOCOL, LINK_PATH, LINK_SUBPROTOCOL } from "../../../modules/wire/envelope.ts";
import type { RelayLimits } from "../../../tools/relay/limits.ts";
import { openRegistry, type Registry } from "../../../tools/relay/registry.ts";
import { Relay, type RelayAddress, type RelayOptions } from "../../../tools/relay/relay.ts";
import { check } from "../../harness/test.ts";
import { type ClientIdentity, issueLeaf, sharedPki, type TestPki } from "./identities.ts";
import { temporaryFolder } from "./temporary.ts";
import { type Attempt, attempt, type Target, type TestClient } from "./web-socket.ts";

type BenchOptions = Pick<Partial<RelayOptions>, "services" | "admitFactory">;

export class RelayBench {
	readonly pki: TestPki;
	readonly registry: Registry;
	readonly registryFile: string;
	readonly relay: Relay;
	readonly address: RelayAddress;
	readonly logLines: readonly string[];
	readonly #clients: TestClient[] = [];

	private constructor(fields: {
		pki: TestPki;
		registry: Registry;
		registryFile: string;
		relay: Relay;
		address: RelayAddress;
		lines: string[];
	}) {
		this.pki = fields.pki;
		this.registry = fields.registry;
		this.registryFile = fields.registryFile;
		this.relay = fields.relay;
		this.address = fields.address;
		this.logLines = fields.lines;
	}

	/** Its apps reach locks that come with their factory certificates, unless `more` says otherwise. */
	static async open(
		limits: Partial<RelayLimits> = {},
		more: BenchOptions | ((registry: Registry, log: (line: string) => void) => BenchOptions) = {},
	): Promise<RelayBench> {
		const pki = await sharedPki();
		const registryFile = join(temporaryFolder(), "relay.db");
		const registry = await openRegistry(registryFile);
		const lines: string[] = [];
		const relay = new Relay({
			registry,
			...pki.credentials,
			log: (line) => lines.push(line),
			limits,
			admitFactory: true,
			...(typeof more === "function" ? more(registry, (line) => lines.push(line)) : more),
		});
		const address = await relay.listen("127.0.0.1", 0, 0);
		return new RelayBench({ pki, registry, registryFile, relay, address, lines });
	}

	/** Runs `work` with a relay, and ends everything behind it. */
	static async with(limits: Partial<RelayLimits>, work: (bench: RelayBench) => Promise<void>): Promise<void> {
		const bench = await RelayBench.open(limits);
		try {
			await work(bench);
		} finally {
			await bench.close();
		}
	}

	get log(): readonly Record<string, unknown>[] {
		return this.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
	}

	/** Reasons that the log gave for refusing, oldest first. */
	get refusals(): readonly unknown[] {
		return this.log.filter((entry) => String(entry.event).endsWith("refused")).map((entry) => entry.reason);
	}

	deviceTarget(identity: Partial<ClientIdentity>, more: Partial<Target> = {}): Target {
		const { cert, key } = identity;
		return {
			port: this.address.devicePort,
			path: LINK_PATH,
			subprotocol: LINK_SUBPROTOCOL,
			ca: this.pki.relayRoot,
			...(cert === undefined ? {} : { cert }),
			...(key === undefined ? {} : { key }),
			...more,
		};
	}

	appTarget(more: Partial<Target> = {}): Target {
		return {
			port: this.address.appPort,
			path: APP_PATH,
			subprotocol: APP_SUBPROTOCOL,
			ca: this.pki.relayRoot,
			...more,
		};
	}

	async attempt(target: Target): Promise<Attempt> {
		const result = await attempt(target);
		if (result.kind === "open") this.#clients.push(result.client);
		return result;
	}

	/** A device that is enrolled and has a good certificate. */
	async enrolled(serial: string): Promise<ClientIdentity> {
		const identity = await issueLeaf(this.pki.intermediates.device, serial);
		check.accepted(await this.registry.enrol(serial, identity.publicKeyHex));
		return identity;
	}

	async connect(target: Target): Promise<TestClient> {
		const result = await this.attempt(target);
		if (result.kind !== "open") check.fail(`not connected: ${JSON.stringify(result)}`);
		return result.client;
	}

	/** An enrolled device that is connected. */
	async device(serial: string, more: Partial<Target> = {}): Promise<TestClient> {
		return await this.connect(this.deviceTarget(await this.enrolled(serial), more));
	}

	async app(more: Partial<Target> = {}): Promise<TestClient> {
		return await this.connect(this.appTarget(more));
	}

	async close(): Promise<void> {
		for (const client of this.#clients) client.end();
		await this.relay.close();
		await this.registry.close();
	}
}

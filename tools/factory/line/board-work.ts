/**
 * What each step does to the board that is in a station. Every step may be done again after any interruption, and finds what
 * it left: on the board, on disk, in the registry, in the eFuses. Before one that cannot be undone the journal says so, and the
 * board is proven right before it (proven-chip.ts, proven-board.ts).
 *
 * The label's text lives as long as it takes to print it.
 */
import { webcrypto } from "node:crypto";
import { unreachable } from "../../../modules/base/assert.ts";
import { bytesEqual, toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeChain } from "../../../modules/identity/records.ts";
import { decodeSelfTestReport, SELF_TEST_PARTS } from "../../../modules/wire/self-test.ts";
import { NobleCrypto } from "../../crypto/noble.ts";
import { IssuerFault } from "../../pki/signer.ts";
import { deliverBundle } from "../../trust/line-delivery.ts";
import { TrustFault } from "../../trust/trust-fault.ts";
import {
	type Begun,
	begin,
	certify,
	identify,
	install,
	ProvisionFault,
	requestLabel,
	seal,
} from "../board-steps.ts";
import type { VerbLine } from "../verbs.ts";
import { StepFault } from "./cause.ts";
import { ChipBurner } from "./chip-burner.ts";
import type { ChipDriver } from "./chip-driver.ts";
import { LeaseFault } from "./journal.ts";
import { type BoardRow, holderOf, type Lease, type StepFacts } from "./journal-rows.ts";
import type { LineParts } from "./line-parts.ts";
import { askPatiently } from "./patient-verb.ts";
import { ProvenBoard } from "./proven-board.ts";
import { ProvenChip } from "./proven-chip.ts";
import type { Step } from "./steps.ts";

export interface WorkOptions {
	readonly parts: LineParts;
	readonly driver: ChipDriver;
	readonly burn: boolean;
	/** The firmware's line: opens it where it is not, waiting for the board to start. Rejects with SerialFault. */
	readonly line: (withinMs?: number) => Promise<VerbLine>;
	/** The port is the driver's: the line is closed. */
	readonly letGo: () => void;
	/** For the operator. */
	readonly warn: (board: BoardRow, text: string) => void;
}

const SERIAL_TRIES = 1_000;
const SELF_TEST_PAUSE_MS = 20;

export class BoardWork {
	readonly #options: WorkOptions;
	readonly #crypto = new NobleCrypto();
	readonly #burner: ChipBurner;
	/** Of the board in the station; a Noise public key is in it, so it goes with the board. */
	#begun: { readonly board: number; readonly begun: Begun } | undefined;

	constructor(options: WorkOptions) {
		this.#options = options;
		const { parts, driver, line, letGo } = options;
		this.#burner = new ChipBurner({ parts, driver, line, letGo, crypto: this.#crypto });
	}

	forget(): void {
		this.#begun = undefined;
	}

	/** On record when it resolves. Rejects with StepFault, and with the faults of the line and the driver. */
	async run(lease: Lease, step: Step): Promise<void> {
		const { journal } = this.#options.parts;
		try {
			const board = journal.find(lease.board);
			if (board.state !== "open") throw new StepFault("scrapped");
			if (board.next !== step) journal.goBack(lease, step);
			journal.finish(lease, step, await this.#perform(lease, board, step));
		} catch (error) {
			throw asStepFault(error);
		}
	}

	async #perform(lease: Lease, board: BoardRow, step: Step): Promise<StepFacts> {
		const { parts, burn, warn } = this.#options;
		const { journal } = parts;
		switch (step) {
			case "write":
				return await this.#write(lease, board);
			case "start":
				await this.#start();
				return {};
			case "self-test":
				return { selfTest: await this.#selfTest(await this.#byChip(board)) };
			case "burn":
				if (burn) return { written: await this.#burner.burn(lease) };
				assertNothingBurned(board);
				warn(board, "NOT BURNED: a development board, open to everybody who has it in hand");
				return {};
			case "number":
				await this.#number(lease);
				return {};
			case "keys": {
				const proven = await this.#byChip(board);
				journal.begin(lease);
				return { publicKeyHex: toHex((await this.#makeKeys(board, proven)).request.point) };
			}
			case "sign": {
				journal.begin(lease);
				const { request } = await this.#ownRequest(board);
				const certificate = await certify({
					pkiDir: parts.config.pki,
					issuer: parts.issuer,
					registry: parts.registry,
					serial: serialOf(board),
					request,
				});
				return { certificate: new Uint8Array(certificate.rawData) };
			}
			case "trust":
				await deliverBundle(await this.#ownLine(board), parts.bundle);
				return {};
			case "install":
				await install(await this.#ownLine(board), this.#chain(board));
				return {};
			case "read-back":
				await this.#readBack(board);
				return {};
			case "record":
				journal.begin(lease);
				await this.#record(board);
				return {};
			case "close":
				if (!burn) assertNothingBurned(board);
				if (!burn) return {};
				await this.#burner.close(lease);
				return { burned: "yes" };
			case "label":
				await this.#label(lease, board);
				return {};
			case "seal":
				await this.#seal(lease, board);
				return {};
			default:
				return unreachable(step);
		}
	}

	async #write(lease: Lease, board: BoardRow): Promise<StepFacts> {
		const { parts, driver, letGo } = this.#options;
		letGo();
		// The line's images, on a chip of which nothing may be burned.
		const record = { ...board, burned: "no" } as const;
		const chip = ProvenChip.prove(await driver.look(), record, parts.fuses);
		parts.journal.forgetImages(lease);
		await driver.write(chip, parts.images.files, "erase");
		return { written: parts.images.digest };
	}

	async #start(): Promise<void> {
		const { parts, driver, line, letGo } = this.#options;
		letGo();
		await driver.run();
		const { firmware } = await identify(await line());
		const wanted = parts.config.firmware;
		if (wanted !== undefined && firmware !== wanted)
			throw new StepFault("firmware-other", { detail: `${firmware ?? "none"}, not ${wanted}` });
	}

	/** A serial that is nobody's: not in this journal, not in the registry, and reserved there for this board. */
	async #number(lease: Lease): Promise<void> {
		const { journal, registry, config } = this.#options.parts;
		for (let tries = 0; tries < SERIAL_TRIES; tries++) {
			const serial = journal.number(lease, config.serials.prefix, config.serials.digits);
			if ((await registry.reserve(serial, holderOf(journal.id, lease.board))).ok) return;
			journal.loseSerial(lease);
		}
		throw new StepFault("serial-taken", { detail: `${SERIAL_TRIES} of ${config.serials.prefix} in a row` });
	}

	/** No key of it is on record: its chip is asked, and it is started from there. */
	#byChip(board: BoardRow): Promise<ProvenBoard> {
		const { driver, parts, line, letGo } = this.#options;
		letGo();
		return ProvenBoard.byChip(driver, board, parts.fuses, line);
	}

	/** The board makes its keys, or finds them. */
	async #makeKeys(board: BoardRow, proven: ProvenBoard): Promise<Begun> {
		const line = proven.spend();
		const { point } = await identify(line);
		const begun = await begin(line, serialOf(board), this.#options.parts.config.hardwareClass, point);
		this.#begun = { board: board.id, begun };
		return begun;
	}

	/** Of a board whose key is on record: `begin` binds a board that has none, so it is not asked before it says that it is this one. */
	async #ownRequest(board: BoardRow): Promise<Begun> {
		const known = this.#begun;
		if (known?.board === board.id) return known.begun;
		const line = await this.#ownLine(board);
		const { config } = this.#options.parts;
		const point = Uint8Array.from(Buffer.from(keyOf(board), "hex"));
		const begun = await begin(line, serialOf(board), config.hardwareClass, point);
		if (toHex(begun.request.point) !== board.publicKeyHex) throw new StepFault("key-differs");
		this.#begun = { board: board.id, begun };
		return begun;
	}

	/** The line of a board that says that it is the one on record; for what does no harm to another one. */
	async #ownLine(board: BoardRow): Promise<VerbLine> {
		const line = await this.#options.line();
		const { serial, point } = await identify(line);
		const isOwn = serial === serialOf(board) && point !== undefined && toHex(point) === keyOf(board);
		if (!isOwn)
			throw new StepFault("chip-swapped", { transient: true, detail: serial ?? "a board without a serial" });
		return line;
	}

	#chain(board: BoardRow): readonly Uint8Array[] {
		const above = this.#options.parts.issuer.certificates.map((each) => new Uint8Array(each.rawData));
		return [board.certificate ?? missing("certificate"), ...above];
	}

	async #readBack(board: BoardRow): Promise<void> {
		const line = await this.#ownLine(board);
		const answer = await askPatiently(line, "read-back");
		const chain = decodeChain(answer.get(0), LIMITS.ownChainBytes);
		const expected = this.#chain(board);
		const isSame =
			chain?.length === expected.length && chain.every((each, index) => bytesEqual(each, expected[index]!));
		if (!isSame) throw new StepFault("certificate-differs");
		(await ProvenBoard.byKey(line, this.#crypto, board, false)).spend();
	}

	async #seal(lease: Lease, board: BoardRow): Promise<void> {
		const line = await this.#options.line();
		const { stage } = await identify(line);
		// It may have been sealed by a tool that ended then.
		if (stage !== "sealed" || !board.begun) {
			const proven = await ProvenBoard.byKey(line, this.#crypto, board, false);
			this.#options.parts.journal.begin(lease);
			await seal(proven.spend());
		}
		(await ProvenBoard.byKey(await this.#options.line(), this.#crypto, board, true)).spend();
	}

	async #selfTest(proven: ProvenBoard): Promise<string> {
		const run = webcrypto.getRandomValues(new Uint32Array(1))[0]!;
		const answer = await askPatiently(proven.spend(), "self-test", { 0: run }, SELF_TEST_PAUSE_MS);
		const bytes = answer.bytes(0, { min: 1, max: LIMITS.reportBytes });
		const report = bytes === undefined ? undefined : decodeSelfTestReport(bytes);
		if (!report?.ok) throw new StepFault("board-refuses", { detail: "its self-test is no report" });
		const { mayLack } = this.#options.parts.config;
		for (const part of SELF_TEST_PARTS) {
			const outcome = report.value[part];
			if (outcome === "passed" || (outcome === "absent" && mayLack.includes(part))) continue;
			const detail = part === "pins" ? report.value.pin : outcome;
			throw new StepFault(`self-test-${part}`, detail === undefined ? {} : { detail });
		}
		return SELF_TEST_PARTS.map((part) => `${part} ${report.value[part]}`).join(", ");
	}

	async #record(board: BoardRow): Promise<void> {
		const { registry, journal } = this.#options.parts;
		const enrolled = await registry.enrol(serialOf(board), keyOf(board), holderOf(journal.id, board.id));
		if (!enrolled.ok) throw new StepFault("registry-refuses", { detail: enrolled.reason });
	}

	async #label(lease: Lease, board: BoardRow): Promise<void> {
		const { parts, warn } = this.#options;
		if (board.labelled && parts.config.labels.printer !== undefined)
			warn(board, "a label may have been printed before: destroy the second one");
		const { noisePublicKey } = await this.#ownRequest(board);
		const code = await requestLabel(await this.#ownLine(board), serialOf(board), noisePublicKey);
		parts.journal.beginLabel(lease);
		await parts.labels.put(code, serialOf(board));
	}
}

/** Burning that was begun is finished with --burn, or the board is scrapped. */
function assertNothingBurned({ burned }: BoardRow): void {
	if (burned !== "no") throw new StepFault("fuse-burned", { detail: "burning was begun: --burn" });
}

function keyOf(board: BoardRow): string {
	return board.publicKeyHex ?? missing("key");
}

function serialOf(board: BoardRow): string {
	return board.serial ?? missing("serial");
}

function missing(what: string): never {
	throw new Error(`the journal has no ${what} where there must be one`);
}

/** Of the shared steps and of others' code, what it means for this board; anything else goes on as it is. */
function asStepFault(error: unknown): unknown {
	if (error instanceof LeaseFault) return new StepFault("taken", { transient: true });
	if (error instanceof IssuerFault) return new StepFault("issuer", { detail: error.message });
	if (error instanceof TrustFault) return new StepFault("board-refuses", { detail: error.message });
	if (!(error instanceof ProvisionFault)) return error;
	const { message, reason } = error;
	if (reason === "request") return new StepFault("request-refused", { detail: message });
	// The same may be done again.
	if (reason === "storage" || reason === "later")
		return new StepFault("storage", { transient: true, detail: message });
	return new StepFault("board-refuses", { detail: message });
}

/**
 * What each step does to the board that is in a station. Every step may be done again after any interruption, and finds what
 * it left: on the board, on disk, in the registry, in the eFuses. Before one that cannot be undone the journal says so.
 *
 * The label's text lives as long as it takes to print it.
 */
import { webcrypto } from "node:crypto";
import { unreachable } from "../../../modules/base/assert.ts";
import { bytesEqual, toHex } from "../../../modules/base/bytes.ts";
import { LIMITS } from "../../../modules/base/limits.ts";
import { decodeChain } from "../../../modules/identity/records.ts";
import { verifyAttestation } from "../../../modules/update/attest.ts";
import { ATTESTATION_BYTES_MAX, ATTESTATION_NONCE_BYTES } from "../../../modules/wire/attestation.ts";
import type { CborFields } from "../../../modules/wire/cbor-encode.ts";
import type { CborMap } from "../../../modules/wire/cbor-map.ts";
import type { LineVerbName } from "../../../modules/wire/line-verb.ts";
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
import type { VerbLine, VerbRefusal } from "../verbs.ts";
import { StepFault } from "./cause.ts";
import { type ChipDriver, ChipFault } from "./chip-driver.ts";
import { closesTheChip, type Fuse, fuseName, isEncrypted, purposeOf, standingOf } from "./fuses.ts";
import type { BoardRow, StepFacts } from "./journal-rows.ts";
import type { LineParts } from "./line-parts.ts";
import type { Step } from "./steps.ts";

export interface WorkOptions {
	readonly parts: LineParts;
	readonly driver: ChipDriver;
	readonly burn: boolean;
	/** The firmware's line: opens it where it is not, waiting for the board to start. Rejects with SerialFault. */
	readonly line: () => Promise<VerbLine>;
	/** The port is the driver's: the line is closed. */
	readonly letGo: () => void;
	/** For the operator. */
	readonly warn: (board: BoardRow, text: string) => void;
}

const SERIAL_TRIES = 1_000;
const LATER_MS = 90_000;
const LATER_PAUSE_MS = 500;
const SELF_TEST_PAUSE_MS = 20;

export class BoardWork {
	readonly #options: WorkOptions;
	readonly #crypto = new NobleCrypto();
	/** Of the board in the station; a Noise public key is in it, so it goes with the board. */
	#begun: { readonly board: number; readonly begun: Begun } | undefined;

	constructor(options: WorkOptions) {
		this.#options = options;
	}

	forget(): void {
		this.#begun = undefined;
	}

	/** On record when it resolves. Rejects with StepFault, and with the faults of the line and the driver. */
	async run(id: number, step: Step): Promise<void> {
		const { journal } = this.#options.parts;
		const board = journal.find(id);
		if (board.state !== "open") throw new StepFault("scrapped");
		if (board.next !== step) journal.goBack(id, step);
		try {
			const facts = await this.#perform(board, step);
			if (!journal.finish(id, step, facts)) throw new StepFault("scrapped");
		} catch (error) {
			throw asStepFault(error);
		}
	}

	async #perform(board: BoardRow, step: Step): Promise<StepFacts> {
		const { parts, driver } = this.#options;
		switch (step) {
			case "write":
				parts.journal.begin(board.id);
				this.#options.letGo();
				await driver.write(parts.images);
				return { written: parts.imagesDigest };
			case "start":
				await this.#start();
				return {};
			case "number":
				await this.#number(board);
				return {};
			case "keys":
				parts.journal.begin(board.id);
				return { publicKeyHex: toHex((await this.#begin(board)).request.point) };
			case "sign": {
				parts.journal.begin(board.id);
				const { request } = await this.#begin(board);
				const certificate = await certify(parts.config.pki, parts.issuer, serialOf(board), request);
				return { certificate: new Uint8Array(certificate.rawData) };
			}
			case "trust":
				await deliverBundle(await this.#options.line(), parts.bundle);
				return {};
			case "install":
				await install(await this.#options.line(), this.#chain(board));
				return {};
			case "read-back":
				await this.#readBack(board);
				await this.#prove(board, false);
				return {};
			case "self-test":
				return { selfTest: await this.#selfTest() };
			case "record":
				parts.journal.begin(board.id);
				await this.#record(board);
				return {};
			case "burn":
				return { burned: await this.#burn(board) };
			case "label":
				await this.#label(board);
				return {};
			case "seal":
				parts.journal.begin(board.id);
				await seal(await this.#options.line());
				await this.#prove(board, true);
				return {};
			default:
				return unreachable(step);
		}
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

	/** A serial that is nobody's: not in this journal, not in the registry. */
	async #number(board: BoardRow): Promise<void> {
		const { journal, registry, config } = this.#options.parts;
		for (let tries = 0; tries < SERIAL_TRIES; tries++) {
			const serial = journal.number(board.id, config.serials.prefix, config.serials.digits);
			if ((await registry.find(serial)) === undefined) return;
			journal.loseSerial(board.id);
		}
		throw new StepFault("serial-taken", { detail: `${SERIAL_TRIES} of ${config.serials.prefix} in a row` });
	}

	async #begin(board: BoardRow): Promise<Begun> {
		const known = this.#begun;
		if (known?.board === board.id) return known.begun;
		const line = await this.#options.line();
		const { point } = await identify(line);
		const begun = await begin(line, serialOf(board), this.#options.parts.config.hardwareClass, point);
		if (board.publicKeyHex !== undefined && toHex(begun.request.point) !== board.publicKeyHex)
			throw new StepFault("key-differs");
		this.#begun = { board: board.id, begun };
		return begun;
	}

	#chain(board: BoardRow): readonly Uint8Array[] {
		const above = this.#options.parts.issuer.certificates.map((each) => new Uint8Array(each.rawData));
		return [board.certificate ?? missing("certificate"), ...above];
	}

	async #readBack(board: BoardRow): Promise<void> {
		const answer = await this.#ask("read-back");
		const chain = decodeChain(answer.get(0), LIMITS.ownChainBytes);
		const expected = this.#chain(board);
		const isSame =
			chain?.length === expected.length && chain.every((each, index) => bytesEqual(each, expected[index]!));
		if (!isSame) throw new StepFault("certificate-differs");
	}

	/** It has the key of its certificate, and says so of this serial. */
	async #prove(board: BoardRow, sealed: boolean): Promise<void> {
		const nonce = webcrypto.getRandomValues(new Uint8Array(ATTESTATION_NONCE_BYTES));
		const answer = await this.#ask("attest", { 0: nonce });
		const message = answer.bytes(0, { min: 1, max: ATTESTATION_BYTES_MAX });
		const key = Uint8Array.from(Buffer.from(board.publicKeyHex ?? missing("key"), "hex"));
		const proven = message === undefined ? undefined : verifyAttestation(this.#crypto, key, nonce, message);
		if (!proven?.ok || proven.value.serial !== serialOf(board)) throw new StepFault("proof");
		if (proven.value.sealed !== sealed) throw new StepFault("seal-differs");
	}

	async #selfTest(): Promise<string> {
		const run = webcrypto.getRandomValues(new Uint32Array(1))[0]!;
		const answer = await this.#ask("self-test", { 0: run }, SELF_TEST_PAUSE_MS);
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
		const enrolled = await this.#options.parts.registry.enrol(
			serialOf(board),
			board.publicKeyHex ?? missing("key"),
		);
		if (!enrolled.ok) throw new StepFault("registry-refuses", { detail: enrolled.reason });
	}

	// ---- eFuses ----

	async #burn(board: BoardRow): Promise<"no" | "yes"> {
		const { parts, burn, warn, driver, letGo } = this.#options;
		if (!burn) {
			if (board.burned === "partly")
				throw new StepFault("fuse-differs", { detail: "burning was begun: --burn" });
			warn(board, "NOT BURNED: a development board, open to everybody who has it in hand");
			return "no";
		}
		if (parts.fuses.length > 0) {
			letGo();
			await this.#burnAll(board);
			// It still starts, and is still the same. A chip whose download mode is closed was reset by the asking.
			await driver.run().catch(unlessClosed);
			await this.#options.line();
			await this.#prove(board, false);
		}
		return "yes";
	}

	async #burnAll(board: BoardRow): Promise<void> {
		const { parts, driver } = this.#options;
		const { fuses, config, journal } = parts;
		const on = journal.fuses(board.id);
		for (const fuse of fuses) {
			const name = fuseName(fuse);
			if (on.some((row) => row.fuse === name && row.state === "burned")) continue;
			const closes = closesTheChip(config.chip.kind, fuse);
			const begun = on.some((row) => row.fuse === name);
			if (closes && begun && (await this.#isClosed())) {
				journal.burned(board.id, name);
				continue;
			}
			const reading = await driver.readFuses();
			if (config.demandEncryption && isEncrypted(config.chip.kind, reading) !== true)
				throw new StepFault("not-encrypted");
			await this.#burnOne(board, fuse, reading);
			if (!closes && standingOf(fuse, await driver.readFuses()) !== "burned")
				throw new StepFault("fuse-differs", { detail: `${name} does not read as burned` });
			journal.burned(board.id, name);
		}
	}

	async #burnOne(board: BoardRow, fuse: Fuse, reading: ReadonlyMap<string, string>): Promise<void> {
		const { driver, parts } = this.#options;
		const name = fuseName(fuse);
		const value = fuse.kind === "field" ? String(fuse.value) : `${fuse.purpose} ${fuse.hex}`;
		const standing = standingOf(fuse, reading);
		if (standing === "differs" || standing === "unknown")
			throw new StepFault("fuse-differs", { detail: `${name} ${standing}` });
		parts.journal.beginFuse(board.id, name, value, reading.get(name) ?? "");
		if (standing === "blank") await driver.burn(fuse);
		else if (standing === "no-purpose" && fuse.kind === "digest") await driver.burn(purposeOf(fuse));
	}

	/** What closes the chip can be seen only by that: the programmer gets no answer, the firmware gives one. */
	async #isClosed(): Promise<boolean> {
		try {
			await this.#options.driver.readFuses();
			return false;
		} catch (error) {
			unlessClosed(error);
		}
		await this.#options.line();
		this.#options.letGo();
		return true;
	}

	async #label(board: BoardRow): Promise<void> {
		const { parts, warn, line } = this.#options;
		if (board.labelled && parts.config.labels.printer !== undefined)
			warn(board, "a label may have been printed before: destroy the second one");
		const { noisePublicKey } = await this.#begin(board);
		const code = await requestLabel(await line(), serialOf(board), noisePublicKey);
		parts.journal.beginLabel(board.id);
		await parts.labels.put(code, serialOf(board));
	}

	/** Asks again for as long as the board says `later`. */
	async #ask(verb: LineVerbName, fields?: CborFields, pauseMs: number = LATER_PAUSE_MS): Promise<CborMap> {
		const deadline = performance.now() + LATER_MS;
		for (;;) {
			const answer = await (await this.#options.line()).call(verb, fields);
			if (answer.ok) return answer.value;
			if (answer.reason !== "later" || performance.now() > deadline) throw refusedBy(verb, answer.reason);
			await new Promise((resolve) => setTimeout(resolve, pauseMs));
		}
	}
}

function unlessClosed(error: unknown): void {
	const isClosed = error instanceof ChipFault && (error.code === "secured" || error.code === "lost");
	if (!isClosed) throw error;
}

function serialOf(board: BoardRow): string {
	return board.serial ?? missing("serial");
}

function missing(what: string): never {
	throw new Error(`the journal has no ${what} where there must be one`);
}

function refusedBy(verb: string, reason: VerbRefusal): StepFault {
	if (reason === "storage" || reason === "later")
		return new StepFault("storage", { transient: true, detail: verb });
	return new StepFault("board-refuses", { detail: `${verb}: ${reason}` });
}

/** Of the shared steps and of others' code, what it means for this board; anything else goes on as it is. */
function asStepFault(error: unknown): unknown {
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

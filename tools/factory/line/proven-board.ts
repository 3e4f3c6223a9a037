/**
 * The proof that the firmware at the line is that of the board on record: by its key, where it has one, else by its chip, which was
 * asked in its loader and started for this. What binds a board, drives its outputs or ends its verbs takes one, so that it
 * cannot be forgotten; each serves one act.
 */
import { webcrypto } from "node:crypto";
import { assert } from "../../../modules/base/assert.ts";
import { verifyAttestation } from "../../../modules/update/attest.ts";
import { ATTESTATION_BYTES_MAX, ATTESTATION_NONCE_BYTES } from "../../../modules/wire/attestation.ts";
import type { NobleCrypto } from "../../crypto/noble.ts";
import { identify } from "../board-steps.ts";
import type { VerbLine } from "../verbs.ts";
import { StepFault } from "./cause.ts";
import type { ChipDriver } from "./chip-driver.ts";
import type { Fuse } from "./fuses.ts";
import type { BoardRow } from "./journal-rows.ts";
import { askPatiently } from "./patient-verb.ts";
import { ProvenChip } from "./proven-chip.ts";

export class ProvenBoard {
	readonly #line: VerbLine;
	#spent = false;

	private constructor(line: VerbLine) {
		this.#line = line;
	}

	/** It has the key of its certificate, and says so of this serial and this seal, over a nonce of now. */
	static async byKey(
		line: VerbLine,
		crypto: NobleCrypto,
		{ serial, publicKeyHex }: BoardRow,
		sealed: boolean,
	): Promise<ProvenBoard> {
		if (serial === undefined || publicKeyHex === undefined)
			throw new Error("the journal has no serial or key where there must be one");
		const nonce = webcrypto.getRandomValues(new Uint8Array(ATTESTATION_NONCE_BYTES));
		const answer = await askPatiently(line, "attest", { 0: nonce });
		const message = answer.bytes(0, { min: 1, max: ATTESTATION_BYTES_MAX });
		const key = Uint8Array.from(Buffer.from(publicKeyHex, "hex"));
		const proven = message === undefined ? undefined : verifyAttestation(crypto, key, nonce, message);
		if (!proven?.ok || proven.value.serial !== serial) throw new StepFault("proof");
		if (proven.value.sealed !== sealed) throw new StepFault("seal-differs");
		return new ProvenBoard(line);
	}

	/** It has no key yet. `start`: the firmware's line, once it answers. */
	static async byChip(
		driver: ChipDriver,
		record: BoardRow,
		plan: readonly Fuse[],
		start: () => Promise<VerbLine>,
	): Promise<ProvenBoard> {
		ProvenChip.prove(await driver.look(), record, plan);
		await driver.run();
		const line = await start();
		// Another board since the reset; a blank one would be found when its chip is asked again, to be closed.
		const { serial } = await identify(line);
		if (serial !== undefined && serial !== record.serial)
			throw new StepFault("chip-swapped", { transient: true, detail: serial });
		return new ProvenBoard(line);
	}

	/** For the one act. */
	spend(): VerbLine {
		assert(!this.#spent, "a proof of a board serves once");
		this.#spent = true;
		return this.#line;
	}
}

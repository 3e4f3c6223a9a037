/** Why a board did not go on: a closed list, so that failures can be counted, with a sentence for the person at the line. */

export const CAUSES = Object.freeze({
	"line-lost": "its serial line went away",
	"no-answer": "its firmware does not answer",
	"chip-lost": "the chip does not answer, or went away",
	"chip-failed": "the programmer refuses or failed",
	"chip-other": "it is another kind of chip, or has another size of flash",
	"chip-swapped": "another board is at the port than the one that was being worked on",
	"chip-closed": "its download mode is closed, and the line did not do that yet",
	"not-blank": "this journal does not know it, and its flash is not blank: latchkey factory admit lets it in",
	"firmware-other": "it runs another firmware than the one that was written",
	"foreign-board": "it was begun somewhere else: this journal does not know it",
	"key-differs": "it has this serial and another key than the one on record",
	"seal-differs": "it is sealed and the journal did not do it, or the other way round",
	silent: "its keys are on record and it does not answer any more",
	scrapped: "it was scrapped",
	taken: "another tool, or another station, went on with it",
	"serial-taken": "the registry has its serial with another key",
	"board-refuses": "the board refuses what the line asks",
	"request-refused": "its certificate request is not a board's own",
	"certificate-differs": "the certificate that it gives back is not the one it got",
	proof: "it does not prove that it has its certificate's key",
	storage: "its flash refuses, or it is busy",
	"self-test-random": "self-test: random numbers",
	"self-test-flash": "self-test: flash",
	"self-test-pins": "self-test: pins",
	"self-test-radio": "self-test: radio",
	"registry-refuses": "the registry refuses it",
	"fuse-differs": "an eFuse is burned with another value than the plan's",
	"fuse-burned": "an eFuse is burned that nobody was to burn yet",
	"not-burned": "it has its keys and no burned eFuses: scrap it for rework, or finish it without --burn",
	"not-encrypted": "its flash is not encrypted, and the plan demands it",
	issuer: "the issuer's key cannot sign",
	printer: "the label was not printed",
} as const);
export type Cause = keyof typeof CAUSES;

/** One board, one step: the line goes on with the others. */
export class StepFault extends Error {
	readonly failure: Cause;
	/** It may pass by itself: the same board is looked at again. */
	readonly transient: boolean;

	constructor(failure: Cause, options: { readonly transient?: boolean; readonly detail?: string } = {}) {
		super(options.detail === undefined ? CAUSES[failure] : `${CAUSES[failure]}: ${options.detail}`);
		this.name = "StepFault";
		this.failure = failure;
		this.transient = options.transient ?? false;
	}
}
